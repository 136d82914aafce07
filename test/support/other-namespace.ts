/** Who calls from elsewhere? A namespace of its own with a worker of its own, and an endpoint that leads to a lab. */
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { removeBundle, writeBundle } from './bundle';
import { eventually, uniqueId } from './lab';
import { sharedTemporal } from './temporal';

export interface OtherNamespace {
  client: Client;
  taskQueue: string;
  /** The Nexus endpoint of the lab's queue. */
  endpoint: string;
  close(): Promise<void>;
}

/** Registers a namespace, starts a worker with these workflows in it, and has an endpoint lead to `toQueue`. */
export async function startOtherNamespace(toQueue: string, workflowsPath: string): Promise<OtherNamespace> {
  const { address, namespace: target } = sharedTemporal();
  const namespace = uniqueId('elsewhere');
  const endpoint = uniqueId('experiments');
  const connection = await Connection.connect({ address });
  const day = { seconds: 86_400 as never };
  await connection.workflowService.registerNamespace({ namespace, workflowExecutionRetentionPeriod: day });
  const created = await connection.operatorService.createNexusEndpoint({
    spec: { name: endpoint, target: { worker: { namespace: target, taskQueue: toQueue } } },
  });
  // The frontend sees a new namespace when it reads them again, seconds later.
  await eventually(() => isThere(connection, namespace), 60_000);
  const codePath = await writeBundle({ workflowsPath });
  const native = await NativeConnection.connect({ address });
  const taskQueue = uniqueId('callers');
  const worker = await Worker.create({ connection: native, namespace, taskQueue, workflowBundle: { codePath } });
  const ended = worker.run();
  return {
    client: new Client({ connection, namespace }),
    taskQueue,
    endpoint,
    async close() {
      worker.shutdown();
      await ended;
      await native.close();
      const { id, version } = created.endpoint ?? {};
      await connection.operatorService.deleteNexusEndpoint({ id: id ?? '', version: version ?? null });
      await connection.close();
      removeBundle(codePath);
    },
  };
}

async function isThere(connection: Connection, namespace: string): Promise<true | undefined> {
  return connection.workflowService.listWorkflowExecutions({ namespace, pageSize: 1 }).then(
    () => true as const,
    () => undefined,
  );
}
