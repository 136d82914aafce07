/**
 * How much longer than necessary does it take until four levels of components are ready?
 *
 * The time runs from the start call until the experiment asks the first node to begin its step: the SendCommand in the
 * ledger that made the step's record. The critical path is made of the delays that the simulator drew for the nodes:
 * launch call, pending to running, agent, and at each level the delivery of the setup command and the slowest unit,
 * begun when the level before was ready.
 */
import { criticalPathSeconds } from '../../../src/dev/critical-path';
import { experimentSchema } from '../../../src/schemas/experiment';
import type { LedgerDocument } from '../../../src/simulator';
import { instancesOf } from '../ledger';
import type { Bench } from '../metric';
import { cluster } from '../specs';
import { until } from '../watch';

const STEP = 'witness';

export const criticalPath: Bench = {
  name: 'critical-path',
  goals: [{ name: 'time to ready over the critical path, 4 levels', goal: 1.15, unit: 'ratio' }],
  async run(stack) {
    const world = await stack.world();
    const spec = cluster(
      { zookeeper: 3, bookkeeper: 3, broker: 2, client: 1 },
      { steps: [{ name: STEP, on: 'client', run: 'true' }] },
    );
    const startedAt = Date.now();
    const handle = await world.start('path', spec);
    const { ledger, askedAt } = await until('the step', 300_000, async () => {
      const now = await world.ledger();
      const at = stepAskedAt(now);
      return at === undefined ? undefined : { ledger: now, askedAt: at };
    });
    await handle.terminate('measured');
    await world.close();
    const path = criticalPathSeconds(experimentSchema.parse(spec), instancesOf(ledger, handle.workflowId));
    const total = (askedAt - startedAt) / 1000;
    return [
      {
        value: total / path,
        note: `${total.toFixed(1)} s from the start to the step, critical path ${path.toFixed(1)} s`,
      },
    ];
  },
};

/** The last command sent before the step began on its node. */
function stepAskedAt({ resources, calls }: LedgerDocument): number | undefined {
  const step = resources.find(({ type, token }) => type === 'step' && token?.endsWith(STEP));
  if (step === undefined) return undefined;
  return calls.findLast(({ operation, at }) => operation === 'SendCommand' && at <= step.createdAt)?.at;
}
