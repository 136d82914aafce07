/** Does a Temporal reset make a second cluster? Never: the launch that was made is found again. */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { startLab, type Lab } from '../support/lab';
import { expectNoTrace, instancesOf, reaches, resultOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

let lab: Lab;

beforeAll(async () => {
  const steps = [{ match: 'long', seconds: 8 }];
  lab = await startLab({ simulator: { scenario: { extends: 'quick', nodes: { default: { steps } } } } });
});

afterAll(async () => {
  await lab.close();
});

/** Resets to the workflow task that scheduled the first activity of a type, which is then scheduled again. */
async function resetBefore(handle: WorkflowHandle, activity: string): Promise<WorkflowHandle> {
  const { events } = await handle.fetchHistory();
  const scheduled = events?.find(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === activity,
  );
  const { runId } = await lab.client.workflowService.resetWorkflowExecution({
    namespace: lab.client.options.namespace,
    workflowExecution: { workflowId: handle.workflowId },
    reason: 'test',
    requestId: randomUUID(),
    workflowTaskFinishEventId: scheduled!.activityTaskScheduledEventAttributes!.workflowTaskCompletedEventId!,
  });
  return lab.client.workflow.getHandle(handle.workflowId, runId);
}

describe('a running experiment that is reset', () => {
  it.each([
    ['to after provisioning', 'observeNodes'],
    ['to before the launch', 'launch'],
  ])('%s keeps its nodes and the work that runs on them', async (_to, activity) => {
    const first = await lab.start('experiment', smallSpec({ steps: [{ name: 'work', on: 'zk', run: 'long' }] }));
    const before = await reaches(first, 'Running');

    const second = await resetBefore(first, activity);
    const result = await resultOf(second);

    const ids = (nodes: { instanceId: string }[]): string[] => nodes.map((node) => node.instanceId).sort();
    expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
    expect(ids(result.nodes)).toEqual(ids(before.nodes));
    const ledger = await lab.ledger();
    expect(instancesOf(ledger, first.workflowId)).toHaveLength(5);
    const steps = ledger.resources.filter(
      (one) => one.type === 'step' && one.tags['ExperimentID'] === first.workflowId && /work$/.test(one.id),
    );
    expect(steps.map((one) => one.starts)).toEqual([1, 1, 1]);
    await expectNoTrace(lab, first.workflowId);
  });
});
