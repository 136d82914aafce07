/** A worker that can be killed: a process of its own, which says `polling` once it takes tasks. */
import { spawn, type ChildProcess } from 'node:child_process';
import { routeSdkLogs, SIMULATOR_CREDENTIALS, startWorker } from '../../src/worker';
import { sharedBundle } from './bundle';
import type { Lab } from './lab';
import { sharedTemporal } from './temporal';

interface Settings {
  address: string;
  namespace: string;
  simulatorUrl: string;
  taskQueue: string;
  results: string;
  bundle: string;
}

export interface WorkerProcess {
  pid: number;
  /** Ends it as a crash or the kernel does: nothing of it runs any more when this resolves. */
  kill(): Promise<void>;
}

/** Starts a worker on the lab's queue; resolves when it polls. Loading TypeScript takes it a few seconds. */
export async function startWorkerProcess(lab: Lab): Promise<WorkerProcess> {
  const { address, namespace } = sharedTemporal();
  const { simulatorUrl, taskQueue, results } = lab;
  const settings: Settings = { address, namespace, simulatorUrl, taskQueue, results, bundle: sharedBundle() };
  // Through node itself and not the tsx command, which would put a second process in between.
  const child = spawn(process.execPath, ['--import', 'tsx', __filename, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await saysPolling(child);
  return {
    pid: child.pid ?? 0,
    kill: () =>
      new Promise((resolve) => {
        child.once('exit', () => {
          resolve();
        });
        if (!child.kill('SIGKILL')) resolve();
      }),
  };
}

function saysPolling(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const hear = (chunk: Buffer): void => {
      said += chunk.toString('utf8');
      if (said.includes('polling\n')) resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('exit', (code) => {
      reject(new Error(`the worker ended with ${String(code)} before it polled:\n${said}`));
    });
  });
}

async function main(settings: Settings): Promise<void> {
  routeSdkLogs('ERROR', () => undefined);
  const worker = await startWorker({
    connection: { address: settings.address },
    namespace: settings.namespace,
    cloud: { region: 'us-west-2', endpoint: settings.simulatorUrl, credentials: SIMULATOR_CREDENTIALS },
    installation: 'test',
    resultsRoot: settings.results,
    taskQueue: settings.taskQueue,
    workflowBundle: { codePath: settings.bundle },
    log: () => undefined,
  });
  process.stdout.write('polling\n');
  // A test run that is killed leaves its workers without a parent: they end with it.
  setInterval(() => {
    if (process.ppid === 1) process.exit(1);
  }, 1000).unref();
  await worker.ended;
}

if (require.main === module) void main(JSON.parse(process.argv[2] ?? '{}') as Settings);
