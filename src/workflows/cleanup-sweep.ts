/** How is one region cleared? Look, ask for what is ready, wait for what is ending, until nothing moves. */
import { sleep, workflowInfo } from '@temporalio/workflow';
import type { CleanupAdmission } from '../activities/cleanup-admission';
import type { IdsByType, Removal } from '../contracts/inventory';
import type { CleanupStatus } from '../contracts/messages';
import { foldCells, unreadable, type Cells, type Proof } from '../policy/certificate';
import type { CleanupView } from '../policy/cleanup-details';
import {
  awaited,
  batchesOf,
  endingNow,
  entryKey,
  foldRemovals,
  foldSeen,
  nextRetry,
  outlook,
  type Batch,
  type Entries,
  type Entry,
} from '../policy/deletion';
import { idsByType, inPayloads, pack, refsOf, unpack } from '../policy/sightings';
import { looks, mutations } from './activity-proxies';
import { causeOf, settleAll, wasCancelled } from './failure';

/** 100 single deletions at 5 per second are 20 s, and six times that when the bucket was halved twice and more. */
const DELETING = { startToCloseTimeout: '120s' } as const;

/** A region in which even looking failed is left alone for this long; a person or AWS has to repair it. */
const BROKEN_PAUSE_MS = 15_000;

/** Batches of a region under way at once: with five calls each, none waits longer for its turn than the limiter lets it. */
const BATCHES_AT_ONCE = 4;

/** A wait that nothing ends is broken off after so long, so that a run that got too long can go on in a new one. */
const LONGEST_WAIT_MS = 120_000;

/** A cleanup under way: what is known, and what to do with it. */
export interface Sweep extends Proof {
  plan: CleanupAdmission;
  doing: CleanupStatus['doing'];
  /** When a look at the region found nothing alive, in epoch milliseconds; absent when it has to be looked at again. */
  quiet: Record<string, number>;
  /** How what the plan names differs from what it says, by region. */
  changes: Record<string, string[]>;
  /** Whether it may delete: plan and limit were held against what is there. */
  cleared: boolean;
  /** Epoch milliseconds. */
  startedAt: number;
  deadline: number;
  /** Shows the present state to whoever looks, and at last how it ended. */
  publish: (end?: CleanupView['end']) => void;
}

/** Ids ever seen, by region. */
export type SeenPart = Record<string, IdsByType>;

/** Every id ever seen, in parts that each fit into a payload. */
export function seenParts(entries: Entries): SeenPart[] {
  const refs = Object.values(entries).map(({ region, type, id }) => ({ region, type, id }));
  return inPayloads(refs).map((part) => {
    const regions = [...new Set(part.map((one) => one.region))];
    return Object.fromEntries(
      regions.map((region) => [region, idsByType(part.filter((one) => one.region === region))]),
    );
  });
}

/** What an earlier run saw counts as living until it is looked at. */
export function entriesFrom(parts: readonly SeenPart[], at: string): Entries {
  const seen = parts.flatMap((part) =>
    Object.entries(part).flatMap(([region, ids]) =>
      refsOf(ids).map((ref) => ({ region, ...ref, state: 'live' as const, seen: 'not looked at yet', neededBy: [] })),
    ),
  );
  return foldSeen({}, seen, at);
}

/** The history gets so long that the next run should go on. */
export function isLong({ plan }: Sweep): boolean {
  const { continueAsNewSuggested, historyLength } = workflowInfo();
  return continueAsNewSuggested || historyLength >= (plan.eventsPerRun ?? Infinity);
}

function within(
  sweep: Sweep,
  region: string,
): { target: CleanupAdmission['target']; experimentId: string; region: string } {
  return { target: sweep.plan.target, experimentId: sweep.plan.experimentId, region };
}

function entriesIn(entries: Entries, region: string): Entries {
  return Object.fromEntries(Object.entries(entries).filter(([, one]) => one.region === region));
}

