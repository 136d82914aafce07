/** What does an activity test stand on? A simulated AWS behind the real adapters, and one call of one activity. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Info as ActivityInfo } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createActivities } from '../../src/activities';
import { createCloud } from '../../src/aws/cloud';
import type { Cloud } from '../../src/aws/ports';
import { createFolderLibrary } from '../../src/library/folder';
import { createFolderStore } from '../../src/results/folder';
import { startSimulator, type FaultPlan, type LedgerDocument } from '../../src/simulator';
import { SIMULATOR_CREDENTIALS } from '../../src/worker';

export type Activities = ReturnType<typeof createActivities>;
type Input<K extends keyof Activities> = Parameters<Activities[K]>[0];
type Output<K extends keyof Activities> = Awaited<ReturnType<Activities[K]>>;

export interface Bench {
  cloud: Cloud;
  target: { account: string; endpoint: string };
  results: string;
  /** Runs an activity once, as the attempt, run and heartbeat details of `info` have it; keeps what it beat. */
  run<K extends keyof Activities>(name: K, input: Input<K>, info?: Info, beats?: unknown[]): Promise<Output<K>>;
  ledger(): Promise<LedgerDocument>;
  faults(plan: FaultPlan): Promise<void>;
  /** Posts to the simulator's control API. */
  control(path: string, body: unknown): Promise<void>;
  reset(): Promise<void>;
  close(): Promise<void>;
}

export type Info = Partial<ActivityInfo>;

/** No workflow runs beside an activity that is tried alone. */
const NOBODY: Parameters<typeof createActivities>[0]['temporal'] = {
  ensureWorkflow: () => Promise.resolve(),
  signal: () => Promise.resolve(false),
  signalWithStart: () => Promise.resolve(),
  isRunning: () => Promise.resolve(false),
  standing: () => Promise.resolve(undefined),
  runningOf: () => Promise.resolve([]),
  update: () => Promise.resolve(false),
  reaperActs: () => Promise.resolve(true),
  query: () => Promise.resolve(undefined),
};

export async function startBench(scenario: Parameters<typeof startSimulator>[0] = {}): Promise<Bench> {
  const results = await mkdtemp(join(tmpdir(), 'holdfast-activities-'));
  const simulator = await startSimulator({ scenario: 'quick', dir: join(results, 'nodes'), ...scenario });
  const cloud = createCloud({ region: 'us-west-2', endpoint: simulator.url, credentials: SIMULATOR_CREDENTIALS });
  const activities = createActivities({
    cloud,
    results: createFolderStore(results),
    temporal: NOBODY,
    library: createFolderLibrary(),
    installation: 'test',
    secret: () => undefined,
  });
  const control = async (path: string, body: unknown): Promise<void> => {
    await fetch(`${simulator.url}/_sim/${path}`, { method: 'POST', body: JSON.stringify(body) });
  };
  return {
    cloud,
    target: await cloud.identity(),
    results,
    run: <K extends keyof Activities>(name: K, input: Input<K>, info: Info = {}, beats: unknown[] = []) => {
      const environment = new MockActivityEnvironment(info, { logger: new DefaultLogger('ERROR', () => undefined) });
      environment.on('heartbeat', (details: unknown) => beats.push(details));
      type Activity = (value: Input<K>) => Promise<unknown>;
      const run = environment.run<[Input<K>], unknown, Activity>(activities[name] as Activity, input);
      return run as Promise<Output<K>>;
    },
    ledger: async () => (await (await fetch(`${simulator.url}/_sim/ledger`)).json()) as LedgerDocument,
    faults: (plan) => control('faults', plan),
    control,
    reset: () => control('reset', {}),
    close: async () => {
      cloud.close();
      await simulator.close();
      await rm(results, { recursive: true, force: true });
    },
  };
}

/** Attempts of one activity as the server makes them: each gets the last beat of the one before, until one returns. */
export async function attempts<K extends keyof Activities>(
  bench: Bench,
  name: K,
  input: Input<K>,
): Promise<{ value: Output<K>; waits: { message: string; pauseMs: number }[] }> {
  const waits: { message: string; pauseMs: number }[] = [];
  const beats: unknown[] = [];
  const scheduledTimestampMs = Date.now();
  for (;;) {
    const info = { attempt: waits.length + 1, heartbeatDetails: beats.at(-1), scheduledTimestampMs };
    try {
      return { value: await bench.run(name, input, info, beats), waits };
    } catch (error) {
      if (!(error instanceof ApplicationFailure) || error.type !== 'NotReady') throw error;
      const pauseMs = Number(error.nextRetryDelay);
      waits.push({ message: error.message, pauseMs });
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }
}
