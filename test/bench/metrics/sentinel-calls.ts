/**
 * What does watching 100 experiments cost more than watching one?
 *
 * Two worlds, with one and with 100 owners of one node each, and a sentinel at its own pace in each. The calls in the
 * ledger over the same two minutes are counted once both have found all nodes. What a page holds (1,000 instances, 200
 * spot requests) is not exceeded, so the calls are to be equal; a look at either edge of the window is one call.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { EC2Client, RunInstancesCommand } from '@aws-sdk/client-ec2';
import { MANAGED_BY, sentinelWorkflowId, TAG } from '../../../src/contracts/names';
import { SIMULATOR_CREDENTIALS } from '../../../src/worker';
import { simulatedAt, type Simulated } from '../../support/simulated';
import type { Bench } from '../metric';
import type { Stack, World } from '../stack';
import { pendingActivities, until } from '../watch';

const MANY = 100;
const WINDOW_MS = 120_000;
const REGION = 'us-west-2';
const IMAGE = '/aws/service/canonical/ubuntu/server/24.04/stable/current/{arch}/hvm/ebs-gp3/ami-id';

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
  // Buying is no part of it: 100 launches at once are more than AWS takes.
  const world = await stack.world({ api: { throttle: false } });
  const aws = simulatedAt(world.url);
  const [target, imageId] = await Promise.all([aws.cloud.identity(), imageOf(aws)]);
  await aws.close();
  const ec2 = new EC2Client({ region: REGION, endpoint: world.url, credentials: SIMULATOR_CREDENTIALS });
  await Promise.all(Array.from({ length: owners }, (_, owner) => ec2.send(nodeOf(`owner-${String(owner)}`, imageId))));
  ec2.destroy();
  const handle = await world.run('sentinel', sentinelWorkflowId(target, REGION), { region: REGION, target });
  await until(`a look at ${String(owners)} nodes`, 60_000, async () => {
    const [looking] = await pendingActivities(handle);
    return looking?.lastFailure.startsWith(`watching ${String(owners)} nodes of ${String(owners)}`) ? true : undefined;
  });
  return world;
}

async function imageOf({ cloud }: Simulated): Promise<string | undefined> {
  return cloud.compute(REGION).image({ ssmParameter: IMAGE }, 'x86_64');
}

/** A spot node with the tags that the sentinel looks for. */
function nodeOf(experimentId: string, ImageId: string | undefined): RunInstancesCommand {
  const tags = { [TAG.experimentId]: experimentId, [TAG.managedBy]: MANAGED_BY, [TAG.installation]: 'bench' };
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  return new RunInstancesCommand({
    ImageId,
    InstanceType: 't3.micro',
    MinCount: 1,
    MaxCount: 1,
    InstanceMarketOptions: { MarketType: 'spot' },
    TagSpecifications: [{ ResourceType: 'instance', Tags }],
  });
}

async function callsIn(world: World, from: number, to: number): Promise<number> {
  const { calls } = await world.ledger();
  return calls.filter(({ at }) => at >= from && at < to).length / (WINDOW_MS / 60_000);
}
