/** What happens when AWS did what was asked and its answer got lost? Nothing is done twice, and nothing is forgotten. */
import type { FaultPlan } from '../../src/simulator';
import { inLab } from '../support/in-lab';
import { eventually, type Lab } from '../support/lab';
import { expectNoTrace, instancesOf, resultOf, statusOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

/** They run beside each other, on two cores that are shared with all the rest. */
const LIMIT = 120_000;

async function lose(lab: Lab, operation: string, ...nth: number[]): Promise<void> {
  const plan: FaultPlan = nth.map((call) => ({ operation, nth: call, effect: { loseReply: true } }));
  await lab.control('faults', plan);
}

async function lostCalls(lab: Lab, operation: string): Promise<number> {
  const { calls } = await lab.ledger();
  return calls.filter((call) => call.operation === operation && call.outcome === 'reply-lost').length;
}

/** One component without anything to set up, so that the first command is the step. */
function bare(count: number) {
  return smallSpec({ components: { zk: { count } }, steps: [{ name: 'work', on: 'zk', run: 'true' }] });
}

describe('a reply that is lost', () => {
  it.concurrent(
    'after CreateFleet: the nodes that came are found by their LaunchID',
    inLab(async (lab) => {
      // The first CreateFleet is the rehearsal; the next two are the launches of the two components.
      await lose(lab, 'CreateFleet', 2, 3);

      const handle = await lab.start('experiment', smallSpec());
      const result = await resultOf(handle);

      expect(await lostCalls(lab, 'CreateFleet')).toBe(2);
      const counts = result.attempts.map((attempt) => [attempt.component, attempt.asked, attempt.launched]).sort();
      expect(counts).toEqual([
        ['broker', 2, 2],
        ['zk', 3, 3],
      ]);
      expect(instancesOf(await lab.ledger(), handle.workflowId)).toHaveLength(5);
      await expectNoTrace(lab, handle.workflowId);
    }),
    LIMIT,
  );

  it.concurrent(
    'after CreateFleet, while only some of its nodes can be seen: the count stays exact',
    inLab(async (lab) => {
      await lab.control('delays', { visibilityLag: [0, 3000] });
      // Rehearsals are repeated until the new template can be seen, so it is not known which call is the launch.
      await lose(lab, 'CreateFleet', 2, 3, 4, 5, 6, 7, 8);

      const handle = await lab.start('experiment', bare(9));
      await eventually(async () => ((await statusOf(handle)).nodes.length > 0 ? true : undefined), 60_000);
      await lab.control('delays', { visibilityLag: [0, 0] });
      await resultOf(handle);

      expect(await lostCalls(lab, 'CreateFleet')).toBeGreaterThan(0);
      expect(instancesOf(await lab.ledger(), handle.workflowId)).toHaveLength(9);
      await expectNoTrace(lab, handle.workflowId);
    }),
    LIMIT,
  );

  it.concurrent(
    'after SendCommand of a step: the step starts once on each node',
    inLab(async (lab) => {
      await lose(lab, 'SendCommand', 1, 2);

      const handle = await lab.start('experiment', bare(3));
      const result = await resultOf(handle);

      expect(await lostCalls(lab, 'SendCommand')).toBe(2);
      expect(result.steps.map((step) => step.exitCode)).toEqual([0, 0, 0]);
      const steps = (await lab.ledger()).resources.filter((one) => one.type === 'step');
      expect(steps.map((one) => one.starts)).toEqual([1, 1, 1]);
      await expectNoTrace(lab, handle.workflowId);
    }),
    LIMIT,
  );

  it.concurrent(
    'after TerminateInstances and every deletion: the certificate is clean',
    inLab(async (lab) => {
      const operations = ['TerminateInstances', 'DeleteSecurityGroup', 'DeleteLaunchTemplate'];
      const plan = operations.map((operation) => ({ operation, nth: 1, effect: { loseReply: true } }));
      await lab.control('faults', plan);

      const handle = await lab.start('experiment', bare(2));
      const result = await resultOf(handle);

      expect(await Promise.all(operations.map((operation) => lostCalls(lab, operation)))).toEqual([1, 1, 1]);
      expect(result.certificate).toMatchObject({ verdict: 'clean', left: [] });
      await expectNoTrace(lab, handle.workflowId);
    }),
    LIMIT,
  );
});
