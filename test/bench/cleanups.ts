/** How is a cleanup measured? A load is made, one cleanup runs over it, and the ledger says what that took. */
import { loadS1k, S1K_SCENARIO } from './loads/s1k';
import { TAG } from '../../src/contracts/names';
import type { CleanupResult } from '../../src/contracts/messages';
import { isRead, type LedgerCall, type LedgerResource } from './ledger';
import type { Stack, World } from './stack';

export interface Cleaned {
  world: World;
  /** Of the workflow. */
  id: string;
  result: CleanupResult;
  /** What the cleanup called, in order. */
  calls: LedgerCall[];
  /** What the load had made. */
  made: LedgerResource[];
}

/** AWS's own lag and limits, which the load does without: it is not what is measured. */
const LAG: [number, number] = [200, 1500];

/** Cleans up the load in all regions of the account, or in those named; the caller closes the world. */
export async function cleaned(
  stack: Stack,
  experimentId: string,
  cells: Record<string, number>,
  regions?: string[],
): Promise<Cleaned> {
  const world = await stack.world({ ...S1K_SCENARIO, delays: { visibilityLag: [0, 0] } });
  await world.control('throttle', { on: false });
  await loadS1k({ url: world.url, experimentId, cells });
  await world.control('throttle', { on: true });
  await world.control('delays', { visibilityLag: LAG });
  const before = (await world.ledger()).calls.length;
  const id = `${experimentId}/cleanup`;
  const handle = await world.run('cleanup', id, {
    experimentId,
    limitSeconds: '1h',
    ...(regions === undefined ? {} : { regions }),
  });
  const result = (await handle.result()) as CleanupResult;
  const { calls, resources } = await world.ledger();
  const made = resources.filter(({ tags }) => tags[TAG.experimentId] === experimentId);
  return { world, id, result, calls: calls.slice(before), made };
}

/** What is left alive of the load. */
export function leftOf({ made }: Cleaned): LedgerResource[] {
  return made.filter(({ type, endedAt }) => endedAt === undefined && type !== 'spot-instances-request');
}

/** Deletions that were refused for what they found; who is told to come later has not failed. */
export function refusedDeletions({ calls }: Cleaned): LedgerCall[] {
  const patience = ['ok', 'RequestLimitExceeded', 'ThrottlingException'];
  return calls.filter((call) => !isRead(call) && !patience.includes(call.outcome));
}
