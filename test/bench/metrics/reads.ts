/**
 * How many reads does it take to wait for 500 nodes?
 *
 * The waiting is the time from the last node's launch until the experiment is ready, here lengthened by units that
 * take 60 to 75 s to start, so that both kinds of waiting are in it: for EC2 and the agent, and for the machines
 * themselves. The number is the worst 5 s window that lies in it: every Describe, Get and List call of all services
 * in the ledger, with a window beginning at each call.
 */
import { instancesOf, isRead, type LedgerCall } from '../ledger';
import type { Bench } from '../metric';
import { cluster } from '../specs';
import { untilPhase } from '../watch';

const COUNTS = { zookeeper: 20, bookkeeper: 200, broker: 180, client: 100 };
const WINDOW_MS = 5000;

export const reads: Bench = {
  name: 'reads',
  goals: [{ name: 'reads per 5 s while 500 nodes get ready', goal: 22, unit: 'calls' }],
  async run(stack) {
    const world = await stack.world({ delays: { serviceStart: [60_000, 75_000] } });
    const spec = cluster(COUNTS);
    // All four components at once: the more is asked for in one look, the more reads.
    for (const part of Object.values(spec.components)) part.dependsOn = [];
    const handle = await world.start('reads', spec);
    await untilPhase(handle, ['Configuring'], 120_000);
    await untilPhase(handle, ['Ready'], 300_000);
    const readyAt = Date.now();
    const ledger = await world.ledger();
    await handle.terminate('measured');
    await world.close();
    const launchedAt = Math.max(...instancesOf(ledger, handle.workflowId).map(({ createdAt }) => createdAt));
    const calls = ledger.calls.filter((call) => isRead(call) && call.at > launchedAt && call.at <= readyAt);
    const worst = worstWindow(calls, readyAt);
    const seconds = ((readyAt - launchedAt) / 1000).toFixed(0);
    return [
      {
        value: worst.length,
        note: `${calls.length} reads in ${seconds} s of waiting; worst window ${counted(worst)}, on average ${((calls.length * WINDOW_MS) / (readyAt - launchedAt)).toFixed(1)}`,
      },
    ];
  },
};

function worstWindow(calls: LedgerCall[], endsAt: number): LedgerCall[] {
  const windows = calls
    .filter(({ at }) => at + WINDOW_MS <= endsAt)
    .map(({ at }) => calls.filter((call) => call.at >= at && call.at < at + WINDOW_MS));
  return windows.reduce((worst, window) => (window.length > worst.length ? window : worst), []);
}

function counted(calls: LedgerCall[]): string {
  const counts = new Map<string, number>();
  for (const { operation } of calls) counts.set(operation, (counts.get(operation) ?? 0) + 1);
  return [...counts].map(([operation, count]) => `${count} ${operation}`).join(', ');
}
