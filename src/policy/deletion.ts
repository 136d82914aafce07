/** What can be deleted now, given what still lives? The order as data, and pure functions over what was seen. */
import { NOT_FOUND, type Removal, type ResourceType, type SeenResource } from '../contracts/inventory';

interface DeletionRow {
  /** Most ids in one activity: what the API takes at once, or about ten seconds of single calls. */
  batch: number;
  /** Kinds that may hold this one; an edge found by Describe always leads to one of them. */
  after: readonly ResourceType[];
  /** It holds others for a while after its deletion was accepted; every other kind lets go when that call returns. */
  lingers?: true;
}

/** Ten seconds at the five per second that EC2's mutating bucket refills, once the 50 that it holds are spent. */
const SINGLE_CALLS = 100;

/**
 * Which kind goes after which. Only what Describe shows of an object (`neededBy`) holds it back, so two kinds can go
 * at the same time when nothing of one hangs on the other. Adding a kind is one row.
 */
export const DELETIONS: Record<ResourceType, DeletionRow> = {
  // A persistent request would start its instance again. CancelSpotInstanceRequests names no limit; 100 is a page.
  'spot-instances-request': { batch: 100, after: [] },
  // TerminateInstances takes 1,000.
  instance: { batch: 1000, after: ['spot-instances-request'], lingers: true },
  // DeleteFleets takes 25 instant ones, and would end whatever instance still lives.
  fleet: { batch: 25, after: ['instance'], lingers: true },
  'launch-template': { batch: SINGLE_CALLS, after: [] },
  'key-pair': { batch: SINGLE_CALLS, after: [] },
  volume: { batch: SINGLE_CALLS, after: ['instance'], lingers: true },
  image: { batch: SINGLE_CALLS, after: [] },
  // A volume made from it does without it.
  snapshot: { batch: SINGLE_CALLS, after: ['image'] },
  natgateway: { batch: SINGLE_CALLS, after: [], lingers: true },
  'vpc-endpoint': { batch: SINGLE_CALLS, after: [], lingers: true },
  // Those of gateways and endpoints go with them, later.
  'network-interface': { batch: SINGLE_CALLS, after: ['instance', 'natgateway', 'vpc-endpoint'] },
  'elastic-ip': { batch: SINGLE_CALLS, after: ['instance', 'network-interface'] },
  'placement-group': { batch: SINGLE_CALLS, after: ['instance'], lingers: true },
  'security-group': { batch: SINGLE_CALLS, after: ['instance', 'network-interface'] },
  subnet: { batch: SINGLE_CALLS, after: ['instance', 'network-interface'] },
  // Interfaces with a public address; each gateway is two calls.
  'internet-gateway': { batch: SINGLE_CALLS, after: ['instance', 'network-interface'] },
  'route-table': { batch: SINGLE_CALLS, after: ['subnet', 'internet-gateway'] },
  vpc: {
    batch: SINGLE_CALLS,
    after: ['subnet', 'security-group', 'network-interface', 'route-table', 'internet-gateway', 'vpc-endpoint'],
  },
  // DeleteParameters takes ten names.
  'ssm:parameter': { batch: SINGLE_CALLS, after: [] },
};

/** What is known of one resource at a moment. */
export interface Entry extends SeenResource {
  /** ISO time of the last sight. */
  at: string;
  /** Epoch milliseconds of the last accepted deletion. */
  askedAt?: number;
  /** The last refusal, how often, and when in epoch milliseconds. */
  refusal?: { outcome: Removal['outcome']; detail: string; times: number; at: number };
}

/** Everything ever seen, by `region/type/id`. */
export type Entries = Record<string, Entry>;

/** EC2 shows a deletion within seconds; until then an accepted one counts as under way. Asking again does no harm. */
const ASKED_GRACE_MS = 15_000;
/** Waits between deletions that are refused as in use: what holds it usually ends within seconds, at times minutes. */
const FIRST_RETRY_MS = 2000;
const LAST_RETRY_MS = 30_000;

export function entryKey(one: { region: string; type: string; id: string }): string {
  return `${one.region}/${one.type}/${one.id}`;
}

export function alive(entries: Entries): Entry[] {
  return Object.values(entries).filter((one) => one.state !== 'gone');
}

/** Takes in what was seen at `at`. What was seen before and is not among it stays as it was. */
export function foldSeen(entries: Entries, seen: readonly SeenResource[], at: string): Entries {
  const next = { ...entries };
  for (const one of seen) next[entryKey(one)] = sighted(entries[entryKey(one)], one, at);
  return next;
}

