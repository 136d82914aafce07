/** How does cleanup go on without a workflow? Looks and deletions in turn, by the same policy, until nothing moves. */
import type { InventoryPort } from '../../src/aws/ports';
import { Failure } from '../../src/contracts/failures';
import type { Removal, ResourceRef } from '../../src/contracts/inventory';
import { foldCells, type Cells } from '../../src/policy/certificate';
import { batchesOf, foldRemovals, foldSeen, outlook, type Batch, type Entries } from '../../src/policy/deletion';

/** Between looks, in milliseconds: quick scenarios end things within a tenth of a second. */
const PAUSE_MS = 50;

/** Quick scenarios are cleared within a second; a busy machine takes its time. */
const LIMIT_MS = 20_000;

/** What is known of a region so far. */
export interface Cleared {
  entries: Entries;
  cells: Cells;
}

/**
 * Goes on until nothing is alive, nothing moves any more, or it is enough; answers everything ever seen. What cannot be
 * read may be waited for in vain, until the limit, as cleanup does until its own.
 */
export async function clearRegion(
  inventory: InventoryPort,
  region: string,
  experimentId: string,
  isEnough: (known: Cleared) => boolean = () => false,
): Promise<Cleared> {
  const end = Date.now() + LIMIT_MS;
  let known = await round(inventory, region, experimentId, { entries: {}, cells: {} });
  while (!known.done && !isEnough(known) && Date.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    known = await round(inventory, region, experimentId, known);
  }
  return known;
}

/** A look, and the deletion of what is ready. `done` when the look showed no move. */
async function round(
  inventory: InventoryPort,
  region: string,
  experimentId: string,
  before: Cleared,
): Promise<Cleared & { done: boolean }> {
  const seen = Object.values(before.entries).map(({ type, id }): ResourceRef => ({ type, id }));
  const found = await inventory.discover(experimentId, { seen });
  const at = new Date().toISOString();
  const cells = foldCells(before.cells, region, found.sources, at);
  let entries = foldSeen(before.entries, found.resources, at);
  const view = outlook(entries, Date.now());
  for (const batch of view.next === 'delete' ? batchesOf(view.ready) : []) {
    const removals = await remove(inventory, experimentId, batch);
    entries = foldRemovals(entries, region, batch.type, removals, new Date().toISOString());
  }
  return { entries, cells, done: view.next === 'empty' || view.next === 'stuck' };
}

/** A permission that is missing for the look before a deletion denies it. */
async function remove(inventory: InventoryPort, experimentId: string, batch: Batch): Promise<Removal[]> {
  try {
    const present = await inventory.describe(batch.ids.map((id) => ({ type: batch.type, id })));
    return await inventory.remove(
      experimentId,
      present.filter((one) => one.state === 'live'),
    );
  } catch (error) {
    if (!(error instanceof Failure) || error.type !== 'NotAuthorized') throw error;
    return batch.ids.map((id) => ({ id, outcome: 'denied', detail: error.message }));
  }
}
