/**
 * A project of its own: its worker, its queue, its workflow. Nothing of Holdfast's worker and no AWS is loaded.
 *
 *     node --import tsx main.ts BUILD [QUEUE]     QUEUE is that of Holdfast's workers, `holdfast` when absent
 */
import { Client, Connection } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';

const QUEUE = 'other-project';

async function main(build: string, taskQueue = 'holdfast'): Promise<void> {
  const address = process.env['TEMPORAL_ADDRESS'] ?? 'localhost:7233';
  const connection = await NativeConnection.connect({ address });
  const workflowsPath = require.resolve('./workflows');
  const worker = await Worker.create({ connection, taskQueue: QUEUE, workflowsPath });
  const client = new Client({ connection: await Connection.connect({ address }) });
  const report: unknown = await worker.runUntil(
    client.workflow.execute('nightly', {
      taskQueue: QUEUE,
      workflowId: `report-${build}`,
      args: [{ build, taskQueue }],
    }),
  );
  process.stdout.write(`${JSON.stringify(report)}\n`);
  await client.connection.close();
  await connection.close();
}

const [build = 'today', queue] = process.argv.slice(2);
void main(build, queue);
