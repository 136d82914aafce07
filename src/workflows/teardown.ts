/** How does an experiment leave nothing behind? It starts its cleanup and takes over the verdict. */
import {
  ApplicationFailure,
  ChildWorkflowCancellationType,
  ChildWorkflowFailure,
  ParentClosePolicy,
  sleep,
  startChild,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { CleanupInput, CleanupResult } from '../contracts/messages';
import { cleanupWorkflowId } from '../contracts/names';
import { cleanup } from './cleanup';

/** Another cleanup of the same experiment is under way: this one follows it, so that the proof is of the end. */
const JOIN_PAUSE_MS = 2000;

/** Runs the cleanup child to its end and returns its summary, whatever the verdict. */
export async function tearDown(input: CleanupInput): Promise<CleanupResult> {
  for (;;) {
    try {
      const child = await startChild(cleanup, {
        workflowId: cleanupWorkflowId(input.experimentId),
        args: [input],
        // Cleanup goes on when the experiment is terminated, and is never cut short by its cancellation.
        parentClosePolicy: ParentClosePolicy.ABANDON,
        cancellationType: ChildWorkflowCancellationType.ABANDON,
        staticSummary: `clean up ${input.experimentId}`.slice(0, 200),
      });
      return (await child.result()) as CleanupResult;
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError) {
        await sleep(JOIN_PAUSE_MS, { summary: 'another cleanup of this experiment is under way' });
        continue;
      }
      return verdictOf(error);
    }
  }
}

/** A cleanup that could not certify fails with its result in the details. */
function verdictOf(error: unknown): CleanupResult {
  const cause = error instanceof ChildWorkflowFailure ? error.cause : error;
  if (cause instanceof ApplicationFailure && cause.details?.[0] != null) return cause.details[0] as CleanupResult;
  throw error;
}