/** Every kind by its tags once, again where something was or could not be read; the indexes where that is enough. */
function depthOf(sweep: Sweep, region: string, confirming: boolean): 'full' | 'index' {
  const known = Object.values(sweep.cells).filter((cell) => cell.region === region);
  if (known.length === 0 || unreadable(sweep.cells).some((cell) => cell.region === region)) return 'full';
  return confirming || Object.keys(entriesIn(sweep.entries, region)).length === 0 ? 'index' : 'full';
}

/** Reads the region and confirms every id ever seen in it. A confirming look needs no more than the indexes. */
export async function look(sweep: Sweep, region: string, confirming: boolean, limit: LookLimit = {}): Promise<void> {
  const depth = depthOf(sweep, region, confirming);
  const before = Object.values(entriesIn(sweep.entries, region));
  const plan = sweep.plan.apply === undefined ? {} : { plan: sweep.plan.apply };
  const input = { ...within(sweep, region), depth, seen: idsByType(before), ...plan };
  const summary = `look in ${region}: ${depth === 'full' ? 'every kind' : 'indexes'} and ${String(before.length)} ids`;
  try {
    for (let after: string | undefined, more = true; more;) {
      const part = { ...input, ...(after === undefined ? {} : { after }) };
      const reply = await looks.discoverResources.executeWithOptions({ summary, ...limit }, [part]);
      sweep.entries = foldSeen(sweep.entries, unpack(region, reply.found), reply.at);
      sweep.cells = withoutCell(foldCells(sweep.cells, region, reply.sources, reply.at), region);
      sweep.changes[region] = reply.changes;
      after = reply.next;
      more = after !== undefined;
    }
  } catch (error) {
    if (wasCancelled(error)) throw error;
    const at = new Date(Date.now()).toISOString();
    const source = { api: 'discover', subject: 'region', pages: 0, live: 0, unreadable: causeOf(error).message };
    sweep.cells = foldCells(sweep.cells, region, [source], at);
  }
  sweep.publish();
}

/** How long a look may be tried; without end when absent. */
export interface LookLimit {
  scheduleToCloseTimeout?: number;
}

/** A look that succeeded takes back that the region as a whole could not be read. */
function withoutCell(cells: Cells, region: string): Cells {
  return Object.fromEntries(Object.entries(cells).filter(([key]) => key !== `${region}/region`));
}

/** Deletes and waits until nothing in the region moves any more, or the run is long; false when nothing moved at all. */
export async function clearRegion(sweep: Sweep, region: string): Promise<boolean> {
  let moved = false;
  let looks = 0;
  while (Date.now() < sweep.deadline && !isLong(sweep)) {
    const view = outlook(entriesIn(sweep.entries, region), Date.now());
    if (view.next === 'empty' || view.next === 'stuck') return moved || (await waitForUnseen(sweep, region));
    if (view.next === 'look') {
      if (looks === OWNER_LOOKS) return moved;
      looks += 1;
      await lookForOwners(sweep, region);
      continue;
    }
    moved = true;
    if (view.next === 'delete') await removeAll(sweep, region, view.ready);
    else if (view.next === 'retry') await lookAgain(sweep, region, Math.min(view.at, sweep.deadline));
    else await waitForEnd(sweep, region, awaited(entriesIn(sweep.entries, region), Date.now()));
    sweep.publish();
  }
  return moved;
}

/** What the look before did not show as gone is looked at by itself; false when there is nothing of that kind. */
async function waitForUnseen(sweep: Sweep, region: string): Promise<boolean> {
  const unseen = endingNow(entriesIn(sweep.entries, region));
  if (unseen.length > 0) await waitForEnd(sweep, region, unseen);
  return unseen.length > 0;
}

/** EC2 shows a new instance within seconds of its volume. */
const OWNER_PAUSE_MS = 2000;
/** A minute of looks: what has not shown itself by then cannot be read. */
const OWNER_LOOKS = 30;

