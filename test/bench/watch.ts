/** How does a benchmark wait? On conditions, cheaply, and with a limit that is far above what is expected. */
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { Phase } from '../../src/contracts/messages';

/** Between two looks: short against every goal, long against what a look costs. */
const LOOK_MS = 100;

/** Waits until the probe gives a value. */
export async function until<T>(what: string, limitMs: number, probe: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${limitMs / 1000} s`);
    await pause(LOOK_MS);
  }
}

/** Waits until the experiment is in one of the phases; rejects when it ended in another. */
export async function untilPhase(handle: WorkflowHandle, phases: Phase[], limitMs: number): Promise<Phase> {
  return until(`${handle.workflowId} in phase ${phases.join(' or ')}`, limitMs, async () => {
    const { status, typedSearchAttributes } = await handle.describe();
    const value = typedSearchAttributes.getAll().find(({ key }) => key.name === 'HoldfastPhase')?.value;
    const phase = value as Phase | undefined;
    if (phase !== undefined && phases.includes(phase)) return phase;
    if (status.name === 'RUNNING') return undefined;
    throw new Error(`${handle.workflowId} ended ${status.name} in phase ${String(phase)}`);
  });
}

/** An activity of the experiment as the server sees it now. */
export interface PendingActivity {
  type: string;
  isRunning: boolean;
  /** Epoch milliseconds of the start of its latest attempt. */
  startedAt: number;
  /** What its last attempt failed with; empty before the first one did. */
  lastFailure: string;
}

export async function pendingActivities(handle: WorkflowHandle): Promise<PendingActivity[]> {
  const { raw } = await handle.describe();
  return (raw.pendingActivities ?? []).map(({ activityType, state, lastStartedTime, lastFailure }) => ({
    type: activityType?.name ?? '',
    // PENDING_ACTIVITY_STATE_STARTED
    isRunning: Number(state) === 2,
    startedAt: Number(lastStartedTime?.seconds ?? 0) * 1000 + (lastStartedTime?.nanos ?? 0) / 1e6,
    lastFailure: lastFailure?.message ?? '',
  }));
}
