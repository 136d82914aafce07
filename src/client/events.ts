/** How does a caller follow what happens, and wait for a phase? By looking at the status, whose events are numbered. */
import { setTimeout as delay } from 'node:timers/promises';
import { FINAL_PHASES, type ExperimentStatus, type Phase, type TimelineEntry } from '../contracts/messages';
import { HoldfastError } from './errors';

/** A status costs the worker some milliseconds; a second later is early enough for every reader. */
const LOOK_MS = 1000;

export interface EventOptions {
  /** Number of the last event that is known already; 0 or absent: all that are kept. */
  after?: number;
  /** Ends the stream without an error. */
  signal?: AbortSignal;
}

/** How an experiment is looked at, and how one hears that its workflow is over, whatever its last phase says. */
export interface Sight {
  look(): Promise<ExperimentStatus>;
  /** Resolves when the workflow has closed, and never rejects; stops waiting when the signal aborts. */
  closed(signal: AbortSignal): Promise<void>;
}

/** Every event once and in order, until the experiment is over. The last hundred are kept, so a late reader has a gap. */
export async function* eventsOf(sight: Sight, options: EventOptions = {}): AsyncGenerator<TimelineEntry, void> {
  let last = options.after ?? 0;
  for await (const status of looksOf(sight, options.signal)) {
    for (const event of status.timeline) {
      if (event.seq <= last) continue;
      last = event.seq;
      yield event;
    }
  }
}

/** The status as soon as the phase was come into; rejects with `ended` when the experiment ends without it. */
export async function waitForPhase(sight: Sight, id: string, phase: Phase): Promise<ExperimentStatus> {
  let ended: Phase | undefined;
  for await (const status of looksOf(sight)) {
    if (status.reached[phase] !== undefined) return status;
    ended = status.phase;
  }
  throw new HoldfastError('ended', `experiment ${id} is ${String(ended)} and never came to ${phase}`);
}

/**
 * One status after another, the last one after the end. The first has to come; a later one may be missed while nobody
 * answers.
 */
async function* looksOf(sight: Sight, signal?: AbortSignal): AsyncGenerator<ExperimentStatus, void> {
  const done = new AbortController();
  const stop = AbortSignal.any([done.signal, ...(signal === undefined ? [] : [signal])]);
  const workflow = { isClosed: false };
  const closed = sight.closed(stop).then(() => {
    workflow.isClosed = true;
  });
  try {
    for (let count = 0; !stop.aborted; count += 1) {
      const isLast = workflow.isClosed;
      const status = await sight.look().catch((error: unknown) => {
        if (count === 0 || !isPassing(error)) throw error;
        return undefined;
      });
      if (status !== undefined) yield status;
      if (isLast || (status !== undefined && FINAL_PHASES.includes(status.phase))) return;
      await Promise.race([closed, delay(LOOK_MS, undefined, { signal: stop }).catch(() => undefined)]);
    }
  } finally {
    done.abort();
  }
}

function isPassing(error: unknown): boolean {
  return error instanceof HoldfastError && (error.kind === 'no-worker' || error.kind === 'unreachable');
}
