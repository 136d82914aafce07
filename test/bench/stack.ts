/** What does a benchmark stand on? One Temporal server of its own, and worlds: a simulator and a worker, processes both. */
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { Client, Connection, type WorkflowHandle } from '@temporalio/client';
import { readConfig } from '../../src/config';
import { SEARCH_ATTRIBUTES } from '../../src/contracts/names';
import { findTemporalCli } from '../../src/dev/temporal-cli';
import { startTemporalServer } from '../../src/dev/temporal-server';
import type { ExperimentInput } from '../../src/schemas/experiment';
import type { LedgerDocument, ScenarioPatch } from '../../src/simulator';
import { publishBundle, sharedBundle } from '../support/bundle';
import type { WorkerMemory } from './processes/memory';
import { startPart, type Part } from './processes/host';
import type { WorkerProcessSettings } from './processes/worker';

export interface World {
  /** Starts an experiment as any caller does; its waits are the defaults. */
  start(name: string, spec: ExperimentInput): Promise<WorkflowHandle>;
  /** Starts any workflow on the world's queue. */
  run(type: string, workflowId: string, input: unknown): Promise<WorkflowHandle>;
  taskQueue: string;
  /** Of the simulator. */
  url: string;
  ledger(): Promise<LedgerDocument>;
  /** Posts to the simulator's control API. */
  control(path: string, body: unknown): Promise<void>;
  /** The worker's memory after a full collection. */
  memory(): Promise<WorkerMemory>;
  /** A gauge of the worker's SDK metrics, by name without labels; 0 when it has none. */
  gauge(name: string): Promise<number>;
  close(): Promise<void>;
}

export interface Stack {
  client: Client;
  /** Of the Temporal server and of its UI. */
  address: string;
  uiUrl: string;
  /** A world with the scenario `aws-like` but for what the patch says; its worker runs ours when no bundle is given. */
  world(patch?: ScenarioPatch, bundle?: string): Promise<World>;
  close(): Promise<void>;
}

/** Starts the server; worlds follow as they are asked for. */
export async function startStack(log: (line: string) => void): Promise<Stack> {
  const config = readConfig();
  const cli = await findTemporalCli({ ...config, given: config.temporalCli, log });
  log(`Temporal: ${cli.reason}`);
  const server = await startTemporalServer({ cli: cli.path, searchAttributes: SEARCH_ATTRIBUTES, log });
  await publishBundle();
  const connection = await Connection.connect({ address: server.address });
  const client = new Client({ connection, namespace: server.namespace });
  const home = await mkdtemp(join(tmpdir(), 'holdfast-bench-'));
  const worlds = new Set<World>();
  return {
    client,
    address: server.address,
    uiUrl: server.uiUrl,
    world: async (patch = {}, bundle = sharedBundle()) => {
      const world = await startWorld({ client, address: server.address, home, log }, patch, bundle);
      worlds.add(world);
      return world;
    },
    close: async () => {
      for (const world of worlds) await world.close();
      await connection.close();
      await server.stop();
      await rm(home, { recursive: true, force: true });
      await rm(dirname(sharedBundle()), { recursive: true, force: true });
    },
  };
}

interface Ground {
  client: Client;
  address: string;
  home: string;
  log: (line: string) => void;
}

let count = 0;

async function startWorld(
  { client, address, home, log }: Ground,
  patch: ScenarioPatch,
  bundle: string,
): Promise<World> {
  count += 1;
  const taskQueue = `bench-${String(count)}`;
  const scenario = { ...patch, extends: 'aws-like' as const };
  const simulator = await startPart(require.resolve('./processes/simulator'), { scenario }, { log });
  const url = String(simulator.ready['url']);
  const settings: WorkerProcessSettings = {
    address,
    simulatorUrl: url,
    taskQueue,
    resultsRoot: join(home, taskQueue),
    bundle,
    metricsAddress: await freeAddress(),
  };
  const worker = await startWorker(settings, log).catch(async (error: unknown) => {
    await simulator.stop();
    throw error;
  });
  const run: World['run'] = (type, workflowId, input) =>
    client.workflow.start(type, { taskQueue, workflowId, args: [input] });
  return {
    start: (name, spec) => run('experiment', `${taskQueue}-${name}`, spec),
    run,
    taskQueue,
    url,
    ledger: async () => (await (await fetch(`${url}/_sim/ledger`)).json()) as LedgerDocument,
    control: (path, body) => post(`${url}/_sim/${path}`, body),
    memory: async () => (await worker.ask('memory')) as WorkerMemory,
    gauge: (name) => readGauge(settings.metricsAddress, name),
    close: async () => {
      await worker.stop();
      await simulator.stop();
    },
  };
}

/** As the Dockerfile sets it. */
const IMAGE_ENV = { MALLOC_ARENA_MAX: '2', MALLOC_TRIM_THRESHOLD_: '65536', MALLOC_MMAP_THRESHOLD_: '65536' };

/** The collector must be callable in the worker's threads as well; flags and imports reach them from the process. */
function startWorker(settings: WorkerProcessSettings, log: (line: string) => void): Promise<Part> {
  const flags = ['--expose-gc', '--import', require.resolve('./processes/memory-thread.mjs')];
  return startPart(require.resolve('./processes/worker'), settings, { flags, env: IMAGE_ENV, log });
}

async function post(url: string, body: unknown): Promise<void> {
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url}: ${String(response.status)} ${await response.text()}`);
}

async function readGauge(address: string, name: string): Promise<number> {
  const text = await (await fetch(`http://${address}/metrics`)).text();
  const lines = text.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
  return lines.reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' '))), 0);
}

/** The SDK cannot be asked which port it took, so one is found for it. */
async function freeAddress(): Promise<string> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done));
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((done) => server.close(() => done()));
  return `127.0.0.1:${String(port)}`;
}