async function lookForOwners(sweep: Sweep, region: string): Promise<void> {
  await sleep(OWNER_PAUSE_MS, { summary: `${region}: something belongs to an instance that does not show yet` });
  await look(sweep, region, false);
}

/** Something holds what was refused; so the region is read again before it is asked for again. */
async function lookAgain(sweep: Sweep, region: string, at: number): Promise<void> {
  const summary = `${region}: a deletion was refused as in use; look who holds it`;
  await sleep(Math.max(1, at - Date.now()), { summary });
  await look(sweep, region, true);
}

async function removeAll(sweep: Sweep, region: string, ready: Entry[]): Promise<void> {
  const waiting = batchesOf(ready);
  const lane = async (): Promise<void> => {
    for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) await removeOne(sweep, batch);
  };
  await settleAll(Array.from({ length: Math.min(BATCHES_AT_ONCE, waiting.length) }, lane));
  const held = ready.filter((one) => sweep.entries[entryKey(one)]?.refusal?.outcome === 'in-use');
  if (held.length > 0 && endingNow(entriesIn(sweep.entries, region)).length > 0) await look(sweep, region, true);
}

async function removeOne(sweep: Sweep, batch: Batch): Promise<void> {
  const { region, type, ids } = batch;
  const summary = `delete ${String(ids.length)} x ${type} in ${region}`;
  const plan = sweep.plan.apply === undefined ? {} : { plan: sweep.plan.apply };
  const reply = await mutations.removeResources
    .executeWithOptions({ summary, ...DELETING }, [{ ...within(sweep, region), type, ids, ...plan }])
    .catch((error: unknown) => refusedAll(ids, error));
  sweep.entries = foldRemovals(sweep.entries, region, type, reply.removals, reply.at);
}

/** The batch as a whole failed for good: every id of it stays, with that reason. */
function refusedAll(ids: string[], error: unknown): { removals: Removal[]; at: string } {
  if (wasCancelled(error)) throw error;
  const { type, message } = causeOf(error);
  const outcome = type === 'NotAuthorized' ? 'denied' : 'failed';
  return { removals: ids.map((id) => ({ id, outcome, detail: message })), at: new Date(Date.now()).toISOString() };
}

async function waitForEnd(sweep: Sweep, region: string, watched: Entry[]): Promise<void> {
  const mine = entriesIn(sweep.entries, region);
  const [entries = []] = inPayloads(watched.map((one) => ({ ...one, neededBy: [] })));
  const until = Math.min(sweep.deadline, nextRetry(mine) ?? sweep.deadline, Date.now() + LONGEST_WAIT_MS);
  const [heardAt = '', deadline] = [lastNews(mine), new Date(until).toISOString()];
  const input = { ...within(sweep, region), entries: pack(entries), heardAt, deadline };
  const summary = `wait in ${region}: ${endingSummary(mine)}`;
  try {
    const seen = await looks.observeRemaining.executeWithOptions({ summary }, [input]);
    sweep.entries = foldSeen(sweep.entries, unpack(region, seen.found), seen.at);
  } catch (error) {
    if (wasCancelled(error)) throw error;
    await sleep(BROKEN_PAUSE_MS, { summary: `${region} cannot be read: ${causeOf(error).message}`.slice(0, 200) });
    await look(sweep, region, false);
  }
}

function lastNews(entries: Entries): string | undefined {
  return Object.values(entries)
    .map((one) => one.at)
    .sort()
    .at(-1);
}

function endingSummary(entries: Entries): string {
  const counts = new Map<string, number>();
  for (const one of endingNow(entries)) counts.set(one.type, (counts.get(one.type) ?? 0) + 1);
  return [...counts]
    .map(([type, count]) => `${String(count)} x ${type} ending`)
    .join(', ')
    .slice(0, 150);
}
