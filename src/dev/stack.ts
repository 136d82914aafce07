/** How do Temporal, simulator and worker come up and go down together on one machine? */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { connect, type Holdfast, type UiLinks } from '../client';
import type { Config } from '../config';
import { SEARCH_ATTRIBUTES } from '../contracts/names';
import type { SpecLibrary } from '../schemas/resolve';
import { startSimulator } from '../simulator';
import { routeSdkLogs, SIMULATOR_CREDENTIALS, startWorker } from '../worker';
import { resultsRoot } from './kept-result';
import { findTemporalCli } from './temporal-cli';
import { startTemporalServer } from './temporal-server';

export interface StackOptions {
  config: Config;
  /** Database file of the Temporal server; absent: everything is forgotten at its end. */
  database?: string;
  /** Name or file of the simulator's scenario. */
  scenario: string;
  seed?: number;
  /** Whether commands of simulated nodes are real processes of this machine. */
  exec: boolean;
  /** Templates and profiles that specs may name; the package's own templates alone when absent. */
  library?: SpecLibrary;
  /** Free ports when absent. */
  ports?: { temporal?: number; ui?: number; simulator?: number };
  /** Receives what happens, one line each. */
  log: (line: string) => void;
}

export interface Stack {
  client: Holdfast;
  links: UiLinks;
  /** Host and port of the Temporal frontend. */
  address: string;
  uiUrl: string;
  simulatorUrl: string;
  /** Ends the worker, then the simulator, then the server; resolves when all are gone. May be called twice. */
  stop(): Promise<void>;
  /** Resolves when a part ended by itself. */
  ended: Promise<void>;
}

/** Starts everything on loopback. When one part fails to start, those that did are stopped before it rejects. */
export async function startStack(options: StackOptions): Promise<Stack> {
  const stops: (() => Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (const one of stops.splice(0).reverse()) await one().catch(reportTo(options.log));
  };
  try {
    return await startParts(options, stops, stop);
  } catch (error) {
    await stop();
    throw error;
  }
}

function reportTo(log: (line: string) => void): (error: unknown) => void {
  return (error) => {
    log(`while stopping: ${error instanceof Error ? error.message : String(error)}`);
  };
}

async function startParts(
  options: StackOptions,
  stops: (() => Promise<void>)[],
  stop: () => Promise<void>,
): Promise<Stack> {
  routeLogsOnce(options.log);
  const server = await startServer(options);
  stops.push(server.stop);
  const simulator = await simulatorOf(options, stops);
  const worker = await startWorker({
    connection: { address: server.address },
    namespace: server.namespace,
    cloud: { region: options.config.region, endpoint: simulator.url, credentials: SIMULATOR_CREDENTIALS },
    installation: options.config.installation,
    maxLeaseSeconds: options.config.maxLeaseSeconds,
    secrets: options.config.secrets,
    resultsRoot: resultsRoot(options.config.home),
    ...(options.library === undefined ? {} : { library: options.library }),
    log: options.log,
  });
  stops.push(() => worker.stop());
  const client = await connect({
    connection: { address: server.address },
    namespace: server.namespace,
    uiUrl: server.uiUrl,
  });
  stops.push(() => client.close());
  return {
    client,
    links: client.links,
    address: server.address,
    uiUrl: server.uiUrl,
    simulatorUrl: simulator.url,
    stop,
    ended: Promise.race([server.ended, worker.ended]),
  };
}

let areLogsRouted = false;

/** The SDK's runtime is one per process and takes its logger at its first use. */
function routeLogsOnce(log: (line: string) => void): void {
  if (!areLogsRouted) routeSdkLogs('WARN', log);
  areLogsRouted = true;
}

async function startServer({ config, database, ports, log }: StackOptions): ReturnType<typeof startTemporalServer> {
  const { searchPath, cacheDir, tempDir } = config;
  const cli = await findTemporalCli({ given: config.temporalCli, searchPath, cacheDir, tempDir, log });
  log(`Temporal: ${cli.reason}`);
  return startTemporalServer({
    cli: cli.path,
    searchAttributes: SEARCH_ATTRIBUTES,
    ...(ports?.temporal === undefined ? {} : { port: ports.temporal }),
    ...(ports?.ui === undefined ? {} : { uiPort: ports.ui }),
    ...(database === undefined ? {} : { dbFilename: database }),
    log: (line) => {
      log(`Temporal: ${line}`);
    },
  });
}

/** Folders of simulated nodes are made anew for each start and removed at its end. */
async function simulatorOf(
  { config, scenario, seed, exec, ports }: StackOptions,
  stops: (() => Promise<void>)[],
): ReturnType<typeof startSimulator> {
  await mkdir(config.tempDir, { recursive: true });
  const dir = await mkdtemp(join(config.tempDir, 'holdfast-nodes-'));
  stops.push(() => rm(dir, { recursive: true, force: true }));
  const simulator = await startSimulator({
    scenario,
    exec,
    dir,
    ...(seed === undefined ? {} : { seed }),
    ...(ports?.simulator === undefined ? {} : { port: ports.simulator }),
  });
  stops.push(() => simulator.close());
  return simulator;
}
