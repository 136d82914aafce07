/**
 * How many launch calls does the loss of 100 nodes at once take?
 *
 * One experiment of four components; all of its 100 nodes get their notice in the same moment. The number is the
 * CreateFleet and RunInstances calls in the ledger from then until 100 others are there; rehearsals are left out.
 */
import { instancesOf, launchCallsIn } from '../ledger';
import type { Bench } from '../metric';
import { cluster } from '../specs';
import { until, untilPhase } from '../watch';

const COUNTS = { zookeeper: 5, bookkeeper: 40, broker: 35, client: 20 };
const ALL = 100;
const REGION = 'us-west-2';

export const massLoss: Bench = {
  name: 'mass-loss',
  goals: [{ name: 'simulator: launch calls, 100 nodes lost at once in 4 components', goal: 4, unit: 'calls' }],
  async run(stack) {
    const world = await stack.world();
    const spec = cluster(COUNTS);
    for (const part of Object.values(spec.components)) part.failovers = 1000;
    const handle = await world.start('mass-loss', spec);
    await untilPhase(handle, ['Ready'], 240_000);
    const noticeAt = Date.now();
    await world.control('interrupt', { experimentId: handle.workflowId, share: 1 });
    await until('100 new nodes', 120_000, async () => {
      const instances = instancesOf(await world.ledger(), handle.workflowId);
      return instances.filter(({ createdAt }) => createdAt > noticeAt).length >= ALL ? true : undefined;
    });
    const ledger = await world.ledger();
    await handle.terminate('measured');
    await world.close();
    const lost = ledger.interruptions.length;
    if (lost !== ALL) throw new Error(`${String(lost)} nodes were lost`);
    const calls = launchCallsIn(ledger, REGION).filter(({ at }) => at > noticeAt);
    const seconds = calls.map(({ at }) => ((at - noticeAt) / 1000).toFixed(1));
    return [{ value: calls.length, note: `asked ${seconds.join(', ')} s after the notice` }];
  },
};
