/** What does cleanup do to AWS? It looks, asks for deletions, and looks until something is gone. */
import { Context } from '@temporalio/activity';
import type { Cloud, Discovery, DiscoverySource, InventoryPort } from '../aws/ports';
import { Failure } from '../contracts/failures';
import type {
  IdsByType,
  PlanDocument,
  Removal,
  ResourceRef,
  SeenResource,
  TaggedResource,
} from '../contracts/inventory';
import { isOwned } from '../contracts/names';
import { changedSince, misplaced, plannedKey } from '../policy/cleanup-plan';
import { endingFirst, endingNow, foldSeen, readyToDelete, type Entry } from '../policy/deletion';
import { pack, partAfter, refsOf, unpack, type Sightings } from '../policy/sightings';
import type { ResultStore } from '../results/port';
import { cleanupSchema } from '../schemas/cleanup';
import { parseWith } from '../schemas/parse';
import { closest } from '../schemas/suggest';
import { beating } from './beating';
import { createCertificateActivities } from './certificate';
import { createPlanActivities, planKeeper, type KeptPlan } from './cleanup-plan';
import { invalidInput, notReady } from './failure';
import { assertTarget, type Target } from './target';

/** What the workflow may build on. */
export interface CleanupAdmission {
  target: Target;
  experimentId: string;
  regions: string[];
  /** Why the regions could not be listed; then `regions` is empty and nothing can be proven. */
  regionsUnreadable?: string;
  /** No regions were named. */
  everyRegion: boolean;
  /** Only a plan is wanted. */
  plan: boolean;
  /** The whole digest of the plan to carry out. */
  apply?: string;
  maxResources?: number;
  settleSeconds: number;
  limitSeconds: number;
  recheckSeconds: number;
  /** Only a later look is wanted. */
  recheck?: { afterSeconds?: number | undefined; certificate?: string | undefined };
  eventsPerRun?: number;
}

interface InRegion {
  target: Target;
  experimentId: string;
  region: string;
}

export interface DiscoverInput extends InRegion {
  depth: 'full' | 'index';
  /** Every id ever seen in the region. */
  seen: IdsByType;
  /** Key after which the answer goes on, when it did not fit into one. */
  after?: string;
  /** Digest of the plan that is carried out. */
  plan?: string;
}

export interface DiscoverReply {
  found: Sightings;
  sources: DiscoverySource[];
  at: string;
  /** Ask again after this key: there is more than fits into one answer. */
  next?: string;
  /** How what the plan names differs from what it says, one line each. */
  changes: string[];
}

export interface RemoveInput extends InRegion {
  type: string;
  ids: string[];
  /** Digest of the plan that is carried out: nothing that it does not name is deleted. */
  plan?: string;
}

export interface RemoveReply {
  removals: Removal[];
  at: string;
}

export interface ObserveRemainingInput extends InRegion {
  /** What is going away, and what waits for that alone. */
  entries: Sightings<Entry>;
  /** ISO time after which it answers with whatever it sees. */
  deadline: string;
}

export interface ObserveReply {
  /** What is not as it was. */
  found: Sightings;
  at: string;
}

/** Tries of a look before a source that keeps failing counts as unreadable and the rest goes on. */
const LOOK_TRIES = 4;
/**
 * Between two looks, a share of the time since the deletions: what takes a second is seen to have gone at once, what
 * takes minutes is not asked for all the time, and an end is noticed late by no more than that share.
 */
const LOOK_SHARE = 0.15;
const SHORTEST_LOOK_MS = 250;
const LONGEST_LOOK_MS = 5000;
/** Changes are reported at least this often, so that the run page moves. */
const REPORT_MS = 10_000;

