/** Workflows that end in every way the real ones can, for tests of the client alone. */
import {
  ApplicationFailure,
  CancellationScope,
  condition,
  defineQuery,
  defineSignal,
  defineUpdate,
  executeChild,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';

interface Stub {
  name?: string;
}

export async function experiment(input: Stub): Promise<unknown> {
  const { workflowId } = workflowInfo();
  const notes: string[] = [];
  let isStopped = false;
  let phase = 'Running';
  const result = (phase: string) => ({ experimentId: workflowId, phase, certificate: { verdict: 'clean' } });
  setHandler(defineQuery('status'), () => ({
    experimentId: workflowId,
    phase,
    timeline: notes,
    cost: { usdPerHour: 0, onDemandUsdPerHour: 0, spentUsd: 0, atExpiryUsd: 0, at: '2026-01-01T00:00:00.000Z' },
  }));
  setHandler(defineSignal<[string]>('note'), (text) => void notes.push(text));
  setHandler(defineUpdate<unknown>('stop'), () => {
    isStopped = true;
    return { phase: 'Running' };
  });
  setHandler(defineUpdate<unknown, [{ by: string }]>('extend'), ({ by }) => ({ expiresAt: `later by ${by}` }), {
    validator: ({ by }) => {
      if (by === 'soon') throw ApplicationFailure.nonRetryable('by: "soon" is no duration', 'InvalidInput');
    },
  });
  if (input.name === 'done') return result('Done');
  if (input.name === 'failed') throw ApplicationFailure.nonRetryable('exited 7', 'Workload', result('Failed'));
  if (input.name === 'refused') throw ApplicationFailure.nonRetryable('a: is wrong\nb: is wrong', 'InvalidInput');
  if (input.name === 'broken') throw ApplicationFailure.nonRetryable('a defect', 'Internal');
  try {
    await condition(() => isStopped);
  } catch (error) {
    phase = 'Cancelled';
    await CancellationScope.nonCancellable(() =>
      executeChild(cleanup, {
        workflowId: `${workflowId}/cleanup`,
        args: [{ experimentId: workflowId, plan: true }],
      }),
    );
    throw error;
  }
  return result('Cancelled');
}

export async function cleanup(input: { experimentId: string; plan?: boolean }): Promise<unknown> {
  await Promise.resolve();
  const { workflowId } = workflowInfo();
  const result = { ...input, verdict: 'blocked', left: [workflowId], resources: 1, digest: 'd', document: '' };
  if (input.plan === true) return result;
  throw ApplicationFailure.nonRetryable('blocked: 1 left', 'CleanupIncomplete', result);
}
