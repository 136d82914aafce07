/** What does a test of the cleanup workflow stand on? A worker whose AWS is in memory, on the shared Temporal server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { ApplicationFailure } from '@temporalio/common';
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { createCleanupActivities } from '../../src/activities/cleanup';
import { guard } from '../../src/activities/failure';
import type { CleanupPlan, CleanupResult } from '../../src/contracts/messages';
import { createFolderStore } from '../../src/results/folder';
import { sharedBundle } from './bundle';
import { memoryCloud, memoryResource, type MemoryOptions, type MemoryResource } from './memory-inventory';
import { sharedTemporal } from './temporal';

/** The settle time of the tests: long enough to be measured, short enough to wait for. */
export const SETTLE = '200ms';

export interface CleanupBench {
  client: Client;
  /** The workflow id of what `start` starts; its experiment is `exp-1` unless told. */
  id: string;
  calls: ReturnType<typeof memoryCloud>['calls'];
  start(input: unknown): Promise<WorkflowHandle>;
  /** The result, of a failed cleanup that in the details. */
  run(over?: Record<string, unknown>): Promise<CleanupResult & { failed?: string }>;
  plan(over?: Record<string, unknown>): Promise<CleanupPlan>;
}

/** Runs a test beside a worker whose AWS holds these resources; the results of one test file are in one folder. */
export type WithWorker = (
  resources: MemoryResource[],
  options: MemoryOptions,
  test: (bench: CleanupBench) => Promise<void>,
) => Promise<void>;

let counter = 0;

/** To be called once, at the top of a test file. */
export function useCleanupBench(): WithWorker {
  // Workflows that fail on purpose would fill the output.
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  let results: string;
  let connection: Connection;
  let native: NativeConnection;

  beforeAll(async () => {
    const { address } = sharedTemporal();
    results = await mkdtemp(join(tmpdir(), 'holdfast-cleanup-'));
    connection = await Connection.connect({ address });
    native = await NativeConnection.connect({ address });
  });

  afterAll(async () => {
    await connection.close();
    await native.close();
    await rm(results, { recursive: true });
  });

  return async (resources, options, test) => {
    const { namespace } = sharedTemporal();
    const { cloud, calls } = memoryCloud(resources, options);
    counter += 1;
    const taskQueue = `cleanup-${String(process.pid)}-${String(counter)}`;
    const activities = guard(createCleanupActivities({ cloud, results: createFolderStore(results) }));
    const worker = await Worker.create({
      connection: native,
      namespace,
      taskQueue,
      activities: { ...activities },
      workflowBundle: { codePath: sharedBundle() },
    });
    const client = new Client({ connection, namespace });
    const id = `${taskQueue}/cleanup`;
    const start = (input: unknown): Promise<WorkflowHandle> =>
      client.workflow.start('cleanup', { taskQueue, workflowId: id, args: input === undefined ? [] : [input] });
    const run = async (over = {}): Promise<CleanupResult & { failed?: string }> => {
      const handle = await start({ experimentId: 'exp-1', settleSeconds: SETTLE, limitSeconds: 20, ...over });
      return handle.result().catch(detailsOf) as Promise<CleanupResult & { failed?: string }>;
    };
    const plan = async (over = {}): Promise<CleanupPlan> =>
      (await (await start({ experimentId: 'exp-1', plan: true, ...over })).result()) as CleanupPlan;
    await worker.runUntil(() => test({ client, id, calls, start, run, plan }));
  };
}

export function causeOf(error: unknown): ApplicationFailure {
  if (error instanceof WorkflowFailedError) return error.cause as ApplicationFailure;
  throw error;
}

export function detailsOf(error: unknown): CleanupResult & { failed: string } {
  const cause = causeOf(error);
  expect(cause.type).toBe('CleanupIncomplete');
  return { ...(cause.details?.[0] as CleanupResult), failed: cause.message };
}

/** A small cluster with every kind of edge. */
export function smallCluster(over: Partial<MemoryResource> = {}): MemoryResource[] {
  const of = (type: string, id: string, neededBy: string[] = [], endsAfterMs = 0): MemoryResource =>
    memoryResource({ type, id, neededBy, endsAfterMs, ...over });
  return [
    of('vpc', 'vpc-1', ['subnet-1', 'sg-1']),
    of('subnet', 'subnet-1', ['i-1', 'eni-1']),
    of('security-group', 'sg-1', ['i-1', 'i-2', 'eni-1']),
    of('launch-template', 'lt-1'),
    of('fleet', 'fleet-1', ['i-1', 'i-2'], 100),
    of('volume', 'vol-1', ['i-1'], 50),
    of('network-interface', 'eni-1', ['i-2']),
    of('instance', 'i-1', [], 400),
    of('instance', 'i-2', [], 700),
    memoryResource({ type: 'spot-instances-request', id: 'sir-1', tags: {}, diesWith: 'i-1' }),
  ];
}
