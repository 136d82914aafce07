/** What happens to the nodes of a region? One look for all experiments, repeated until there is something to tell. */
import { Context } from '@temporalio/activity';
import type { Cloud, ComputePort } from '../aws/ports';
import { sentinelWorkflowId, TAG } from '../contracts/names';
import { watch, type Look, type News, type Watch } from '../policy/watch';
import { dueSources, nextLookMs, WATCH_SOURCES, type WatchSource } from '../policy/watch-pace';
import { parseWith } from '../schemas/parse';
import { sentinelSchema, type SentinelIntervals } from '../schemas/sentinel';
import { beating } from './beating';
import { invalidInput, notReady } from './failure';
import { assertTarget, type Target } from './target';
import type { TemporalPort } from './temporal-port';

/** What a sentinel watches, and how often. */
export interface SentinelPlan {
  target: Target;
  installation: string;
  region: string;
  /** In seconds. */
  every: SentinelIntervals;
  /** Looks with news after which it continues as new; absent: when the server suggests it. */
  newsPerRun?: number;
}

/** What the next look builds on; it travels in the heartbeat from try to try, and in the result from look to look. */
export interface WatchCarry extends Watch {
  /** Epoch milliseconds of the last look at each source. */
  lookedAt: Partial<Record<WatchSource, number>>;
  /** Nodes whose agent answered last time. */
  agents: string[];
  /** Epoch milliseconds since which no living node was found. */
  emptySince?: number;
}

export interface WatchReply {
  carry: WatchCarry;
  news: News[];
  /** Nothing of the installation has lived for a while. */
  idle: boolean;
}

export interface EnsureSentinelInput {
  target: Target;
  regions: string[];
  /** Between two checks that it still runs, in milliseconds. */
  pollMs: number;
  /** Given to a sentinel that has to be started; its own defaults when absent. */
  every?: Partial<Record<keyof SentinelIntervals, number | string>>;
}

interface SentinelPorts {
  cloud: Cloud;
  temporal: TemporalPort;
  installation: string;
}

export function createSentinelActivities({ cloud, temporal, installation }: SentinelPorts) {
  return {
    /** Parses and defaults the input of `sentinel`; `InvalidInput` has one line per mistake. */
    async admitSentinel(input: unknown): Promise<SentinelPlan> {
      const parsed = parseWith(sentinelSchema, input);
      if (!parsed.ok) throw invalidInput(parsed.problems);
      const { region, every, target, newsPerRun } = parsed.value;
      if (target !== undefined) await assertTarget(cloud, target);
      const length = newsPerRun === undefined ? {} : { newsPerRun };
      return { region, every, installation, target: target ?? (await cloud.identity()), ...length };
    },

    /**
     * Looks at whatever is due. Returns what owners have to be told, or that nothing lives any more; otherwise throws
     * `NotReady`. A source that cannot be read is named there and read again at its own pace; the others go on.
     */
    async watchRegion({ carry, ...plan }: SentinelPlan & { carry?: WatchCarry }): Promise<WatchReply> {
      await assertTarget(cloud, plan.target);
      const context = Context.current();
      const before = (context.info.heartbeatDetails as WatchCarry | undefined) ?? carry ?? nothingYet();
      const { next, news, unread } = await beating(
        () => lookOnce(cloud, plan, before),
        () => before,
      );
      const now = Date.now();
      const idle = next.emptySince !== undefined && now - next.emptySince >= plan.every.idle * 1000;
      if (news.length > 0 || idle) return { carry: next, news, idle };
      context.heartbeat(next);
      throw notReady(summary(next, unread), nextLookMs(next.lookedAt, plan.every, now));
    },

    /**
     * Sees to it that the sentinels of the regions run for as long as this is not cancelled: it throws `NotReady`
     * after every check and never returns, so that a sentinel that was ended is back within `pollMs`.
     */
    async ensureSentinel({ target, regions, pollMs, every }: EnsureSentinelInput): Promise<never> {
      await assertTarget(cloud, target);
      for (const region of regions) {
        const input = { region, target, ...(every === undefined ? {} : { every }) };
        await temporal.ensureWorkflow('sentinel', sentinelWorkflowId(target, region), input);
      }
      throw notReady(`sentinel runs in ${regions.join(', ')}`, pollMs);
    },
  };
}

export type SentinelActivities = ReturnType<typeof createSentinelActivities>;

