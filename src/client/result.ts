/** What did an experiment leave behind, whichever way it ended? */
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { QUERY, type ExperimentResult, type ExperimentStatus, type FinalPhase } from '../contracts/messages';
import { cleanupResult } from './cleanup';
import { cleanupWorkflowId } from '../contracts/names';

/** Waits for the end; a failure carries the result as its first detail. Rejects with the SDK's error without one. */
export async function experimentResult(client: Client, id: string): Promise<ExperimentResult> {
  try {
    return (await client.workflow.getHandle(id).result()) as ExperimentResult;
  } catch (error) {
    const kept = error instanceof WorkflowFailedError ? await keptResult(client, id, error.cause) : undefined;
    if (kept === undefined) throw error;
    return kept;
  }
}

function keptResult(client: Client, id: string, cause: unknown): Promise<ExperimentResult | undefined> {
  if (cause instanceof CancelledFailure) return cancelledResult(client, id);
  const detail = cause instanceof ApplicationFailure ? (cause.details?.[0] as Partial<ExperimentResult>) : undefined;
  const isResult = detail?.experimentId !== undefined && detail.phase !== undefined;
  return Promise.resolve(isResult ? (detail as ExperimentResult) : undefined);
}

/** Temporal keeps no details of a cancellation, so its last status and its cleanup are put together. */
async function cancelledResult(client: Client, id: string): Promise<ExperimentResult | undefined> {
  try {
    const certificate = await cleanupResult(client, cleanupWorkflowId(id));
    const status = await client.workflow.getHandle(id).query<ExperimentStatus>(QUERY.status);
    const { experimentId, phase, reason, message, nodes, attempts, steps, interruptions, cost } = status;
    const why = { ...(reason === undefined ? {} : { reason }), ...(message === undefined ? {} : { message }) };
    const results = certificate.document.slice(0, Math.max(0, certificate.document.lastIndexOf('/')));
    return {
      experimentId,
      phase: phase as FinalPhase,
      ...why,
      nodes,
      attempts,
      steps,
      interruptions,
      cost,
      certificate,
      results,
    };
  } catch {
    return undefined; // cancelled before it made anything, or nobody is there to ask
  }
}
