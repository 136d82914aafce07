/** How is one region cleared? Look, ask for what is ready, wait for what is ending, until nothing moves. */
import { sleep } from '@temporalio/workflow';
import type { CleanupAdmission } from '../activities/cleanup';
import type { Removal } from '../contracts/inventory';
import type { CleanupStatus } from '../contracts/messages';
import { foldCells, unreadable, type Cells, type Proof } from '../policy/certificate';
import {
  alive,
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
import { looks, mutations } from './activity-proxies';
import { causeOf, settleAll, wasCancelled } from './failure';

/** 50 single deletions at 5 per second are 10 s, and ten times that when the bucket was halved three times. */
const DELETING = { startToCloseTimeout: '120s' } as const;

/** A region in which even looking failed is left alone for this long; a person or AWS has to repair it. */
const BROKEN_PAUSE_MS = 15_000;

/** A cleanup under way: what is known, and what to do with it. */
export interface Sweep extends Proof {
  plan: CleanupAdmission;
  doing: CleanupStatus['doing'];
  /** Epoch milliseconds. */
  startedAt: number;
  deadline: number;
  /** Shows the present state to whoever looks. */
  publish: () => void;
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
export async function look(sweep: Sweep, region: string, confirming: boolean): Promise<void> {
  const seen = Object.values(entriesIn(sweep.entries, region)).map(({ type, id }) => ({ type, id }));
  const depth = depthOf(sweep, region, confirming);
  const input = { ...within(sweep, region), depth, seen };
  const summary = `look in ${region}: ${depth === 'full' ? 'every kind' : 'indexes'} and ${String(seen.length)} ids`;
  try {
    const found = await looks.discoverResources.executeWithOptions({ summary }, [input]);
    sweep.entries = foldSeen(sweep.entries, found.resources, found.at);
    sweep.cells = withoutCell(foldCells(sweep.cells, region, found.sources, found.at), region);
  } catch (error) {
    if (wasCancelled(error)) throw error;
    const at = new Date(Date.now()).toISOString();
    const source = { api: 'discover', subject: 'region', pages: 0, live: 0, unreadable: causeOf(error).message };
    sweep.cells = foldCells(sweep.cells, region, [source], at);
  }
  sweep.publish();
}

/** A look that succeeded takes back that the region as a whole could not be read. */
function withoutCell(cells: Cells, region: string): Cells {
  return Object.fromEntries(Object.entries(cells).filter(([key]) => key !== `${region}/region`));
}

/** Deletes and waits until nothing in the region moves any more; false when nothing moved at all. */
export async function clearRegion(sweep: Sweep, region: string): Promise<boolean> {
  let moved = false;
  let looks = 0;
  while (Date.now() < sweep.deadline) {
    const view = outlook(entriesIn(sweep.entries, region), Date.now());
    if (view.next === 'empty' || view.next === 'stuck') return moved;
    if (view.next === 'look') {
      if (looks === OWNER_LOOKS) return moved;
      looks += 1;
      await lookForOwners(sweep, region);
      continue;
    }
    moved = true;
    if (view.next === 'delete') await removeAll(sweep, region, view.ready);
    else if (view.next === 'wait') await waitForEnd(sweep, region);
    else await lookAgain(sweep, region, Math.min(view.at, sweep.deadline));
    sweep.publish();
  }
  return moved;
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
  await settleAll(batchesOf(ready).map((batch) => removeOne(sweep, batch)));
  const held = ready.filter((one) => sweep.entries[entryKey(one)]?.refusal?.outcome === 'in-use');
  if (held.length > 0 && endingNow(entriesIn(sweep.entries, region)).length > 0) await look(sweep, region, true);
}

async function removeOne(sweep: Sweep, batch: Batch): Promise<void> {
  const { region, type, ids } = batch;
  const summary = `delete ${String(ids.length)} x ${type} in ${region}`;
  const reply = await mutations.removeResources
    .executeWithOptions({ summary, ...DELETING }, [{ ...within(sweep, region), type, ids }])
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

async function waitForEnd(sweep: Sweep, region: string): Promise<void> {
  const mine = entriesIn(sweep.entries, region);
  const entries = alive(mine).map((one) => withLivingEdges(one, mine));
  const until = Math.min(sweep.deadline, nextRetry(mine) ?? sweep.deadline);
  const input = { ...within(sweep, region), entries, deadline: new Date(until).toISOString() };
  const summary = `wait in ${region}: ${endingSummary(mine)}`;
  try {
    const seen = await looks.observeRemaining.executeWithOptions({ summary }, [input]);
    sweep.entries = foldSeen(sweep.entries, seen.resources, seen.at);
  } catch (error) {
    if (wasCancelled(error)) throw error;
    await sleep(BROKEN_PAUSE_MS, { summary: `${region} cannot be read: ${causeOf(error).message}`.slice(0, 200) });
    await look(sweep, region, false);
  }
}

/** Edges to what is gone say nothing any more, and what is gone is not sent along. */
function withLivingEdges(one: Entry, entries: Entries): Entry {
  const gone = new Set(
    Object.values(entries)
      .filter((other) => other.state === 'gone')
      .map((other) => other.id),
  );
  return { ...one, neededBy: one.neededBy.filter((id) => !gone.has(id)) };
}

function endingSummary(entries: Entries): string {
  const counts = new Map<string, number>();
  for (const one of endingNow(entries)) counts.set(one.type, (counts.get(one.type) ?? 0) + 1);
  return [...counts]
    .map(([type, count]) => `${String(count)} x ${type} ending`)
    .join(', ')
    .slice(0, 150);
}
