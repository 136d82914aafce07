/** How is an experiment followed until it ends? */
import type { ExperimentHandle } from '../client';
import { HoldfastError } from '../client';
import type { ExperimentResult, ExperimentStatus } from '../contracts/messages';

/** Shows one look; `stale` is set while no worker answers. */
export interface ProgressView {
  show(status: ExperimentStatus): void;
  stale(reason: string): void;
  /** Leaves the screen as it is and stops drawing. */
  end(): void;
}

/** A query costs the worker some milliseconds; at this pace a person sees a steady picture. */
const LOOK_EVERY_MS = 500;

/** Shows the experiment until it has ended, or until the signal aborts (then undefined). */
export async function follow(
  experiment: ExperimentHandle,
  view: ProgressView,
  signal: AbortSignal,
): Promise<ExperimentResult | undefined> {
  const state = { ended: false };
  const ending = experiment.result().finally(() => {
    state.ended = true;
  });
  ending.catch(() => undefined); // seen again below; this only keeps it from counting as unhandled meanwhile
  try {
    while (!state.ended && !signal.aborted) {
      await look(experiment, view);
      await Promise.race([pause(LOOK_EVERY_MS, signal), ending.catch(() => undefined)]);
    }
    if (!state.ended) return undefined;
    await look(experiment, view);
    return await ending;
  } finally {
    view.end();
  }
}

async function look(experiment: ExperimentHandle, view: ProgressView): Promise<void> {
  try {
    view.show(await experiment.status());
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    view.stale(error.message);
  }
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal.addEventListener('abort', done, { once: true });
  });
}
