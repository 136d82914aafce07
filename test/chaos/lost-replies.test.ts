/** What happens when AWS did what was asked and its answer got lost? Nothing is done twice, and nothing is forgotten. */
import type { FaultPlan } from '../../src/simulator';
import { startLab, type Lab } from '../support/lab';
import { expectNoTrace, instancesOf, reaches, resultOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

let lab: Lab;

beforeAll(async () => {
  lab = await startLab();
});

afterAll(async () => {
  await lab.close();
});

beforeEach(() => lab.control('reset', {}));
afterEach(async () => {
  await lab.control('faults', []);
  await lab.control('delays', { visibilityLag: [0, 0] });
});

async function lose(operation: string, ...nth: number[]): Promise<void> {
  const plan: FaultPlan = nth.map((call) => ({ operation, nth: call, effect: { loseReply: true } }));
  await lab.control('faults', plan);
}

async function lostCalls(operation: string): Promise<number> {
  const { calls } = await lab.ledger();
  return calls.filter((call) => call.operation === operation && call.outcome === 'reply-lost').length;
}

/** One component without anything to set up, so that the first command is the step. */
function bare(count: number) {
  return smallSpec({ components: { zk: { count } }, steps: [{ name: 'work', on: 'zk', run: 'true' }] });
}

describe('a reply that is lost', () => {
  it('after CreateFleet: the nodes that came are found by their LaunchID', async () => {
    // The first CreateFleet is the rehearsal; the next two are the launches of the two components.
    await lose('CreateFleet', 2, 3);

    const handle = await lab.start('experiment', smallSpec());
    const result = await resultOf(handle);

    expect(await lostCalls('CreateFleet')).toBe(2);
    const counts = result.attempts.map((attempt) => [attempt.component, attempt.asked, attempt.launched]).sort();
    expect(counts).toEqual([
      ['broker', 2, 2],
      ['zk', 3, 3],
    ]);
    expect(instancesOf(await lab.ledger(), handle.workflowId)).toHaveLength(5);
    await expectNoTrace(lab, handle.workflowId);
  });

  it('after CreateFleet, while only some of its nodes can be seen: the count stays exact', async () => {
    await lab.control('delays', { visibilityLag: [0, 3000] });
    // Rehearsals are repeated until the new template can be seen, so it is not known which call is the launch.
    await lose('CreateFleet', 2, 3, 4, 5, 6, 7, 8);

    const handle = await lab.start('experiment', bare(9));
    await reaches(handle, 'Configuring');
    await lab.control('delays', { visibilityLag: [0, 0] });
    await resultOf(handle);

    expect(await lostCalls('CreateFleet')).toBeGreaterThan(0);
    expect(instancesOf(await lab.ledger(), handle.workflowId)).toHaveLength(9);
    await expectNoTrace(lab, handle.workflowId);
  });

  it('after SendCommand of a step: the step starts once on each node', async () => {
    await lose('SendCommand', 1, 2);

    const handle = await lab.start('experiment', bare(3));
    const result = await resultOf(handle);

    expect(await lostCalls('SendCommand')).toBe(2);
    expect(result.steps.map((step) => step.exitCode)).toEqual([0, 0, 0]);
    const steps = (await lab.ledger()).resources.filter((one) => one.type === 'step');
    expect(steps.map((one) => one.starts)).toEqual([1, 1, 1]);
    await expectNoTrace(lab, handle.workflowId);
  });

  it('after TerminateInstances and every deletion: the certificate is clean', async () => {
    const operations = ['TerminateInstances', 'DeleteSecurityGroup', 'DeleteLaunchTemplate'];
    const plan = operations.map((operation) => ({ operation, nth: 1, effect: { loseReply: true } }));
    await lab.control('faults', plan);

    const handle = await lab.start('experiment', bare(2));
    const result = await resultOf(handle);

    expect(await Promise.all(operations.map(lostCalls))).toEqual([1, 1, 1]);
    expect(result.certificate).toMatchObject({ verdict: 'clean', left: [] });
    await expectNoTrace(lab, handle.workflowId);
  });
});
