/** Does a Temporal reset make a second cluster? Never: the launch that was made is found again. */
import { randomUUID } from 'node:crypto';
import type { WorkflowHandle } from '@temporalio/client';
import { inLab } from '../support/in-lab';
import type { Lab } from '../support/lab';
import { expectNoTrace, instancesOf, reaches, resultOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

const steps = [{ match: 'long', seconds: 8 }];
const scenario = { extends: 'quick', nodes: { default: { steps } } } as const;

/** Resets to the workflow task that scheduled the first activity of a type, which is then scheduled again. */
async function resetBefore(lab: Lab, handle: WorkflowHandle, activity: string): Promise<WorkflowHandle> {
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
  it.concurrent('to after provisioning, keeps its nodes and the work that runs on them', keeps('observeNodes'), 60_000);
  it.concurrent('to before the launch, keeps them as well', keeps('launch'), 60_000);
});

function keeps(activity: string): () => Promise<void> {
  return inLab(
    async (lab) => {
      const first = await lab.start('experiment', smallSpec({ steps: [{ name: 'work', on: 'zk', run: 'long' }] }));
      const before = await reaches(first, 'Running');

      const second = await resetBefore(lab, first, activity);
      const result = await resultOf(second);

      const ids = (nodes: { instanceId: string }[]): string[] => nodes.map((node) => node.instanceId).sort();
      expect(result).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
      expect(ids(result.nodes)).toEqual(ids(before.nodes));
      const ledger = await lab.ledger();
      expect(instancesOf(ledger, first.workflowId)).toHaveLength(5);
      const started = ledger.resources.filter(
        (one) => one.type === 'step' && one.tags['ExperimentID'] === first.workflowId && /work$/.test(one.id),
      );
      expect(started.map((one) => one.starts)).toEqual([1, 1, 1]);
      await expectNoTrace(lab, first.workflowId);
    },
    { simulator: { scenario } },
  );
}