export function createCleanupActivities({ cloud, results }: { cloud: Cloud; results: ResultStore }) {
  const plans = planKeeper(results);
  return {
    ...createCertificateActivities({ results }),
    ...createPlanActivities({ cloud, results }),

    /** Parses and defaults the input of `cleanup`, and says whose account this is; `InvalidInput` has one line per mistake. */
    async admitCleanup(input: unknown): Promise<CleanupAdmission> {
      const parsed = parseWith(cleanupSchema, input);
      if (!parsed.ok) throw invalidInput(parsed.problems);
      const { target, regions, apply, ...rest } = definedOf(parsed.value);
      return beating(async () => {
        const plan = apply === undefined ? undefined : await plans.named(rest.experimentId, apply);
        if (target !== undefined) await assertTarget(cloud, target);
        const here = target ?? (await cloud.identity());
        const admission = { ...rest, target: here, everyRegion: regions === undefined };
        if (plan === undefined) return { ...admission, ...(await regionsOf(cloud, regions)) };
        await refuseMisplaced(cloud, plan, { ...here, ...(regions === undefined ? {} : { wanted: regions }) });
        return { ...admission, apply: plan.digest, regions: plan.regions };
      });
    },

    /** One look at a region. What cannot be read is said in `sources`, after a few tries where trying may help. */
    async discoverResources(input: DiscoverInput): Promise<DiscoverReply> {
      const inventory = await inventoryOf(cloud, input);
      const { cancellationSignal: signal, info } = Context.current();
      const at = now();
      const plan = await plans.of(input);
      const seen = refsOf(input.seen);
      const looked = { depth: input.depth, seen: [...seen, ...unseen(plan, seen, input.region)], signal };
      const found = await beating(() => inventory.discover(input.experimentId, looked));
      const failing = found.sources.find((source) => source.transient === true);
      if (failing !== undefined && info.attempt < LOOK_TRIES) throw unread(failing, input.region);
      const { part, next } = partAfter(
        found.resources.map((one) => carriedOf(one, plan, input.experimentId)),
        input.after,
      );
      const reply = { found: pack(part), sources: found.sources, at, changes: changesOf(found.resources, plan) };
      return next === undefined ? reply : { ...reply, next };
    },

    /**
     * Asks for the deletion of one batch. Looks at each id first: what lost its tags meanwhile, or is not what the
     * plan says, is refused, and what an earlier try with a lost reply already deleted is not asked for again.
     */
    async removeResources(input: RemoveInput): Promise<RemoveReply> {
      const inventory = await inventoryOf(cloud, input);
      const plan = await plans.of(input);
      const refs = input.ids.map((id) => ({ type: input.type, id }));
      const removals = await beating(() => removeOwned(inventory, input.experimentId, refs, plan));
      return { removals, at: now() };
    },

    /**
     * Looks once at what is on its way out. Returns when something else became ready, nothing is ending any more, or
     * the deadline passed; otherwise throws `NotReady`, so that waiting costs neither a slot nor history.
     */
    async observeRemaining(input: ObserveRemainingInput): Promise<ObserveReply> {
      const inventory = await inventoryOf(cloud, input);
      const { cancellationSignal: signal, info } = Context.current();
      const at = now();
      const entries = unpack<Entry>(input.region, input.entries, at);
      const before = Object.fromEntries(entries.map((one) => [plannedKey(one), one]));
      const watched = endingNow(before);
      const look = async (refs: Entry[]): Promise<SeenResource[]> =>
        (await beating(() => inventory.describe(refs, { signal }))).map((one) => stripped(one, before));
      const owners = endingFirst(before);
      const ended = await look(owners);
      const freed = endingFirst(foldSeen(before, ended, at)).filter((one) => !owners.some(({ id }) => id === one.id));
      const resources = [...ended, ...(await look(freed))];
      const found = pack(resources.filter((one) => differs(one, before[plannedKey(one)])));
      const after = foldSeen(before, resources, at);
      const waitedMs = Date.now() - info.scheduledTimestampMs;
      const going = endingNow(after);
      const changed = going.length < watched.length;
      const leftMs = Date.parse(input.deadline) - Date.now();
      if (going.length === 0 || leftMs <= 0 || (changed && waitedMs >= REPORT_MS)) return { found, at };
      if (readyToDelete(after, Date.now()).length > readyToDelete(before, Date.now()).length) return { found, at };
      throw notReady(stillThere(going, input.region), Math.min(pauseMs(going, info.scheduledTimestampMs), leftMs));
    },
  };
}

export type CleanupActivities = ReturnType<typeof createCleanupActivities>;

function now(): string {
  return new Date().toISOString();
}

async function inventoryOf(cloud: Cloud, { target, region }: InRegion): Promise<InventoryPort> {
  await assertTarget(cloud, target);
  return cloud.inventory(region);
}

/** The wanted regions, or all that are enabled. A wanted region that the account does not have is a wrong input. */
async function regionsOf(cloud: Cloud, wanted?: string[]): Promise<{ regions: string[]; regionsUnreadable?: string }> {
  try {
    const enabled = await cloud.regions();
    const problems = (wanted ?? []).flatMap((name, index) => regionProblem(name, index, enabled));
    if (problems.length > 0) throw invalidInput(problems);
    return { regions: [...new Set(wanted ?? enabled)] };
  } catch (error) {
    if (!(error instanceof Failure) || error.type !== 'NotAuthorized') throw error;
    return wanted === undefined ? { regions: [], regionsUnreadable: error.message } : { regions: [...new Set(wanted)] };
  }
}

function regionProblem(name: string, index: number, enabled: string[]): string[] {
  if (enabled.includes(name)) return [];
  const near = closest(name, enabled);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return [`regions.${String(index)}: is no enabled region of this account: ${name}${hint}`];
}

function unread(source: Discovery['sources'][number], region: string): Failure {
  return new Failure('ServiceUnavailable', `${source.api} in ${region}: ${source.unreadable ?? ''}`, {
    api: source.api,
  });
}

