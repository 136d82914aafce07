/** Is Temporal as experiments need it, and what does a worker say of AWS? */
import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import type { Finding } from '../contracts/checkup';

/** What a caller can see of the server, and what a worker sees of AWS. */
export interface Checkup {
  serverVersion: string;
  namespace: string;
  /** Names of the search attributes that are registered. */
  searchAttributes: string[];
  /** How many workers poll for workflow tasks. */
  workers: number;
  /** How far this machine's clock is ahead of the server's, in milliseconds; absent when no workflow was started. */
  clockAheadMs?: number;
  /** Absent when no worker polls. */
  aws?: Finding[];
}

/** A dozen reads and dry runs, each under a second; a worker that is throttled takes longer. */
const ANSWER_MS = 60_000;

export async function checkup(
  { client, taskQueue }: { client: Client; taskQueue: string },
  regions: string[] | undefined,
): Promise<Checkup> {
  const { namespace } = client.options;
  const { workflowService, operatorService } = client.connection as unknown as Services;
  const [info, attributes, queue] = await Promise.all([
    workflowService.getSystemInfo({}),
    operatorService.listSearchAttributes({ namespace }),
    // 1 is the queue of workflow tasks (temporal.api.enums.v1.TaskQueueType).
    workflowService.describeTaskQueue({ namespace, taskQueue: { name: taskQueue }, taskQueueType: 1 }),
  ]);
  const workers = queue.pollers?.length ?? 0;
  return {
    serverVersion: info.serverVersion ?? '',
    namespace,
    searchAttributes: Object.keys(attributes.customAttributes ?? {}),
    workers,
    ...(workers === 0 ? {} : await askWorker({ client, taskQueue }, regions)),
  };
}

/** The few calls of Temporal's API that the SDK has no method for. */
interface Services {
  workflowService: {
    getSystemInfo(request: object): Promise<{ serverVersion?: string | null }>;
    describeTaskQueue(request: object): Promise<{ pollers?: unknown[] | null }>;
  };
  operatorService: {
    listSearchAttributes(request: object): Promise<{ customAttributes?: Record<string, unknown> | null }>;
  };
}

async function askWorker(
  { client, taskQueue }: { client: Client; taskQueue: string },
  regions: string[] | undefined,
): Promise<Pick<Checkup, 'clockAheadMs' | 'aws'>> {
  const before = Date.now();
  const handle = await client.workflow.start('doctor', {
    workflowId: `doctor/${randomUUID()}`,
    taskQueue,
    args: [regions === undefined ? {} : { regions }],
    workflowExecutionTimeout: ANSWER_MS,
    staticSummary: 'holdfast doctor',
  });
  const middle = (before + Date.now()) / 2;
  const aws = (await handle.result()) as Finding[];
  const { startTime } = await handle.describe();
  return { clockAheadMs: Math.round(middle - startTime.getTime()), aws };
}
