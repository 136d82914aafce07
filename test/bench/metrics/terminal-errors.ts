/**
 * Is a call repeated that lacks a permission or is wrong?
 *
 * One experiment after another, each with one operation that AWS refuses for good: a missing permission or a wrong
 * parameter, before anything is bought, at the launch itself and on the nodes. Retries are the calls of the operation
 * in the experiment's region between its first refusal and teardown. The number is the worst case's.
 */
import type { Bench } from '../metric';
import { cluster } from '../specs';
import type { World } from '../stack';
import { untilPhase } from '../watch';

interface Case {
  operation: string;
  error: string;
  /** Which call of the operation is refused first; all when absent. */
  from?: number;
}

const CASES: Case[] = [
  { operation: 'DescribeInstanceTypeOfferings', error: 'UnauthorizedOperation' },
  { operation: 'CreateLaunchTemplate', error: 'UnauthorizedOperation' },
  { operation: 'CreateSecurityGroup', error: 'InvalidParameterValue' },
  // The first CreateFleet is the rehearsal.
  { operation: 'CreateFleet', error: 'UnauthorizedOperation' },
  { operation: 'CreateFleet', error: 'UnauthorizedOperation', from: 2 },
  { operation: 'CreateFleet', error: 'InvalidParameterCombination', from: 2 },
  { operation: 'SendCommand', error: 'AccessDeniedException' },
];

export const terminalErrors: Bench = {
  name: 'terminal-errors',
  goals: [{ name: 'retries after an auth or config error', goal: 0, unit: 'calls' }],
  async run(stack) {
    const world = await stack.world();
    const retries: number[] = [];
    for (const [index, one] of CASES.entries()) retries.push(await measure(world, index, one));
    await world.close();
    const note = CASES.map(({ operation, error }, index) => `${operation} ${error}: ${String(retries[index])}`);
    return [{ value: Math.max(...retries), note: note.join('; ') }];
  },
};

/** One component alone: launches of several run beside each other, and the second would look like a retry. */
async function measure(world: World, index: number, { operation, error, from = 1 }: Case): Promise<number> {
  const region = 'us-west-2';
  const startedAt = Date.now();
  // One rule per call: retries without end would show as many.
  const plan = Array.from({ length: 20 }, (_, call) => ({ operation, nth: from + call, effect: { error } }));
  await world.control('faults', plan);
  const { zookeeper } = cluster({ zookeeper: 1, bookkeeper: 1, broker: 1, client: 1 }).components;
  if (zookeeper === undefined) throw new Error('the spec lost its first component');
  const handle = await world.start(`case-${String(index)}`, {
    instanceProfile: 'holdfast-node',
    regions: [region],
    components: { zookeeper },
  });
  await untilPhase(handle, ['TearingDown'], 120_000);
  const { calls } = await world.ledger();
  await handle.terminate('measured');
  const own = calls.filter((call) => call.operation === operation && call.region === region && call.at >= startedAt);
  const refused = own.findIndex(({ outcome }) => outcome === error);
  if (refused === -1) throw new Error(`${operation} was never refused with ${error}`);
  return own.length - refused - 1;
}