/** Absent instead of undefined, as exact optional properties want it. */
function definedOf<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const defined = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(defined) as { [K in keyof T]: Exclude<T[K], undefined> };
}

async function refuseMisplaced(cloud: Cloud, plan: PlanDocument, here: Target & { wanted?: string[] }): Promise<void> {
  const problems = misplaced(plan, { ...here, enabled: await cloud.regions() });
  if (problems.length > 0) throw new Failure('PlanRefused', problems.join('\n'));
}

/** What the plan names and no look has shown yet: it is to be accounted for as well. */
function unseen(plan: KeptPlan | undefined, seen: ResourceRef[], region: string): ResourceRef[] {
  const known = new Set(seen.map((one) => `${one.type}/${one.id}`));
  return (plan?.resources ?? []).filter((one) => one.region === region && !known.has(`${one.type}/${one.id}`));
}

/** Without tags and price; what came after the plan is marked. An untagged child ends with its owner, planned or not. */
function carriedOf(
  { tags, bills: _bills, ...rest }: TaggedResource,
  plan: KeptPlan | undefined,
  experimentId: string,
): SeenResource {
  const isNew = plan !== undefined && isOwned(tags, experimentId) && !plan.byKey.has(plannedKey(rest));
  return isNew ? { ...rest, unplanned: true } : rest;
}

function changesOf(found: TaggedResource[], plan: KeptPlan | undefined): string[] {
  if (plan === undefined) return [];
  return found.flatMap((one) => {
    const before = plan.byKey.get(plannedKey(one));
    return before === undefined ? [] : (changedSince(before, one) ?? []);
  });
}

function differs(now: SeenResource, before: Entry | undefined): boolean {
  return now.state !== before?.state || now.seen !== before.seen || now.diesWith !== before.diesWith;
}

/** A Describe of the id alone knows the state; who holds what was found out by the last discovery. */
function stripped(seen: TaggedResource, before: Record<string, Entry>): SeenResource {
  const known = before[plannedKey(seen)];
  const { state, seen: word } = seen;
  const { region, type, id } = seen;
  const neededBy = known?.neededBy ?? seen.neededBy;
  const { protectedBy, holders, diesWith } = known ?? seen;
  return {
    region,
    type,
    id,
    state,
    seen: word,
    neededBy,
    ...(protectedBy === undefined ? {} : { protectedBy }),
    ...(holders === undefined ? {} : { holders }),
    // Without its attachment a volume does not end with the instance any more, and has to be deleted.
    ...(diesWith === undefined || seen.diesWith === undefined ? {} : { diesWith }),
  };
}

async function removeOwned(
  inventory: InventoryPort,
  experimentId: string,
  refs: ResourceRef[],
  plan: KeptPlan | undefined,
): Promise<Removal[]> {
  const present = await inventory.describe(refs);
  const settled = present.flatMap((one) => standing(one, experimentId, plan));
  const open = present.filter((one) => !settled.some((removal) => removal.id === one.id));
  return [...settled, ...(await inventory.remove(experimentId, open))];
}

/** The answer for what must not or need not be asked for; empty for what is to be deleted. */
function standing(one: TaggedResource, experimentId: string, plan: KeptPlan | undefined): Removal[] {
  if (one.state === 'gone') return [{ id: one.id, outcome: 'gone', detail: one.seen }];
  if (one.state === 'ending') return [{ id: one.id, outcome: 'asked', detail: one.seen }];
  if (!isOwned(one.tags, experimentId)) {
    return [{ id: one.id, outcome: 'protected', detail: 'it no longer carries the ownership tags' }];
  }
  const guard = one.protectedBy ?? unlikePlan(one, plan);
  return guard === undefined ? [] : [{ id: one.id, outcome: 'protected', detail: guard }];
}

function unlikePlan(one: TaggedResource, plan: KeptPlan | undefined): string | undefined {
  if (plan === undefined) return undefined;
  const before = plan.byKey.get(plannedKey(one));
  return before === undefined ? 'the plan does not name it' : changedSince(before, one);
}

function pauseMs(going: Entry[], waitingSince: number): number {
  const asked = going.flatMap((one) => one.askedAt ?? []);
  const since = asked.length === 0 ? waitingSince : Math.min(...asked);
  return Math.min(Math.max((Date.now() - since) * LOOK_SHARE, SHORTEST_LOOK_MS), LONGEST_LOOK_MS);
}

/** Short, since long details vanish from the pending view. */
function stillThere(going: Entry[], region: string): string {
  const [first] = going;
  const others = going.length > 1 ? ` and ${String(going.length - 1)} more` : '';
  return `${region}: ${first?.type ?? ''} ${first?.id ?? ''} is ${first?.seen ?? ''}${others}`;
}
