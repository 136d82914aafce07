/** How does an experiment end, and what is kept of it? Phase and reason, documents, result or failure. */
import { CancelledFailure, type ApplicationFailure } from '@temporalio/workflow';
import type { FailureType } from '../contracts/failures';
import type { CleanupResult, ExperimentResult, FinalPhase, Reason } from '../contracts/messages';
import { mutations } from './activity-proxies';
import { causeOf, failure, reasonOf, wasCancelled } from './failure';
import type { Run } from './run';
import { tell } from './run-state';

/** How it ended, before teardown has had its say. */
export interface Ending {
  phase: FinalPhase;
  reason?: Reason;
  message?: string;
  /** The failure type to end the workflow with; absent when it completes. */
  failsWith?: FailureType;
}

/** What an error of the work, or the end of the lease, makes of the experiment. */
export function endingOf(run: Run, error: unknown): Ending {
  if (!wasCancelled(error)) {
    const { type, message } = causeOf(error);
    return { phase: 'Failed', reason: reasonOf(type), message, failsWith: type };
  }
  if (run.controls.expired) return expiry(run);
  if (run.controls.stopped && isIdle(run)) return { phase: 'Done' };
  return { phase: 'Cancelled', reason: 'User', message: run.controls.stopped ? 'stopped' : 'cancelled' };
}

/** A cluster without steps that was ready has done what it was for when somebody stops it. */
function isIdle({ admission, state }: Run): boolean {
  return admission.spec.steps.length === 0 && ['Ready', 'Recovering'].includes(state.status.phase);
}

/** A cluster without steps lives until its lease ends, which is no failure. */
function expiry(run: Run): Ending {
  const message = `the lease ended at ${run.state.status.expiresAt}`;
  const isExpected = run.admission.spec.steps.length === 0;
  return { phase: 'Expired', reason: 'Timeout', message, ...(isExpected ? {} : { failsWith: 'Timeout' }) };
}

/** Keeping a document must never stop an experiment: a full disk is told and passed over. */
export async function keep(run: Run, name: string, content: unknown): Promise<void> {
  const { experimentId } = run.state.status;
  await mutations.record
    .executeWithOptions({ summary: `keep ${name}`, retry: { maximumAttempts: 5 } }, [{ experimentId, name, content }])
    .catch((error: unknown) => {
      if (wasCancelled(error)) throw error;
      tell(run.state, `${name} could not be kept: ${causeOf(error).message}`);
    });
}

/** What the experiment leaves behind. */
export function resultOf(run: Run, ending: Ending, certificate: CleanupResult): ExperimentResult {
  const { status, everyNode } = run.state;
  const { verdict, resources, left, digest, document } = certificate;
  return {
    experimentId: status.experimentId,
    phase: verdict === 'clean' ? ending.phase : 'Failed',
    nodes: everyNode,
    attempts: status.attempts,
    steps: status.steps,
    interruptions: status.interruptions,
    cost: status.cost,
    certificate: { verdict, resources, left, digest, document },
    results: run.admission.results,
    ...(ending.reason === undefined ? {} : { reason: ending.reason }),
    ...(ending.message === undefined ? {} : { message: ending.message }),
  };
}

/** The result, or the failure that carries it. */
export function conclude(run: Run, ending: Ending, certificate: CleanupResult): ExperimentResult {
  const result = resultOf(run, ending, certificate);
  if (certificate.verdict !== 'clean') throw incomplete(result);
  if (ending.failsWith !== undefined) throw failure(ending.failsWith, ending.message ?? ending.failsWith, result);
  if (ending.phase === 'Cancelled' && !run.controls.stopped)
    throw new CancelledFailure('cancelled and cleaned up', [result]);
  return result;
}

function incomplete(result: ExperimentResult): ApplicationFailure {
  const { verdict, left } = result.certificate;
  return failure('CleanupIncomplete', [`cleanup ended ${verdict}:`, ...left].join('\n'), result);
}
