/**
 * What does watching 100 experiments cost more than watching one?
 *
 * Two worlds, with one and with 100 owners of one node each, and a sentinel at its own pace in each. The calls in the
 * ledger over the same two minutes are counted once both have found all nodes. What a page holds (1,000 instances, 200
 * spot requests) is not exceeded, so the calls are to be equal; a look at either edge of the window is one call.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { sentinelWorkflowId } from '../../../src/contracts/names';
import { simulatedAt } from '../../support/simulated';
import type { Bench } from '../metric';
import type { Stack, World } from '../stack';
import { pendingActivities, until } from '../watch';

const MANY = 100;
const WINDOW_MS = 120_000;
const REGION = 'us-west-2';

export const sentinelCalls: Bench = {
  name: 'sentinel-calls',
  goals: [{ name: 'simulator: sentinel calls per minute, 100 experiments more than one', goal: 1, unit: 'calls' }],
  async run(stack) {
    const worlds = await Promise.all([watched(stack, 1), watched(stack, MANY)]);
    const from = Date.now();
    await pause(WINDOW_MS);
    const counts = await Promise.all(worlds.map((world) => callsIn(world, from, from + WINDOW_MS)));
    await Promise.all(worlds.map((world) => world.close()));
    const [one = 0, many = 0] = counts;
    const note = `${String(one)} a minute with one, ${String(many)} with ${String(MANY)}`;
    return [{ value: Math.max(0, many - one), note }];
  },
};

async function watched(stack: Stack, owners: number): Promise<World> {
  const world = await stack.world();
  const aws = simulatedAt(world.url);
  for (let owner = 0; owner < owners; owner += 1) await aws.buy(`owner-${String(owner)}`, 1, 'bench');
  const target = await aws.cloud.identity();
  await aws.close();
  const handle = await world.run('sentinel', sentinelWorkflowId(target, REGION), { region: REGION, target });
  await until(`a look at ${String(owners)} nodes`, 60_000, async () => {
    const [looking] = await pendingActivities(handle);
    return looking?.lastFailure.startsWith(`watching ${String(owners)} nodes of ${String(owners)}`) ? true : undefined;
  });
  return world;
}

async function callsIn(world: World, from: number, to: number): Promise<number> {
  const { calls } = await world.ledger();
  return calls.filter(({ at }) => at >= from && at < to).length / (WINDOW_MS / 60_000);
}
