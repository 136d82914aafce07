/** How is a cleanup started from outside, and what does it answer? */
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import type { CleanupInput, CleanupResult } from '../contracts/messages';
import { cleanupWorkflowId } from '../contracts/names';

/** Starts the cleanup of an experiment, or joins the one under way, and waits for its certificate. */
export async function runCleanup(
  { client, taskQueue }: { client: Client; taskQueue: string },
  input: CleanupInput,
): Promise<CleanupResult> {
  const id = cleanupWorkflowId(input.experimentId);
  const { workflowId } = await client.workflow.start('cleanup', {
    // A dry run changes nothing, so it may run beside a cleanup and must never be joined by one.
    workflowId: input.dryRun === true ? `${id}/dry-run` : id,
    workflowIdConflictPolicy: 'USE_EXISTING',
    taskQueue,
    args: [input],
    staticSummary: `${input.dryRun === true ? 'what is left of' : 'delete what is left of'} ${input.experimentId}`,
  });
  return cleanupResult(client, workflowId);
}

/** The certificate of a cleanup, waiting for its end. */
export async function cleanupResult(client: Client, workflowId: string): Promise<CleanupResult> {
  try {
    return (await client.workflow.getHandle(workflowId).result()) as CleanupResult;
  } catch (error) {
    const kept = error instanceof WorkflowFailedError ? detailOf(error.cause) : undefined;
    if (kept === undefined) throw error;
    return kept;
  }
}

/** An incomplete cleanup fails, and carries its certificate as the first detail. */
function detailOf(cause: Error | undefined): CleanupResult | undefined {
  const detail = cause instanceof ApplicationFailure ? (cause.details?.[0] as Partial<CleanupResult>) : undefined;
  return detail?.verdict === undefined ? undefined : (detail as CleanupResult);
}
