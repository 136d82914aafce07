/** How does a worker come to life? The composition root: configuration, ports, activities, worker. No decisions. */
import { setTimeout as delay } from 'node:timers/promises';
import { Client } from '@temporalio/client';
import { DefaultLogger, NativeConnection, Runtime, Worker, type NativeConnectionOptions } from '@temporalio/worker';
import type { WorkflowBundleOption } from '@temporalio/worker';
import pino from 'pino';
import { createActivities } from './activities';
import { createCloud, type CloudOptions } from './aws/cloud';
import { createTemporalPort } from './client/temporal-port';
import { readConfig, temporalConnectionOptions, type Config } from './config';
import { SEARCH_ATTRIBUTES, TASK_QUEUE } from './contracts/names';
import { missingSearchAttributes, searchAttributeAdvice } from './client/search-attributes';
import { createFolderLibrary } from './library/folder';
import { experimentsService } from './nexus/handlers';
import { createFolderStore } from './results/folder';
import type { SpecLibrary } from './schemas/resolve';
import { WORKFLOW_BUNDLE } from './workflow-bundle';

export interface WorkerSettings {
  connection: NativeConnectionOptions;
  namespace: string;
  cloud: CloudOptions;
  installation: string;
  /** The longest lease, extensions included; the default of the activities when absent. */
  maxLeaseSeconds?: number;
  /** Values that specs refer to by name; none when absent. */
  secrets?: Readonly<Record<string, string>>;
  /** Folder that holds one folder per experiment. */
  resultsRoot: string;
  /** Templates and profiles; the package's own templates alone when absent. */
  library?: SpecLibrary;
  /** Receives warnings and the worker's own news, one line each. */
  log: (line: string) => void;
  taskQueue?: string;
  workflowBundle?: WorkflowBundleOption;
  /** How many workflows stay in memory; the SDK's own reckoning when absent. */
  maxCachedWorkflows?: number;
}

export interface RunningWorker {
  /** Stops polling, lets activities under way finish, and closes every connection. */
  stop(): Promise<void>;
  /** Settles when the worker ended, by itself or by `stop`; rejects when it failed. */
  ended: Promise<void>;
}

/** How long activities under way may take to finish after a stop: longer than one AWS call. */
const GRACE = '10s';
/** Between two looks for search attributes that somebody still has to add. */
const ATTRIBUTE_CHECK_MS = 5000;

/** Starts polling once every search attribute is there; until then it says what is missing and how to add it. */
export async function startWorker(settings: WorkerSettings): Promise<RunningWorker> {
  const { namespace, log } = settings;
  const connection = await NativeConnection.connect(settings.connection);
  await searchAttributesPresent(connection, namespace, log);
  const cloud = createCloud(settings.cloud);
  const results = createFolderStore(settings.resultsRoot);
  const library = settings.library ?? createFolderLibrary();
  const taskQueue = settings.taskQueue ?? TASK_QUEUE;
  const { workflowsPath, preloadModules } = WORKFLOW_BUNDLE;
  const temporal = createTemporalPort(new Client({ connection, namespace }), taskQueue);
  const worker = await Worker.create({
    connection,
    namespace,
    taskQueue,
    activities: createActivities({
      ...{ cloud, results, temporal, library, installation: settings.installation },
      ...(settings.maxLeaseSeconds === undefined ? {} : { maxLeaseSeconds: settings.maxLeaseSeconds }),
      secret: (name) => settings.secrets?.[name],
    }),
    nexusServices: [experimentsService()],
    shutdownGraceTime: GRACE,
    // Cancellation reaches an activity through its heartbeats, so they may not be held back for long.
    maxHeartbeatThrottleInterval: '5s',
    defaultHeartbeatThrottleInterval: '5s',
    ...(settings.maxCachedWorkflows === undefined ? {} : { maxCachedWorkflows: settings.maxCachedWorkflows }),
    ...(settings.workflowBundle === undefined
      ? { workflowsPath, bundlerOptions: { preloadModules } }
      : { workflowBundle: settings.workflowBundle }),
  });
  const ended = worker.run().finally(async () => {
    cloud.close();
    await connection.close();
  });
  return {
    ended,
    async stop() {
      if (worker.getState() === 'RUNNING') worker.shutdown();
      await ended;
    },
  };
}

async function searchAttributesPresent(
  connection: NativeConnection,
  namespace: string,
  log: (line: string) => void,
): Promise<void> {
  for (;;) {
    const missing = await missingSearchAttributes(connection.operatorService, namespace);
    if (missing.length === 0) return;
    log(searchAttributeAdvice(missing, namespace));
    await delay(ATTRIBUTE_CHECK_MS);
  }
}

/** Sends the SDK's own log lines to the given function; only the first call of a process has an effect. */
export function routeSdkLogs(level: 'INFO' | 'WARN' | 'ERROR', log: (line: string) => void, metrics?: string): void {
  Runtime.install({
    logger: new DefaultLogger(level, (entry) => {
      log(`${entry.level}: ${entry.message}`);
    }),
    ...(metrics === undefined ? {} : { telemetryOptions: { metrics: { prometheus: { bindAddress: metrics } } } }),
  });
}

/** Keys that a simulator takes as well as any: it reads the account from them and checks no signature. */
export const SIMULATOR_CREDENTIALS = { accessKeyId: 'AKIASIMULATOR', secretAccessKey: 'simulator' } as const;

/** What stands against running with this configuration; undefined when nothing does. */
export function refusal(config: Config): string | undefined {
  if (config.simulatorUrl === undefined || config.ownTemporal) return undefined;
  return [
    `HOLDFAST_SIMULATOR is set: a worker on a simulator would take experiments meant for AWS from this Temporal server.`,
    'Run `holdfast dev`, which starts a server of its own, or set HOLDFAST_OWN_TEMPORAL=true when the server came with the simulator.',
  ].join('\n');
}

async function main(): Promise<void> {
  const config = readConfig();
  const logger = pino({ level: config.logLevel });
  const reason = refusal(config);
  if (reason !== undefined) throw new Error(reason);
  const log = (line: string): void => {
    logger.info(line);
  };
  routeSdkLogs('INFO', log, config.metricsAddress);
  const { connectionOptions, namespace } = temporalConnectionOptions();
  const worker = await startWorker({
    connection: connectionOptions,
    namespace: namespace ?? 'default',
    cloud: cloudOptions(config),
    installation: config.installation,
    maxLeaseSeconds: config.maxLeaseSeconds,
    secrets: config.secrets,
    resultsRoot: `${config.home}/experiments`,
    library: createFolderLibrary(config.home),
    log,
  });
  logger.info({ taskQueue: TASK_QUEUE, attributes: Object.keys(SEARCH_ATTRIBUTES).length }, 'polling');
  await worker.ended;
}

/** Where AWS calls of this configuration go. */
export function cloudOptions({ region, awsEndpoint, simulatorUrl }: Config): CloudOptions {
  return {
    region,
    ...(awsEndpoint === undefined ? {} : { endpoint: awsEndpoint }),
    ...(simulatorUrl === undefined ? {} : { credentials: SIMULATOR_CREDENTIALS }),
  };
}

if (require.main === module) {
  main().catch((error: unknown) => {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  });
}