function nothingYet(): WatchCarry {
  return { nodes: {}, known: [], lookedAt: {}, agents: [] };
}

interface Looked {
  next: WatchCarry;
  news: News[];
  /** Why a source could not be read, one line each. */
  unread: string[];
}

async function lookOnce(cloud: Cloud, plan: SentinelPlan, before: WatchCarry): Promise<Looked> {
  const startedMs = Date.now();
  const at = new Date(startedMs).toISOString();
  const due = dueSources(before.lookedAt, plan.every, startedMs);
  const { look, online, unread } = await ask(cloud, plan, before, due, at);
  const folded = watch(before, look);
  const lookedAt = { ...before.lookedAt, ...Object.fromEntries(due.map((source) => [source, startedMs])) };
  const isSilent = online !== undefined && before.agents.some((id) => id in folded.watch.nodes && !online.includes(id));
  // A silent agent proves nothing; the sources that do are asked at once.
  if (isSilent) for (const source of ['instances', 'status'] as const) Reflect.deleteProperty(lookedAt, source);
  const next: WatchCarry = { ...folded.watch, lookedAt, agents: online ?? before.agents };
  const emptySince = emptiness(before, look, startedMs);
  if (Object.keys(next.nodes).length === 0 && emptySince !== undefined) next.emptySince = emptySince;
  return { next, news: folded.news, unread };
}

/** A discovery that could not be read says nothing about emptiness. */
function emptiness(before: WatchCarry, look: Look, nowMs: number): number | undefined {
  return before.emptySince ?? (look.found === undefined ? undefined : nowMs);
}

/** Asks all sources that are due beside each other; discovery first, since the others ask for what it found. */
async function ask(
  cloud: Cloud,
  { region, installation }: SentinelPlan,
  before: WatchCarry,
  due: WatchSource[],
  at: string,
): Promise<{ look: Look; online?: string[]; unread: string[] }> {
  const { cancellationSignal: signal } = Context.current();
  const compute = cloud.compute(region);
  const look: Look = { region, at };
  const unread: string[] = [];
  const read = async (source: WatchSource, question: () => Promise<void>, isUrgent = false): Promise<void> => {
    if (!due.includes(source) && !isUrgent) return;
    await question().catch((error: unknown) => {
      if (signal.aborted) throw error;
      unread.push(`${source} unreadable: ${error instanceof Error ? error.message : String(error)}`);
    });
  };
  await read('discovery', async () => {
    // The first look of all: what ended while nobody watched is news as well.
    const withEnded = before.lookedAt.discovery === undefined;
    look.found = await discover(compute, installation, { signal, withEnded });
  });
  const ids = [...new Set([...Object.keys(before.nodes), ...(look.found ?? []).map((one) => one.instanceId)])];
  // A node that is new may have had its notice already.
  const hasNew = ids.some((id) => !(id in before.nodes));
  let online: string[] | undefined;
  if (ids.length > 0) {
    await Promise.all([
      read(
        'spot',
        async () => {
          look.spot = await compute.spotStatuses(ids, { signal });
        },
        hasNew,
      ),
      read('instances', async () => {
        look.instances = { asked: ids, seen: await compute.instances(ids, { signal }) };
      }),
      read('status', async () => {
        look.troubles = await compute.troubles({ signal });
      }),
      read('agents', async () => {
        online = (await cloud.commands(region).online(ids, { signal })).map((agent) => agent.instanceId);
      }),
    ]);
  }
  return { look, unread, ...(online === undefined ? {} : { online }) };
}

type Found = NonNullable<Look['found']>;

async function discover(
  compute: ComputePort,
  installation: string,
  call: { signal: AbortSignal; withEnded: boolean },
): Promise<Found> {
  const views = await compute.ofInstallation(installation, call);
  return views.flatMap(({ instanceId, tags }) => {
    const owner = tags[TAG.experimentId];
    return owner === undefined ? [] : [{ instanceId, owner }];
  });
}

/** Short: it is what the run page shows of the pending activity. */
function summary({ nodes }: WatchCarry, unread: string[]): string {
  const owners = new Set(Object.values(nodes).map((node) => node.owner));
  const watched = `watching ${String(Object.keys(nodes).length)} nodes of ${String(owners.size)} experiments`;
  return [watched, ...unread.map((line) => line.slice(0, 300))].slice(0, WATCH_SOURCES.length + 1).join('; ');
}
