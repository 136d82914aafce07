/** How does one seed go? Its experiments run, its blows fall, and when all have ended the ledger is asked. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import {
  FINAL_PHASES,
  PHASES,
  type ExperimentResult,
  type Phase,
  type TimelineEntry,
} from '../../src/contracts/messages';
import { createFolderStore } from '../../src/results/folder';
import { eventually, uniqueId } from '../support/lab';
import { failureOf } from '../support/outcomes';
import { wrongs, type End } from './demands';
import type { Blow, Ordeal } from './draw';
import type { Lane } from './lane';

export interface Outcome {
  seed: number;
  seconds: number;
  /** `Done`, `Failed Capacity`, one per experiment. */
  ends: string[];
  /** Machines that were taken back, and slots that were filled again. */
  taken: number;
  promoted: number;
  wrongs: string[];
  /** Of a seed that failed: what its experiments told, line by line. */
  story: string[];
}

/** No ordeal lasts longer on the busiest machine: a sentinel that dies is back after 30 s, a command to a lost node ends after 60. */
const LIMIT_MS = 300_000;

/** Never throws: an ordeal that cannot be held is a failed one. */
export async function undergo(lane: Lane, ordeal: Ordeal): Promise<Outcome> {
  const startedAt = Date.now();
  return attempt(lane, ordeal, startedAt).catch((error: unknown) => {
    const found = [`could not be held: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`];
    return { ...nothing(ordeal.seed, startedAt), wrongs: found };
  });
}

function nothing(seed: number, startedAt: number): Outcome {
  const seconds = (Date.now() - startedAt) / 1000;
  return { seed, seconds, ends: [], taken: 0, promoted: 0, wrongs: [], story: [] };
}

async function attempt(lane: Lane, ordeal: Ordeal, startedAt: number): Promise<Outcome> {
  await lane.begin(ordeal);
  const started = ordeal.specs.map((spec, index) =>
    lane.lab.start('experiment', spec, uniqueId(`chaos-${String(ordeal.seed)}-${String(index)}`)),
  );
  const handles = await Promise.all(started);
  const over = new AbortController();
  const blows = ordeal.blows.map((blow) => strike(lane, handles, blow, over.signal));
  const limit = pause(LIMIT_MS, undefined, { ref: false, signal: over.signal }).catch(() => undefined);
  const all = Promise.all(handles.map((handle, index) => endOf(lane, handle, ordeal.specs[index]!)));
  const ends = await Promise.race([all, limit]);
  over.abort();
  await Promise.all(blows);
  if (ends === undefined) return await unended(ordeal, handles, startedAt);
  const ledger = await lane.lab.ledger();
  const found = wrongs(ledger, ends, ordeal.mayFailFor);
  return {
    ...nothing(ordeal.seed, startedAt),
    ends: ends.map(({ as, result }) => (result === undefined ? as : wordOf(result))),
    taken: new Set(interruptedOf(ledger)).size,
    promoted: ends.flatMap(({ result }) => result?.interruptions ?? []).filter((one) => one.promotedAt !== undefined)
      .length,
    wrongs: found,
    story: found.length === 0 ? [] : await storyOf(handles),
  };
}

function interruptedOf(ledger: object): string[] {
  const { interruptions } = ledger as { interruptions: { instanceId: string }[] };
  return interruptions.map(({ instanceId }) => instanceId);
}

function wordOf({ phase, reason }: ExperimentResult): string {
  return phase === 'Failed' ? `${phase} ${String(reason)}` : phase;
}

async function unended(ordeal: Ordeal, handles: WorkflowHandle[], startedAt: number): Promise<Outcome> {
  const states = await Promise.all(
    handles.map(async (handle) => `${handle.workflowId} is in ${await phaseOf(handle)}`),
  );
  const story = await storyOf(handles);
  for (const handle of handles) await handle.terminate('chaos: over its limit').catch(() => undefined);
  return { ...nothing(ordeal.seed, startedAt), wrongs: [`not over yet: ${states.join(', ')}`], story };
}

async function storyOf(handles: WorkflowHandle[]): Promise<string[]> {
  const told = handles.map(async (handle) => {
    const timeline = await handle.query<TimelineEntry[]>('timeline').catch(() => []);
    const { raw } = await handle.describe();
    const pending = (raw.pendingActivities ?? []).map(
      ({ activityType, attempt, lastFailure }) =>
        `pending: ${String(activityType?.name)}, attempt ${String(attempt)}: ${String(lastFailure?.message)}`,
    );
    return [handle.workflowId, ...timeline.map(({ at, text }) => `${at.slice(11, 23)} ${text}`), ...pending];
  });
  return (await Promise.all(told)).flat();
}

async function endOf(lane: Lane, handle: WorkflowHandle, spec: End['spec']): Promise<End> {
  const end = { id: handle.workflowId, spec };
  const result = await (handle.result() as Promise<ExperimentResult>).catch(() => undefined);
  if (result !== undefined) return { ...end, as: 'completed', message: '', result };
  const { type, message, details } = await failureOf<ExperimentResult | undefined>(handle);
  // Temporal takes no details with a cancellation; the result is kept all the same.
  const known = details ?? (await keptResult(lane, handle.workflowId));
  return { ...end, as: type, message, ...(known === undefined ? {} : { result: known }) };
}

async function keptResult(lane: Lane, id: string): Promise<ExperimentResult | undefined> {
  const path = join(createFolderStore(lane.lab.results).location(id), 'experiment.json');
  const text = await readFile(path, 'utf8').catch(() => undefined);
  return text === undefined ? undefined : (JSON.parse(text) as ExperimentResult);
}

/** Waits for the blow's moment and lets it fall; one whose experiments end before that falls on nobody. */
async function strike(lane: Lane, handles: WorkflowHandle[], blow: Blow, over: AbortSignal): Promise<void> {
  const handle = handles[blow.on]!;
  const isThere = async (): Promise<true | undefined> =>
    over.aborted || PHASES.indexOf(await phaseOf(handle)) >= PHASES.indexOf(blow.phase) ? true : undefined;
  await eventually(isThere, LIMIT_MS);
  await pause(blow.afterMs, undefined, { signal: over }).catch(() => undefined);
  if (!over.aborted) await fall(lane, handle, blow.act);
}

async function fall(lane: Lane, handle: WorkflowHandle, act: Blow['act']): Promise<void> {
  switch (act.kind) {
    case 'interrupt': {
      const whose = act.everyones === true ? {} : { experimentId: handle.workflowId };
      // There may be no such machine, or no longer.
      await lane.lab.control('interrupt', { ...act.body, ...whose }).catch(() => undefined);
      return;
    }
    case 'kill-worker':
      return lane.killWorker(act.downMs);
    case 'kill-sentinel':
      return lane.killSentinel();
    case 'kill-memory':
      return lane.killMemory();
    case 'cancel':
      await handle.cancel().catch(() => undefined);
      return;
    case 'stop':
      await handle.executeUpdate('stop').catch(() => undefined);
  }
}

/** By its search attribute, which needs no worker to answer. */
async function phaseOf(handle: WorkflowHandle): Promise<Phase> {
  const { status, typedSearchAttributes } = await handle.describe();
  const pair = typedSearchAttributes.getAll().find(({ key }) => key.name === 'HoldfastPhase');
  const phase = (pair?.value ?? 'Planning') as Phase;
  return status.name === 'RUNNING' || FINAL_PHASES.includes(phase) ? phase : 'Failed';
}
