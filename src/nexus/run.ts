/** How does an operation of another namespace become one experiment, and its end the operation's? */
import {
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  type Client,
  type WorkflowStartOptions,
} from '@temporalio/client';
import { CancelledFailure } from '@temporalio/common';
import { TemporalOperationResult, type TemporalOperationStartHandler } from '@temporalio/nexus';
import { OperationError } from 'nexus-rpc';
import { requestExperimentId, specDigest, startOnce } from '../client/request';
import { submissionOf } from '../client/submission';
import type { ExperimentResult } from '../contracts/messages';
import { MEMO } from '../contracts/names';
import type { ExperimentInput } from '../schemas/experiment';
import { runSchema } from '../schemas/nexus';
import type { experiment } from '../workflows/experiment';
import { ask, checked, told } from './ask';
import type { RunRequest } from './index';

/** Starts an experiment, joins the one that the request has already made, or answers with what that left. */
export const run: TemporalOperationStartHandler<RunRequest, ExperimentResult> = async (context, nexus, input) => {
  const { spec, requestId } = checked(runSchema, input);
  const { name, shown } = await told(() => submissionOf(spec as ExperimentInput));
  // The server repeats a request under its own id, so without another name that one makes it happen once.
  const id = requestExperimentId(requestId ?? `${name}-${context.requestId}`);
  const digest = specDigest(spec);
  const start = { workflowId: id, args: [spec] as [unknown], memo: { [MEMO.specDigest]: digest }, ...shown };
  const begin = (policies: Policies): Promise<TemporalOperationResult<ExperimentResult>> =>
    nexus.startWorkflow<typeof experiment>('experiment', { ...start, ...policies });
  return ask(context, id, async (client) => {
    const started = await startOnce(client, id, digest, (workflowIdReusePolicy) => begin({ workflowIdReusePolicy }));
    if (started !== undefined) return started;
    try {
      return await begin({ workflowIdReusePolicy: 'REJECT_DUPLICATE', workflowIdConflictPolicy: 'USE_EXISTING' });
    } catch (error) {
      if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
      return TemporalOperationResult.sync(await resultOfClosed(client, id));
    }
  });
};

type Policies = Pick<WorkflowStartOptions, 'workflowIdReusePolicy' | 'workflowIdConflictPolicy'>;

/** Fails as the operation would have failed that waited for the end. */
async function resultOfClosed(client: Client, id: string): Promise<ExperimentResult> {
  try {
    return (await client.workflow.getHandle(id).result()) as ExperimentResult;
  } catch (error) {
    if (!(error instanceof WorkflowFailedError)) throw error;
    const { cause } = error;
    const state = cause instanceof CancelledFailure ? 'canceled' : 'failed';
    throw new OperationError(state, cause?.message ?? error.message, { cause });
  }
}