function sighted(before: Entry | undefined, seen: SeenResource, at: string): Entry {
  const asked = before?.askedAt;
  const underWay = seen.state === 'live' && asked !== undefined && Date.parse(at) - asked < ASKED_GRACE_MS;
  return {
    ...seen,
    state: underWay ? 'ending' : seen.state,
    at,
    ...(asked === undefined || (seen.state === 'live' && !underWay) ? {} : { askedAt: asked }),
    ...refusedBefore(before, seen),
  };
}

/** The last refusal. Termination protection shows in no Describe, only there. */
function refusedBefore(before: Entry | undefined, seen: SeenResource): Pick<Entry, 'refusal' | 'protectedBy'> {
  const refusal = before?.refusal;
  if (refusal === undefined) return {};
  return refusal.outcome === 'protected' ? { refusal, protectedBy: seen.protectedBy ?? refusal.detail } : { refusal };
}

/** Takes in the answers to a batch of deletions. */
export function foldRemovals(
  entries: Entries,
  region: string,
  type: string,
  removals: readonly Removal[],
  at: string,
): Entries {
  const next = { ...entries };
  for (const removal of removals) {
    const key = entryKey({ region, type, id: removal.id });
    const entry = next[key];
    if (entry !== undefined) next[key] = answered(entry, removal, at);
  }
  return next;
}

function answered(entry: Entry, removal: Removal, at: string): Entry {
  const { outcome, detail } = removal;
  if (outcome === 'gone') return { ...entry, state: 'gone', seen: detail, at };
  if (outcome === 'asked') return { ...entry, state: 'ending', seen: detail, at, askedAt: Date.parse(at) };
  const refusal = { outcome, detail, times: (entry.refusal?.times ?? 0) + 1, at: Date.parse(at) };
  return { ...entry, refusal, ...(outcome === 'protected' ? { protectedBy: detail } : {}) };
}

/** Whether cleanup may ever ask for its deletion, whatever else lives. */
function isDeletable(entry: Entry): boolean {
  if (!(entry.type in DELETIONS) || entry.protectedBy !== undefined || entry.diesWith !== undefined) return false;
  if ((entry.holders ?? []).length > 0 || entry.unplanned === true) return false;
  const refused = entry.refusal?.outcome;
  return refused === undefined || refused === 'in-use';
}

/** When a refused deletion may be asked for again, in epoch milliseconds; 0 when it was not refused. */
function retryAt(entry: Entry): number {
  const { refusal } = entry;
  return refusal === undefined ? 0 : refusal.at + Math.min(FIRST_RETRY_MS * 2 ** (refusal.times - 1), LAST_RETRY_MS);
}

/** What can be asked for at `now`: live, deletable, nothing that it waits for lives, and not refused just before. */
export function readyToDelete(entries: Entries, now: number): Entry[] {
  return unheld(entries).filter((one) => retryAt(one) <= now);
}

/** Live and deletable, with everything that must be gone first gone. An edge to something unread holds. */
function unheld(entries: Entries): Entry[] {
  const open = released(entries);
  return Object.values(entries).filter(
    (one) => one.state === 'live' && isDeletable(one) && one.neededBy.every((id) => open.has(id)),
  );
}

/** Ids that hold nothing any more: what is gone, and what goes with the call that deletes it. */
function released(entries: Entries): Set<string> {
  const all = Object.values(entries);
  return new Set(all.filter((one) => one.state === 'gone' || letsGo(one)).map((one) => one.id));
}

function letsGo({ type, state, askedAt }: Entry): boolean {
  return state === 'ending' && askedAt !== undefined && DELETIONS[type as ResourceType].lingers !== true;
}

export interface Batch {
  region: string;
  type: string;
  ids: string[];
}

/** Batches by region and kind, none larger than its API takes, in a stable order. */
export function batchesOf(ready: readonly Entry[]): Batch[] {
  const groups = new Map<string, Batch>();
  for (const one of [...ready].sort((a, b) => (entryKey(a) < entryKey(b) ? -1 : 1))) {
    const key = `${one.region}/${one.type}`;
    const group = groups.get(key) ?? { region: one.region, type: one.type, ids: [] };
    group.ids.push(one.id);
    groups.set(key, group);
  }
  return [...groups.values()].flatMap(split);
}

