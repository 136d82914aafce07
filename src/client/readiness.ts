/** Could an experiment be started now? Temporal answers, and workers poll the queue. */
import type { Client } from '@temporalio/client';
import { HoldfastError } from './errors';

/** Shorter than what asks: a load balancer gives up after a few seconds. */
const ANSWER_MS = 3000;

/** How many workers have polled within Temporal's five minutes; rejects with `no-worker` when none has. */
export async function pollingWorkers(client: Client, taskQueue: string): Promise<number> {
  const { pollers } = await client.withDeadline(Date.now() + ANSWER_MS, () =>
    client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue },
    }),
  );
  const identities = new Set(pollers.map(({ identity }) => identity));
  if (identities.size === 0) throw new HoldfastError('no-worker', `no worker polls the queue ${taskQueue}`);
  return identities.size;
}
