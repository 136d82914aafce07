/** How does a workflow fail, and why did something it called fail? */
import {
  ActivityFailure,
  ApplicationFailure,
  CancellationScope,
  ChildWorkflowFailure,
  isCancellation,
} from '@temporalio/workflow';
import { RetryState } from '@temporalio/common';
import { FAILURES, type FailureType } from '../contracts/failures';
import type { Reason } from '../contracts/messages';

/** A failure of the closed table. Nothing else may leave a workflow: a plain Error would hang it. */
export function failure(type: FailureType, message: string, ...details: unknown[]): ApplicationFailure {
  return ApplicationFailure.create({ type, message, nonRetryable: true, details });
}

/** Whether this is the consequence of a cancellation, in any of the shapes it arrives in. */
export function wasCancelled(error: unknown): boolean {
  if (isCancellation(error)) return true;
  return error instanceof ActivityFailure && error.retryState === RetryState.CANCEL_REQUESTED;
}

/** Why it failed: the type of the innermost failure of the table, with its words. */
export function causeOf(error: unknown): { type: FailureType; message: string } {
  let inner: unknown = error;
  while ((inner instanceof ActivityFailure || inner instanceof ChildWorkflowFailure) && inner.cause !== undefined) {
    inner = inner.cause;
  }
  const message = inner instanceof Error ? inner.message : String(inner);
  if (inner instanceof ApplicationFailure && inner.type != null && inner.type in FAILURES) {
    return { type: inner.type as FailureType, message };
  }
  return { type: 'Internal', message };
}

/** Terminal mistakes of the input become the workflow's own failure, so that the UI shows their lines first. */
export async function admitted<T>(admit: () => Promise<T>): Promise<T> {
  try {
    return await admit();
  } catch (error) {
    if (wasCancelled(error)) throw error;
    const { type, message } = causeOf(error);
    throw failure(type, message);
  }
}

const REASONS: Partial<Record<FailureType, Reason>> = {
  InvalidInput: 'Spec',
  InvalidRequest: 'Spec',
  NotAuthorized: 'Policy',
  NotOurs: 'Policy',
  Quota: 'Quota',
  Capacity: 'Capacity',
  GateFailed: 'NotReady',
  Interrupted: 'Interrupted',
  Workload: 'Workload',
  Timeout: 'Timeout',
};

/** The reason shown to users for a failure type. */
export function reasonOf(type: FailureType): Reason {
  return REASONS[type] ?? 'Internal';
}

/** Waits for all, then throws the first error: nothing is still launching when somebody starts to clean up. */
export async function settleAll<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  const settled = await Promise.allSettled(promises);
  return settled.map((entry) => {
    if (entry.status === 'rejected') throw entry.reason;
    return entry.value;
  });
}

/** Does all of it beside each other; the first that fails ends the others, which might wait for what it gave up. */
export async function allOrNone<T>(works: readonly (() => Promise<T>)[]): Promise<T[]> {
  const scope = new CancellationScope();
  const failures: unknown[] = [];
  const done = await scope.run(() =>
    settleAll(
      works.map((work) =>
        work().catch((error: unknown) => {
          failures.push(error);
          scope.cancel();
          return undefined;
        }),
      ),
    ),
  );
  if (failures.length > 0) throw failures[0];
  return done as T[];
}
