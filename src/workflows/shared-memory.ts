/** How does a run use the memory that all experiments of a region share? It reads before it asks, and tells after. */
import type { Pool, PoolMemory, Refusal } from '../contracts/capacity';
import type { OpenRequests } from '../policy/open-requests';
import { emptyMemory, mergeMemories, newsOf, recordNews } from '../policy/pool-memory';
import { answers } from './activity-proxies';
import { causeOf, wasCancelled } from './failure';
import type { Chain, Looking, Provisioning } from './fill';

/** What a run knows of pools. */
export interface Knowledge {
  /** What this run saw itself. */
  own: PoolMemory;
  /** By region: what all knew when it was last read, and what this run saw since. */
  shared: Record<string, PoolMemory>;
  /** By region: pools that others were asking when it was last read. */
  open: Record<string, OpenRequests>;
  /** Regions whose memory did not answer last time. */
  alone: string[];
  /** Components that plan at the same time share one reading; empty at rest. */
  reading: Record<string, Promise<void>>;
}

export function newKnowledge(): Knowledge {
  return { own: emptyMemory(), shared: {}, open: {}, alone: [], reading: {} };
}

/** Everything that is known of a region's pools. */
export function memoryOf({ own, shared }: Knowledge, region: string): PoolMemory {
  return mergeMemories(own, shared[region] ?? emptyMemory());
}

/** Brings the shared part up to date; goes on with what is known when it does not answer. */
export async function readShared(run: Looking, { knowledge }: Pick<Chain, 'knowledge'>, region: string): Promise<void> {
  const reading = (knowledge.reading[region] ??= read(run, knowledge, region));
  await reading;
}

async function read(run: Looking, knowledge: Knowledge, region: string): Promise<void> {
  try {
    const summary = `what is known of pools in ${region}`;
    const { blocks, open } = await answers.readCapacity.executeWithOptions({ summary }, [
      { target: run.target, region },
    ]);
    knowledge.shared[region] = { blocks };
    knowledge.open[region] = open;
    reached(run, knowledge, region);
  } catch (error) {
    unreached(run, knowledge, region, error);
  } finally {
    const others = Object.entries(knowledge.reading).filter(([other]) => other !== region);
    knowledge.reading = Object.fromEntries(others);
  }
}

/** Records what one reply, or the end of nodes, taught, and tells the others once, with the pools that are asked next. */
export async function learn(
  run: Provisioning,
  { knowledge, surveys }: Chain,
  region: string,
  { came, refusals }: { came: Pool[]; refusals: Refusal[] },
  next: () => string[] = () => [],
): Promise<void> {
  const families = new Map(surveys[region]?.offers.map((offer) => [offer.instanceType, offer.quotaFamily]));
  const { experimentId } = run.ownership;
  const news = newsOf(experimentId, came, refusals, (type) => families.get(type) ?? type, Date.now());
  if (news.came.length + news.refused.length === 0) return;
  knowledge.own = recordNews(knowledge.own, news);
  knowledge.shared[region] = recordNews(knowledge.shared[region] ?? emptyMemory(), news);
  const summary = `tell: ${String(news.came.length)} pools gave, ${String(news.refused.length)} refused`;
  try {
    await answers.tellCapacity.executeWithOptions({ summary }, [
      { target: run.target, region, news: { ...news, asks: next() } },
    ]);
  } catch (error) {
    unreached(run, knowledge, region, error);
  }
}

/** Only an answer shows it: Temporal takes messages for a workflow that no worker serves. */
function reached(run: Looking, knowledge: Knowledge, region: string): void {
  if (!knowledge.alone.includes(region)) return;
  knowledge.alone = knowledge.alone.filter((other) => other !== region);
  run.onEvent(`the capacity memory of ${region} answers again`);
}

/** Said once, not with every request. */
function unreached(run: Looking, knowledge: Knowledge, region: string, error: unknown): void {
  if (wasCancelled(error)) throw error;
  if (knowledge.alone.includes(region)) return;
  knowledge.alone.push(region);
  const { message } = causeOf(error);
  run.onEvent(`the capacity memory of ${region} does not answer (${message}); going on with what this run saw itself`);
}
