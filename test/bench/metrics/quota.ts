/**
 * How often is a quota family asked after its quota refused?
 *
 * Three experiments, one per region, so that a region's launch calls are one experiment's: only spot, only on-demand,
 * and spot then on-demand, all with wider types of the same family and no quota at all. A vCPU quota counts by family
 * and market, so the third meets two quotas. The number is the most launch calls that any of them spent per quota,
 * from the first one that a quota refused (a call refused because its new template is not visible yet met none).
 */
import { launchCallsIn } from '../ledger';
import type { Bench } from '../metric';
import { bare } from '../specs';
import type { World } from '../stack';
import { untilPhase } from '../watch';

const CASES = [
  { region: 'us-west-2', market: 'spot', quotas: 1 },
  { region: 'us-east-1', market: 'on-demand', quotas: 1 },
  { region: 'us-east-2', market: 'spot-then-on-demand', quotas: 2 },
] as const;

export const quota: Bench = {
  name: 'quota',
  goals: [{ name: 'calls per family refused by quota', goal: 1, unit: 'calls' }],
  async run(stack) {
    const world = await stack.world({ quotas: [{ region: '*', group: 'Standard', market: '*', vcpus: 0 }] });
    const calls = await Promise.all(CASES.map((one) => callsPerQuota(world, one)));
    await world.close();
    const note = CASES.map(({ market }, index) => `${market}: ${String(calls[index])}`).join(', ');
    return [{ value: Math.max(...calls), note }];
  },
};

async function callsPerQuota(world: World, { region, market, quotas }: (typeof CASES)[number]): Promise<number> {
  const handle = await world.start(market, bare(4, { regions: [region], market }));
  await untilPhase(handle, ['TearingDown'], 120_000);
  const all = launchCallsIn(await world.ledger(), region);
  await handle.terminate('measured');
  // A fleet that quotas refused is answered like any other, with an error for each pool.
  const calls = all.length - all.findIndex(({ outcome }) => outcome === 'ok');
  if (calls < quotas) throw new Error(`${market} asked ${String(calls)} times, so the quotas were not met`);
  return calls / quotas;
}
