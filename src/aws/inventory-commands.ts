/** Which SSM commands still run on nodes that are about to end? They carry no tags, so they are found by instance id. */
import { CancelCommandCommand, ListCommandsCommand, type Command } from '@aws-sdk/client-ssm';
import { Failure } from '../contracts/failures';
import type { AwsRegion } from './clients';
import { readPages } from './inventory-kind';
import { inParts } from './paging';
import type { Call } from './ports';

/** Source: ListCommands, MaxResults 1 to 50; CancelCommand, at most 50 instance ids. */
const AT_ONCE = 50;

/**
 * Cancels what runs on the nodes, for these nodes alone, with one call when nothing does. A command ends with its node
 * at the latest, so a refusal stops nothing: it is answered, to be said beside the outcome.
 */
export async function cancelCommands(aws: AwsRegion, instanceIds: string[], call?: Call): Promise<string | undefined> {
  const doomed = new Set(instanceIds);
  try {
    for (const command of await running(aws, call)) {
      const ids = (command.InstanceIds ?? []).filter((id) => doomed.has(id));
      for (const InstanceIds of inParts(ids, AT_ONCE)) {
        await aws.send(new CancelCommandCommand({ CommandId: command.CommandId, InstanceIds }), call);
      }
    }
    return undefined;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return `commands were not cancelled: ${error.message}`;
  }
}

async function running(aws: AwsRegion, call?: Call): Promise<Command[]> {
  const Filters = [{ key: 'ExecutionStage' as const, value: 'Executing' }];
  const pages = await readPages((token) =>
    aws.send(new ListCommandsCommand({ Filters, MaxResults: AT_ONCE, ...token }), call),
  );
  return pages.flatMap((page) => page.Commands ?? []);
}
