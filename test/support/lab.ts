/** What does a workflow test stand on? A simulated AWS and a worker of its own, on the shared Temporal server. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { startSimulator, type LedgerDocument } from '../../src/simulator';
import { routeSdkLogs, SIMULATOR_CREDENTIALS, startWorker, type RunningWorker } from '../../src/worker';
import { sharedBundle } from './bundle';
import { sharedTemporal } from './temporal';

type SimulatorOptions = Parameters<typeof startSimulator>[0];

export type Ledger = LedgerDocument;

export interface Lab {
  client: Client;
  taskQueue: string;
  simulatorUrl: string;
  /** Starts any workflow as the Temporal UI does: a type name and one JSON value. */
  start(type: string, input: unknown, id?: string): Promise<WorkflowHandle>;
  ledger(): Promise<Ledger>;
  /** Posts to the simulator's control API: `faults`, `capacity`, `interrupt`. */
  control(path: string, body: unknown): Promise<void>;
  /** The results folder. */
  results: string;
  close(): Promise<void>;
}

let counter = 0;
// Workflows that fail on purpose would fill the output; jest runs this once per test file.
routeSdkLogs('ERROR', () => undefined);

/** A workflow or experiment id that no other test uses. */
export function uniqueId(name: string): string {
  counter += 1;
  return `${name}-${String(process.pid)}-${String(Date.now())}-${String(counter)}`;
}

/** Starts a lab. `worker: false` leaves the worker to the test. */
export async function startLab(options: { simulator?: SimulatorOptions; worker?: boolean } = {}): Promise<Lab> {
  const { address, namespace } = sharedTemporal();
  const results = await mkdtemp(join(tmpdir(), 'holdfast-lab-'));
  const simulator = await startSimulator({ scenario: 'quick', dir: join(results, 'nodes'), ...options.simulator });
  const taskQueue = uniqueId('queue');
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  const worker = options.worker === false ? undefined : await labWorker({ taskQueue, url: simulator.url, results });
  return {
    client,
    taskQueue,
    simulatorUrl: simulator.url,
    results,
    start: (type, input, id = uniqueId(type)) =>
      client.workflow.start(type, { taskQueue, workflowId: id, args: input === undefined ? [] : [input] }),
    ledger: async () => (await (await fetch(`${simulator.url}/_sim/ledger`)).json()) as Ledger,
    control: (path, body) => post(`${simulator.url}/_sim/${path}`, body),
    close: async () => {
      await worker?.stop();
      await connection.close();
      await simulator.close();
      await rm(results, { recursive: true, force: true });
    },
  };
}

/** An in-process worker on the lab's queue, on the run's server and of the lab's installation unless told otherwise. */
export async function labWorker(
  lab: { taskQueue: string; url: string; results: string },
  at: { address: string; namespace: string; installation?: string; maxLeaseSeconds?: number } = sharedTemporal(),
): Promise<RunningWorker> {
  const { address, namespace, installation = 'test', maxLeaseSeconds } = at;
  return startWorker({
    connection: { address },
    namespace,
    cloud: { region: 'us-west-2', endpoint: lab.url, credentials: SIMULATOR_CREDENTIALS },
    installation,
    ...(maxLeaseSeconds === undefined ? {} : { maxLeaseSeconds }),
    secrets: { HOLDFAST_SECRET_TEST: 'a key that only the test knows' },
    resultsRoot: lab.results,
    taskQueue: lab.taskQueue,
    workflowBundle: { codePath: sharedBundle() },
    log: () => undefined,
  });
}

async function post(url: string, body: unknown): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  if (!response.ok) throw new Error(`${url}: ${String(response.status)} ${await response.text()}`);
}

/** Waits until the probe gives a value; fails with the last error after the limit. */
export async function eventually<T>(probe: () => Promise<T | undefined>, limitMs = 20_000): Promise<T> {
  const deadline = Date.now() + limitMs;
  for (;;) {
    const value = await probe();
    if (value !== undefined) return value;
    if (Date.now() > deadline) throw new Error(`did not happen within ${String(limitMs)} ms`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}
