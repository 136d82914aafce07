/** How is a plan made, kept and found again? One look at every region, and a document named by its digest. */
import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { Context } from '@temporalio/activity';
import type { Cloud, Discovery } from '../aws/ports';
import type { PlanDocument, PlannedResource } from '../contracts/inventory';
import type { CleanupPlan } from '../contracts/messages';
import { PLAN_DIGITS } from '../contracts/names';
import { foldCells, unlisted } from '../policy/certificate';
import { canonicalPlan, planned, plannedKey, planSummary } from '../policy/cleanup-plan';
import type { ResultStore } from '../results/port';
import { beating } from './beating';
import { invalidInput } from './failure';
import { assertTarget, type Target } from './target';

export interface PlanInput {
  target: Target;
  experimentId: string;
  regions: string[];
  everyRegion: boolean;
  /** Why the regions could not be listed. */
  regionsUnreadable?: string;
}

/** Looks at a region before a source that keeps failing counts as unreadable. */
const LOOK_TRIES = 4;
/** EC2's read bucket refills in five seconds. */
const UNREAD_PAUSE_MS = 2000;
/** Regions read at once: a look is about 20 calls, and a worker has better use for hundreds of connections. */
const REGIONS_AT_ONCE = 6;

export function createPlanActivities({ cloud, results }: { cloud: Cloud; results: ResultStore }) {
  return {
    /** Looks at every region without changing anything, and keeps what a cleanup would do, named by its digest. */
    async planCleanup(input: PlanInput): Promise<CleanupPlan> {
      await assertTarget(cloud, input.target);
      return beating(async () => {
        const plan = await draft(cloud, input);
        const text = `${JSON.stringify(plan, undefined, 2)}\n`;
        return planSummary(plan, await results.put(input.experimentId, nameOf(plan.digest), text));
      });
    },
  };
}

async function draft(cloud: Cloud, input: PlanInput): Promise<PlanDocument> {
  const { target, experimentId, regions, everyRegion, regionsUnreadable } = input;
  const { cancellationSignal: signal } = Context.current();
  const plan = { experimentId, ...target, regions, everyRegion, resources: [] as PlanDocument['resources'] };
  let cells = regionsUnreadable === undefined ? {} : unlisted(regionsUnreadable, new Date().toISOString());
  const waiting = [...regions];
  const lane = async (): Promise<void> => {
    for (let region = waiting.shift(); region !== undefined; region = waiting.shift()) {
      const found = await readRegion(cloud, experimentId, region, signal);
      cells = foldCells(cells, region, found.sources, new Date().toISOString());
      plan.resources.push(...found.resources.filter((one) => one.state !== 'gone').map(planned));
    }
  };
  await Promise.all(Array.from({ length: REGIONS_AT_ONCE }, lane));
  const digest = createHash('sha256').update(canonicalPlan(plan)).digest('hex');
  return { format: 'holdfast.plan/1', digest, ...plan, cells: Object.values(cells), madeAt: new Date().toISOString() };
}

async function readRegion(cloud: Cloud, experimentId: string, region: string, signal: AbortSignal): Promise<Discovery> {
  for (let tries = 1; ; tries += 1) {
    const found = await cloud.inventory(region).discover(experimentId, { depth: 'full', signal });
    if (tries === LOOK_TRIES || !found.sources.some((source) => source.transient === true)) return found;
    await pause(UNREAD_PAUSE_MS, undefined, { signal });
  }
}

function nameOf(digest: string): string {
  return `plans/${digest.slice(0, PLAN_DIGITS)}.json`;
}

/** A plan that is kept, with its resources by region, type and id. */
export interface KeptPlan extends PlanDocument {
  byKey: ReadonlyMap<string, PlannedResource>;
}

/** Finds plans. A plan never changes, so the last one stays in memory: every batch of its deletions asks for it. */
export interface PlanKeeper {
  /** The plan of a digest or of its beginning; `InvalidInput` when there is none. */
  named(experimentId: string, digest: string): Promise<KeptPlan>;
  /** The plan that an input carries out; undefined for one that carries out none. */
  of(input: { experimentId: string; plan?: string }): Promise<KeptPlan | undefined>;
}

export function planKeeper(results: ResultStore): PlanKeeper {
  let last: KeptPlan | undefined;
  const named = async (experimentId: string, digest: string): Promise<KeptPlan> => {
    if (last?.experimentId === experimentId && last.digest === digest) return last;
    const text = await results.get(experimentId, nameOf(digest));
    const plan = text === undefined ? undefined : (JSON.parse(text) as PlanDocument);
    if (plan?.experimentId !== experimentId || !plan.digest.startsWith(digest)) {
      throw invalidInput([`apply: no plan ${digest} of ${experimentId} is kept here; make one with plan: true`]);
    }
    last = { ...plan, byKey: new Map(plan.resources.map((one) => [plannedKey(one), one])) };
    return last;
  };
  return {
    named,
    of: ({ experimentId, plan }) => (plan === undefined ? Promise.resolve(undefined) : named(experimentId, plan)),
  };
}
