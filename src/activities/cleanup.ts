/** What does cleanup do to AWS? It looks, asks for deletions, looks until something is gone, and keeps the proof. */
import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { Cloud, Discovery, DiscoverySource, InventoryPort } from '../aws/ports';
import { Failure } from '../contracts/failures';
import type { Certificate, Removal, ResourceRef, SeenResource, TaggedResource } from '../contracts/inventory';
import { isOwned } from '../contracts/names';
import { endingNow, foldSeen, readyToDelete, type Entry } from '../policy/deletion';
import type { ResultStore } from '../results/port';
import { cleanupSchema } from '../schemas/cleanup';
import { parseWith } from '../schemas/parse';
import { closest } from '../schemas/suggest';
import { beating } from './beating';
import { invalidInput, notReady } from './failure';
import { assertTarget, type Target } from './target';

/** What the workflow may build on. */
export interface CleanupAdmission {
  target: Target;
  experimentId: string;
  regions: string[];
  /** Why the regions could not be listed; then `regions` is empty and nothing can be proven. */
  regionsUnreadable?: string;
  dryRun: boolean;
  settleSeconds: number;
  limitSeconds: number;
}

interface InRegion {
  target: Target;
  experimentId: string;
  region: string;
}

export interface DiscoverInput extends InRegion {
  depth: 'full' | 'index';
  seen: ResourceRef[];
}

export interface DiscoverReply {
  resources: SeenResource[];
  sources: DiscoverySource[];
  at: string;
}

export interface RemoveInput extends InRegion {
  type: string;
  ids: string[];
}

export interface RemoveReply {
  removals: Removal[];
  at: string;
}

export interface ObserveRemainingInput extends InRegion {
  /** Everything alive in the region. */
  entries: Entry[];
  /** ISO time after which it answers with whatever it sees. */
  deadline: string;
}

export interface ObserveReply {
  resources: SeenResource[];
  at: string;
}

/** Tries of a look before a source that keeps failing counts as unreadable and the rest goes on. */
const LOOK_TRIES = 4;
/** The first looks come quickly, since many deletions take less than a second; then every 2 s, 5 s for many objects. */
const FIRST_LOOK_MS = 250;
const LOOK_MS = 2000;
const MANY_LOOK_MS = 5000;
const MANY = 100;
/** Changes are reported at least this often, so that the run page moves. */
const REPORT_MS = 10_000;

