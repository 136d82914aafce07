/** How is a cleanup started from outside, and what does it answer? */
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import { QUERY, type CleanupInput, type CleanupResult, type CleanupStatus } from '../contracts/messages';
import { cleanupWorkflowId } from '../contracts/names';

interface Place {
  client: Client;
  taskQueue: string;
}

/** Starts the cleanup of an experiment, or joins the one under way; answers with the id of its workflow. */
export async function startCleanup({ client, taskQueue }: Place, input: CleanupInput): Promise<string> {
  const id = cleanupWorkflowId(input.experimentId);
  const { workflowId } = await client.workflow.start('cleanup', {
    // A dry run changes nothing, so it may run beside a cleanup and must never be joined by one.
    workflowId: input.dryRun === true ? `${id}/dry-run` : id,
    workflowIdConflictPolicy: 'USE_EXISTING',
    taskQueue,
    args: [input],
    staticSummary: `${input.dryRun === true ? 'what is left of' : 'delete what is left of'} ${input.experimentId}`,
  });
  return workflowId;
}

/** The same, and waits for its certificate. */
export async function runCleanup(
  place: Place,
  input: CleanupInput,
  onStatus?: (status: CleanupStatus) => void,
): Promise<CleanupResult> {
  const workflowId = await startCleanup(place, input);
  const { client } = place;
  const handle = client.workflow.getHandle(workflowId);
  const look = setInterval(() => {
    // A look that fails is made again a second later; the result does not depend on it.
    if (onStatus !== undefined) handle.query<CleanupStatus>(QUERY.status).then(onStatus, () => undefined);
  }, LOOK_MS);
  try {
    return await cleanupResult(client, workflowId);
  } finally {
    clearInterval(look);
  }
}

/** A person sees a steady picture at this pace. */
const LOOK_MS = 1000;

/** Where the cleanup of an experiment is: its status while it runs, its certificate at its end. */
export type CleanupState = { state: 'running'; status: CleanupStatus } | { state: 'ended'; certificate: CleanupResult };

/** Rejects with Temporal's "not found" when there was none. */
export async function cleanupState(client: Client, experimentId: string): Promise<CleanupState> {
  const handle = client.workflow.getHandle(cleanupWorkflowId(experimentId));
  const { status } = await handle.describe();
  if (status.name === 'RUNNING') return { state: 'running', status: await handle.query<CleanupStatus>(QUERY.status) };
  return { state: 'ended', certificate: await cleanupResult(client, handle.workflowId) };
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
