/**
 * How many launch calls do 500 nodes in four components take?
 *
 * One experiment per region, so that a region's calls are one experiment's. The number is the CreateFleet and
 * RunInstances calls in the ledger from the start until its 500 instances are there; dry runs launch nothing and are
 * left out. For the second number every other pool of the types has no capacity in either market.
 */
import type { LedgerDocument, ScenarioPatch } from '../../../src/simulator';
import { instancesOf, launchCallsIn } from '../ledger';
import type { Bench, Measured } from '../metric';
import { cluster } from '../specs';
import type { World } from '../stack';
import { untilPhase } from '../watch';

const COUNTS = { zookeeper: 20, bookkeeper: 200, broker: 180, client: 100 };
const FULL = 'us-east-2';
const HALF_DRY = 'us-east-1';
const ZONES = ['us-east-1a', 'us-east-1b', 'us-east-1c', 'us-east-1d', 'us-east-1f'];
const TYPES = ['m6i.large', 'm5.large', 'm6a.large', 'm5a.large'];

/** A chessboard over zones and types: no type and no zone is spared. */
const SCENARIO: ScenarioPatch = {
  capacity: ZONES.flatMap((zone, row) =>
    TYPES.filter((_, column) => (row + column) % 2 === 0).map((type) => {
      return { region: HALF_DRY, zone, type, market: '*' as const, capacity: 0 };
    }),
  ),
};

export const launchCalls: Bench = {
  name: 'launch-calls',
  goals: [
    { name: 'launch calls, 500 nodes in 4 components', goal: 4, unit: 'calls' },
    { name: 'the same with half the pools dry', goal: 12, unit: 'calls' },
  ],
  async run(stack) {
    const world = await stack.world(SCENARIO);
    const results = await Promise.all([FULL, HALF_DRY].map((region) => measure(world, region)));
    await world.close();
    return results;
  },
};

async function measure(world: World, region: string): Promise<Measured> {
  const handle = await world.start(region, cluster(COUNTS, { regions: [region] }));
  await untilPhase(handle, ['Configuring'], 120_000);
  const ledger: LedgerDocument = await world.ledger();
  const nodes = instancesOf(ledger, handle.workflowId).length;
  await handle.terminate('measured');
  if (nodes !== 500) throw new Error(`${String(nodes)} instances instead of 500 in ${region}`);
  const calls = launchCallsIn(ledger, region);
  const failed = calls.filter(({ outcome }) => outcome !== 'ok').map(({ outcome }) => outcome);
  const note = failed.length === 0 ? '' : `; ${failed.length} of the calls failed: ${[...new Set(failed)].join(', ')}`;
  return { value: calls.length, note: `${region}: 500 instances in the ledger${note}` };
}
