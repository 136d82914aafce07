/** The worker of one world, as a process: `startWorker` with the queue and the simulator it is told. */
import { routeSdkLogs, SIMULATOR_CREDENTIALS, startWorker } from '../../../src/worker';
import { serve, settingsOf } from './host';
import { memoryOf } from './memory';

export interface WorkerProcessSettings {
  address: string;
  simulatorUrl: string;
  taskQueue: string;
  resultsRoot: string;
  bundle: string;
  /** Where it serves the SDK's metrics. */
  metricsAddress: string;
}

async function main(): Promise<void> {
  const settings = settingsOf() as WorkerProcessSettings;
  const log = (line: string): boolean => process.stderr.write(`${line}\n`);
  routeSdkLogs('WARN', log, settings.metricsAddress);
  const worker = await startWorker({
    connection: { address: settings.address },
    namespace: 'default',
    cloud: { region: 'us-west-2', endpoint: settings.simulatorUrl, credentials: SIMULATOR_CREDENTIALS },
    installation: 'bench',
    resultsRoot: settings.resultsRoot,
    taskQueue: settings.taskQueue,
    workflowBundle: { codePath: settings.bundle },
    log,
  });
  serve({ ready: {}, answer: () => memoryOf(), stop: () => worker.stop() });
}

void main();
