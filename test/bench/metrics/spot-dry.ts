/**
 * How soon does an experiment ask for on-demand when all spot is dry?
 *
 * No spot pool of the region has capacity; the spec has wanted and wider types, so two spot requests are in the way.
 * The time runs from the start call to the launch request that made the on-demand instances, both refusals included.
 */
import { instancesOf, launchesOf } from '../ledger';
import type { Bench } from '../metric';
import { bare } from '../specs';
import { untilPhase } from '../watch';

export const spotDry: Bench = {
  name: 'spot-dry',
  goals: [{ name: 'all spot dry to the on-demand request', goal: 30, unit: 's' }],
  async run(stack) {
    const world = await stack.world({
      capacity: [{ region: '*', zone: '*', type: '*', market: 'spot', capacity: 0 }],
    });
    const startedAt = Date.now();
    const handle = await world.start('dry', bare(10));
    await untilPhase(handle, ['Configuring', 'Ready'], 120_000);
    const ledger = await world.ledger();
    await handle.terminate('measured');
    await world.close();
    const requests = launchesOf(ledger, handle.workflowId);
    const bought = requests.find(({ nodes }) => nodes.some(({ market }) => market === 'on-demand'));
    if (bought === undefined) throw new Error('no on-demand instance was launched');
    const nodes = instancesOf(ledger, handle.workflowId).length;
    return [
      {
        value: (bought.askedAt - startedAt) / 1000,
        note: `from the start call; ${requests.length} requests, ${nodes} instances, first refusal to that request ${((bought.askedAt - (requests[0]?.answeredAt ?? 0)) / 1000).toFixed(1)} s`,
      },
    ];
  },
};
