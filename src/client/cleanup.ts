/** How is a cleanup started from outside, and what does it answer? */
import { WorkflowExecutionAlreadyStartedError, WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure } from '@temporalio/common';
import {
  QUERY,
  type CleanupInput,
  type CleanupPlan,
  type CleanupResult,
  type CleanupStatus,
} from '../contracts/messages';
import { cleanupWorkflowId } from '../contracts/names';
import { cleanupSchema } from '../schemas/cleanup';
import { parseWith } from '../schemas/parse';
import { HoldfastError } from './errors';

interface Starter {
  client: Client;
  taskQueue: string;
}

/** Starts the cleanup of an experiment, or joins the one under way; answers with the id of its workflow. */
export async function startCleanup(starter: Starter, input: CleanupInput): Promise<string> {
  const id = cleanupWorkflowId(input.experimentId);
  await start(starter, id, input).catch(async (error: unknown) => {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
    if (await isOf(starter.client, id, input)) return;
    const other = `another cleanup of ${input.experimentId} is under way: it does not keep to a plan`;
    throw new HoldfastError('exists', other, { cause: error });
  });
  return id;
}

/** The same, and waits for its certificate. */
export async function runCleanup(
  starter: Starter,
  input: CleanupInput,
  onStatus?: (status: CleanupStatus) => void,
): Promise<CleanupResult> {
  return watched<CleanupResult>(starter.client, await startCleanup(starter, input), onStatus);
}

/** Makes a plan; that changes nothing, so it may go on beside a cleanup. */
export async function runPlan(
  starter: Starter,
  input: CleanupInput,
  onStatus?: (status: CleanupStatus) => void,
): Promise<CleanupPlan> {
  const id = `${cleanupWorkflowId(input.experimentId)}/plan`;
  await start(starter, id, { ...input, plan: true });
  return watched<CleanupPlan>(starter.client, id, onStatus);
}

/** A plain cleanup joins whatever is under way; one that keeps to a plan joins none, since that may do more. */
async function start({ client, taskQueue }: Starter, workflowId: string, input: CleanupInput): Promise<void> {
  const parsed = parseWith(cleanupSchema, input);
  if (!parsed.ok) throw new HoldfastError('refused', 'cleanup was refused', { lines: parsed.problems });
  const { experimentId, apply } = input;
  await client.workflow.start('cleanup', {
    workflowId,
    workflowIdConflictPolicy: apply === undefined ? 'USE_EXISTING' : 'FAIL',
    taskQueue,
    args: [input],
    ...(apply === undefined ? {} : { memo: { [PLAN_MEMO]: apply } }),
    staticSummary: `${input.plan === true ? 'plan the cleanup of' : 'delete what is left of'} ${experimentId}`,
  });
}

/** The plan that a cleanup keeps to. */
const PLAN_MEMO = 'plan';

async function isOf(client: Client, workflowId: string, { apply }: CleanupInput): Promise<boolean> {
  const { memo } = await client.workflow.getHandle(workflowId).describe();
  return apply !== undefined && memo?.[PLAN_MEMO] === apply;
}

async function watched<T>(
  client: Client,
  workflowId: string,
  onStatus: ((status: CleanupStatus) => void) | undefined,
): Promise<T> {
  const handle = client.workflow.getHandle(workflowId);
  const look = setInterval(() => {
    // A look that fails is made again a second later; the result does not depend on it.
    if (onStatus !== undefined) handle.query<CleanupStatus>(QUERY.status).then(onStatus, () => undefined);
  }, LOOK_MS);
  try {
    return await cleanupResult<T>(client, workflowId);
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

/** What a cleanup answers, waiting for its end. */
export async function cleanupResult<T = CleanupResult>(client: Client, workflowId: string): Promise<T> {
  try {
    return (await client.workflow.getHandle(workflowId).result()) as T;
  } catch (error) {
    const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
    if (cause instanceof ApplicationFailure && (cause.type === 'InvalidInput' || cause.type === 'PlanRefused')) {
      throw new HoldfastError('refused', 'cleanup was refused; nothing was deleted', {
        lines: cause.message.split('\n'),
        cause,
      });
    }
    const kept = detailOf(cause);
    if (kept === undefined) throw error;
    return kept as T;
  }
}

/** An incomplete cleanup fails, and carries its certificate as the first detail. */
function detailOf(cause: Error | undefined): CleanupResult | undefined {
  const detail = cause instanceof ApplicationFailure ? (cause.details?.[0] as Partial<CleanupResult>) : undefined;
  return detail?.verdict === undefined ? undefined : (detail as CleanupResult);
}
