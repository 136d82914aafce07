/** What does cleanup do to AWS? It looks at a region, and asks for deletions. */
import { Context } from '@temporalio/activity';
import type { Cloud, Discovery, DiscoverySource, InventoryPort } from '../aws/ports';
import { Failure } from '../contracts/failures';
import type { IdsByType, Removal, ResourceRef, SeenResource, TaggedResource } from '../contracts/inventory';
import { isOwned } from '../contracts/names';
import { changedSince, plannedKey } from '../policy/cleanup-plan';
import { pack, partAfter, refsOf, type Sightings } from '../policy/sightings';
import type { ResultStore } from '../results/port';
import { beating } from './beating';
import { createCertificateActivities } from './certificate';
import { createCleanupAdmission } from './cleanup-admission';
import { createPlanActivities, planKeeper, type KeptPlan } from './cleanup-plan';
import { inventoryOf, type InRegion } from './cleanup-region';
import { createWaitActivities } from './cleanup-wait';

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

/** Tries of a look before a source that keeps failing counts as unreadable and the rest goes on. */
const LOOK_TRIES = 4;
export function createCleanupActivities({ cloud, results }: { cloud: Cloud; results: ResultStore }) {
  const plans = planKeeper(results);
  return {
    ...createCertificateActivities({ results }),
    ...createCleanupAdmission({ cloud, results }),
    ...createPlanActivities({ cloud, results }),
    ...createWaitActivities({ cloud }),

    /** One look at a region. What cannot be read is said in `sources`, after a few tries where trying may help. */
    async discoverResources(input: DiscoverInput): Promise<DiscoverReply> {
      const inventory = await inventoryOf(cloud, input);
      const { cancellationSignal: signal, info } = Context.current();
      const at = new Date().toISOString();
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
      return { removals, at: new Date().toISOString() };
    },
  };
}

export type CleanupActivities = ReturnType<typeof createCleanupActivities>;

function unread(source: Discovery['sources'][number], region: string): Failure {
  return new Failure('ServiceUnavailable', `${source.api} in ${region}: ${source.unreadable ?? ''}`, {
    api: source.api,
  });
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