function split(group: Batch): Batch[] {
  const size = DELETIONS[group.type as ResourceType].batch;
  const parts: Batch[] = [];
  for (let start = 0; start < group.ids.length; start += size) {
    parts.push({ ...group, ids: group.ids.slice(start, start + size) });
  }
  return parts;
}

/** What is going away by itself: accepted deletions, and children whose owner is going or gone. */
export function endingNow(entries: Entries): Entry[] {
  const byId = new Map(Object.values(entries).map((one) => [one.id, one]));
  return alive(entries).filter((one) => {
    if (one.state === 'ending') return true;
    const owner = one.diesWith === undefined ? undefined : byId.get(one.diesWith);
    return one.diesWith !== undefined && owner?.state !== 'live';
  });
}

/**
 * Of what is ending, what is worth a look at `now`: what something living waits for; when nothing waits, what lingers
 * and what was asked for a moment ago. That the rest is gone is for the next look at the region to say.
 */
export function awaited(entries: Entries, now: number): Entry[] {
  const going = endingNow(entries);
  const ids = awaitedIds(entries, going);
  const first = going.filter((one) => ids.has(one.id));
  return first.length === 0 ? going.filter((one) => !isSettled(one, now)) : first;
}

function isSettled(one: Entry, now: number): boolean {
  return letsGo(one) && now - (one.askedAt ?? now) >= ASKED_GRACE_MS;
}

/** Of what is ending, what goes first: a child that goes with its owner is looked at when the owner is gone. */
export function endingFirst(entries: Entries): Entry[] {
  const going = endingNow(entries);
  const ids = new Set(going.map((one) => one.id));
  return going.filter((one) => one.diesWith === undefined || !ids.has(one.diesWith));
}

/** Ids that hold something deletable, and the owners that have to go before those can. */
function awaitedIds(entries: Entries, going: readonly Entry[]): Set<string> {
  const open = released(entries);
  const waiting = Object.values(entries).filter((one) => one.state === 'live' && isDeletable(one));
  const holding = new Set(waiting.flatMap((one) => one.neededBy.filter((id) => !open.has(id))));
  const owners = going.filter((one) => holding.has(one.id)).flatMap((one) => one.diesWith ?? []);
  return new Set([...holding, ...owners]);
}

/** Alive, and of those that a deletion is or was asked for: what a limit on deletions counts. */
export function doomed(entries: Entries): Entry[] {
  return alive(entries).filter((one) => one.askedAt !== undefined || isDeletable(one) || one.diesWith !== undefined);
}

/**
 * Children of an owner that no look has shown: it was made a moment ago, and waiting for its end would be in vain.
 * An owner that was ended is known, whether or not AWS still shows it.
 */
function orphans(entries: Entries): Entry[] {
  const shown = new Set(
    Object.values(entries)
      .filter((one) => one.seen !== NOT_FOUND || one.askedAt !== undefined)
      .map((one) => one.id),
  );
  return alive(entries).filter((one) => one.diesWith !== undefined && !shown.has(one.diesWith));
}

/**
 * What cleanup does next. `empty`: nothing lives, as far as can be known without a look. `delete`: something is ready. `wait`: something is ending.
 * `look`: something belongs to an owner that has not shown itself.
 * `retry`: only refused deletions are left, to be asked again at `at`. `stuck`: nothing moves without a person.
 */
export type Outlook =
  | { next: 'empty' }
  | { next: 'wait' }
  | { next: 'look' }
  | { next: 'stuck' }
  | { next: 'delete'; ready: Entry[] }
  | { next: 'retry'; at: number };

export function outlook(entries: Entries, now: number): Outlook {
  if (alive(entries).every((one) => isSettled(one, now))) return { next: 'empty' };
  const ready = readyToDelete(entries, now);
  if (ready.length > 0) return { next: 'delete', ready };
  if (orphans(entries).length > 0) return { next: 'look' };
  if (awaited(entries, now).length > 0) return { next: 'wait' };
  const at = nextRetry(entries);
  return at === undefined ? { next: 'stuck' } : { next: 'retry', at };
}

/** When the earliest refused deletion may be asked for again, in epoch milliseconds. */
export function nextRetry(entries: Entries): number | undefined {
  const times = unheld(entries).flatMap((one) => (one.refusal === undefined ? [] : [retryAt(one)]));
  return times.length === 0 ? undefined : Math.min(...times);
}
