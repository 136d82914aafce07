/**
 * What does it cost to clean up a thousand objects, and to prove that nothing is anywhere?
 *
 * S1k is the load of test/bench/loads. The critical path is what the slowest thing of it takes to go by the draws of
 * the simulator: a machine, a NAT gateway or an endpoint, and then its interface. In 17 regions one has a cell; what
 * counts there are both passes: every call but the deletions, and the looks between the first deletion and the last.
 */
import { isRead, type LedgerCall, type LedgerResource } from '../ledger';
import { cleaned, leftOf, refusedDeletions } from '../cleanups';
import type { Bench, Measured } from '../metric';
import type { Stack } from '../stack';

const HERE = 'us-west-2';

export const cleanup: Bench = {
  name: 'cleanup',
  goals: [
    { name: 'S1k: API calls', goal: 650, unit: 'calls' },
    { name: 'S1k: failed deletes', goal: 10, unit: 'calls' },
    { name: 'S1k: left behind', goal: 0, unit: 'objects' },
    { name: 'S1k: time to the last delete over the critical path', goal: 1.3, unit: 'times' },
    { name: 'empty region: calls of the reaper to find nothing', goal: 3, unit: 'calls' },
    { name: 'empty region: calls of a cleanup to prove it', goal: 20, unit: 'calls' },
    { name: '17 regions, one populated: calls over both passes', goal: 350, unit: 'calls' },
  ],
  async run(stack) {
    const [s1k, empty, wide] = await Promise.all([measureS1k(stack), measureEmpty(stack), measureWide(stack)]);
    return [...s1k, ...empty, wide];
  },
};

async function measureS1k(stack: Stack): Promise<Measured[]> {
  const done = await cleaned(stack, 's1k', { [HERE]: 10 }, [HERE]);
  await done.world.close();
  const { calls, made, result } = done;
  const path = criticalMs(made);
  const failed = refusedDeletions(done);
  const codes = [...new Set(failed.map(({ operation, outcome }) => `${operation} ${outcome}`))].join(', ');
  const seconds = (lastDeletion(calls) - (calls[0]?.at ?? 0)) / 1000;
  const note = `${String(made.length)} objects, verdict ${result.verdict}; ${countsOf(calls)}`;
  return [
    { value: calls.length, note },
    { value: failed.length, note: codes === '' ? 'none' : codes },
    { value: leftOf(done).length, note: `of ${String(made.length)}` },
    { value: (seconds * 1000) / path, note: `${seconds.toFixed(0)} s over ${(path / 1000).toFixed(0)} s` },
  ];
}

async function measureEmpty(stack: Stack): Promise<Measured[]> {
  const done = await cleaned(stack, 'nothing', {}, [HERE]);
  const { length } = (await done.world.ledger()).calls;
  const reaper = await done.world.run('reaper', 'bench-reaper', { regions: [HERE] });
  await reaper.result();
  const look = (await done.world.ledger()).calls.slice(length).filter(({ service }) => service !== 'sts');
  await done.world.close();
  const proof = done.calls.filter(({ service }) => service !== 'sts');
  return [
    { value: look.length, note: look.map(({ operation }) => operation).join(', ') },
    { value: proof.length, note: `verdict ${done.result.verdict}` },
  ];
}

async function measureWide(stack: Stack): Promise<Measured> {
  const done = await cleaned(stack, 'wide', { [HERE]: 1 });
  await done.world.close();
  const deletions = done.calls.filter((call) => !isRead(call));
  const [first, last] = [deletions[0]?.at ?? 0, lastDeletion(done.calls)];
  const passes = done.calls.filter((call) => {
    if (!isRead(call)) return false;
    return call.region !== HERE || call.at < first || call.at > last;
  });
  const note = `${String(done.calls.length)} in all, ${String(deletions.length)} of them deletions`;
  return { value: passes.length, note };
}

function lastDeletion(calls: LedgerCall[]): number {
  return Math.max(0, ...calls.filter((call) => !isRead(call)).map(({ at, millis }) => at + millis));
}

/** The slowest end by the simulator's own draws, in milliseconds. */
function criticalMs(made: LedgerResource[]): number {
  const ends = made.map(({ draws }) => {
    const own = Math.max(0, ...ENDS.map((name) => draws[name] ?? 0));
    return own + (own > 0 ? (draws['interfaceLinger'] ?? 0) : 0);
  });
  return Math.max(...ends);
}

const ENDS = ['terminate', 'natGatewayDelete', 'endpointDelete'];

function countsOf(calls: LedgerCall[]): string {
  const counts = new Map<string, number>();
  for (const { operation } of calls) counts.set(operation, (counts.get(operation) ?? 0) + 1);
  const most = [...counts].sort(([, a], [, b]) => b - a).slice(0, 8);
  return most.map(([operation, count]) => `${operation} ${String(count)}`).join(', ');
}
