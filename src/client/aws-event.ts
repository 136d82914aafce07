/** How does an event that EventBridge delivers reach the experiment it concerns? */
import { WorkflowExecutionAlreadyStartedError, type Client } from '@temporalio/client';
import { awsEventWorkflowId } from '../contracts/names';
import { parseAwsEvent } from '../schemas/aws-event';
import { HoldfastError } from './errors';
import { specDigest } from './request';

/** Hands the event to a worker and answers with the workflow's id. An event that comes twice is taken once. */
export async function acceptAwsEvent(client: Client, taskQueue: string, event: unknown): Promise<string> {
  const parsed = parseAwsEvent(event);
  if (!parsed.ok) throw new HoldfastError('refused', 'this is no event about an instance', { lines: parsed.problems });
  const workflowId = awsEventWorkflowId(specDigest(event));
  const { detail } = parsed.value;
  try {
    await client.workflow.start('awsEvent', {
      workflowId,
      taskQueue,
      workflowIdReusePolicy: 'REJECT_DUPLICATE',
      args: [{ event }],
      staticSummary: `${parsed.value['detail-type']}: ${detail['instance-id']}`,
    });
  } catch (error) {
    if (!(error instanceof WorkflowExecutionAlreadyStartedError)) throw error;
  }
  return workflowId;
}
