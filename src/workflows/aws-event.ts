/** Whom does an event of EC2 concern? One question to a worker of the account, whose answer is the result. */
import type { AwsEventInput, AwsEventVerdict } from '../activities/aws-event';
import { notices } from './activity-proxies';
import { admitted } from './failure';

/** Tells the experiment that owns the instance, and answers with what became of the event. */
export async function awsEvent(input: AwsEventInput): Promise<AwsEventVerdict> {
  return admitted(() => notices.acceptAwsEvent.executeWithOptions({ summary: 'tell its owner' }, [input]));
}