export function createCleanupActivities({ cloud, results }: { cloud: Cloud; results: ResultStore }) {
  return {
    /** Parses and defaults the input of `cleanup`, and says whose account this is; `InvalidInput` has one line per mistake. */
    async admitCleanup(input: unknown): Promise<CleanupAdmission> {
      const parsed = parseWith(cleanupSchema, input);
      if (!parsed.ok) throw invalidInput(parsed.problems);
      const { target, regions, ...rest } = parsed.value;
      return beating(async () => {
        if (target !== undefined) await assertTarget(cloud, target);
        const where = await regionsOf(cloud, regions);
        return { ...rest, ...where, target: target ?? (await cloud.identity()) };
      });
    },

    /** One look at a region. What cannot be read is said in `sources`, after a few tries where trying may help. */
    async discoverResources(input: DiscoverInput): Promise<DiscoverReply> {
      const inventory = await inventoryOf(cloud, input);
      const { cancellationSignal: signal, info } = Context.current();
      const at = now();
      const { depth, seen } = input;
      const found = await beating(() => inventory.discover(input.experimentId, { depth, seen, signal }));
      const failing = found.sources.find((source) => source.transient === true);
      if (failing !== undefined && info.attempt < LOOK_TRIES) throw unread(failing, input.region);
      return { resources: found.resources.map(withoutTags), sources: found.sources, at };
    },

    /**
     * Asks for the deletion of one batch. Looks at each id first: what lost its tags meanwhile is refused, and what
     * an earlier try with a lost reply already deleted is not asked for again.
     */
    async removeResources(input: RemoveInput): Promise<RemoveReply> {
      const inventory = await inventoryOf(cloud, input);
      const refs = input.ids.map((id) => ({ type: input.type, id }));
      const removals = await beating(() => removeOwned(inventory, input.experimentId, refs));
      return { removals, at: now() };
    },

    /**
     * Looks once at what is on its way out. Returns when something else became ready, nothing is ending any more, or
     * the deadline passed; otherwise throws `NotReady`, so that waiting costs neither a slot nor history.
     */
    async observeRemaining(input: ObserveRemainingInput): Promise<ObserveReply> {
      const inventory = await inventoryOf(cloud, input);
      const { cancellationSignal: signal, info } = Context.current();
      const before = Object.fromEntries(input.entries.map((one) => [`${one.region}/${one.type}/${one.id}`, one]));
      const watched = endingNow(before);
      const at = now();
      const seen = await beating(() => inventory.describe(watched, { signal }));
      const resources = seen.map((one) => stripped(one, before));
      const after = foldSeen(before, resources, at);
      const waitedMs = Date.now() - info.scheduledTimestampMs;
      const going = endingNow(after);
      const changed = going.length < watched.length;
      const leftMs = Date.parse(input.deadline) - Date.now();
      if (going.length === 0 || leftMs <= 0 || (changed && waitedMs >= REPORT_MS)) return { resources, at };
      if (readyToDelete(after, Date.now()).length > readyToDelete(before, Date.now()).length) return { resources, at };
      throw notReady(stillThere(going, input.region), Math.min(pauseMs(info.attempt, watched.length), leftMs));
    },

    /**
     * Keeps the whole certificate under its own time, where no later cleanup of the id overwrites it, and as the
     * newest, `certificate.json`. Answers where the first is and what its SHA-256 is.
     */
    async saveCertificate(input: { certificate: Certificate }): Promise<{ document: string; digest: string }> {
      const { experimentId, finishedAt } = input.certificate;
      const text = `${JSON.stringify(input.certificate, undefined, 2)}\n`;
      const own = `certificate-${finishedAt.replace(/[^0-9TZ]/g, '')}.json`;
      const document = await beating(async () => {
        await results.put(experimentId, 'certificate.json', text);
        return results.put(experimentId, own, text);
      });
      return { document, digest: createHash('sha256').update(text).digest('hex') };
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

function withoutTags({ tags: _tags, ...rest }: TaggedResource): SeenResource {
  return rest;
}

/** A Describe of the id alone knows the state; who holds what was found out by the last discovery. */
function stripped(seen: TaggedResource, before: Record<string, Entry>): SeenResource {
  const known = before[`${seen.region}/${seen.type}/${seen.id}`];
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

async function removeOwned(inventory: InventoryPort, experimentId: string, refs: ResourceRef[]): Promise<Removal[]> {
  const present = await inventory.describe(refs);
  const settled = present.flatMap((one) => standing(one, experimentId));
  const open = present.filter((one) => !settled.some((removal) => removal.id === one.id));
  return [...settled, ...(await inventory.remove(experimentId, open))];
}

/** The answer for what must not or need not be asked for; empty for what is to be deleted. */
function standing(one: TaggedResource, experimentId: string): Removal[] {
  if (one.state === 'gone') return [{ id: one.id, outcome: 'gone', detail: one.seen }];
  if (one.state === 'ending') return [{ id: one.id, outcome: 'asked', detail: one.seen }];
  if (!isOwned(one.tags, experimentId)) {
    return [{ id: one.id, outcome: 'protected', detail: 'it no longer carries the ownership tags' }];
  }
  return one.protectedBy === undefined ? [] : [{ id: one.id, outcome: 'protected', detail: one.protectedBy }];
}

function pauseMs(attempt: number, watched: number): number {
  return Math.min(FIRST_LOOK_MS * 1.5 ** (attempt - 1), watched > MANY ? MANY_LOOK_MS : LOOK_MS);
}

/** Short, since long details vanish from the pending view. */
function stillThere(going: Entry[], region: string): string {
  const [first] = going;
  const others = going.length > 1 ? ` and ${String(going.length - 1)} more` : '';
  return `${region}: ${first?.type ?? ''} ${first?.id ?? ''} is ${first?.seen ?? ''}${others}`;
}
