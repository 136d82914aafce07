/** How does the server notice early that a worker died in the middle of a batch? The activity beats while it works. */
import { Context } from '@temporalio/activity';

/** Three beats fit into a heartbeat timeout of ten seconds, so one lost beat is no lost worker. */
const BEAT_MS = 3000;

/**
 * Runs `work` and beats until it ends. For work of many short calls, where any of them may be the last. Each beat
 * carries `details`, which the next attempt finds; a beat without them would wipe out those of an earlier one.
 */
export async function beating<T>(work: () => Promise<T>, details?: unknown): Promise<T> {
  const context = Context.current();
  const beat = (): void => {
    if (details === undefined) context.heartbeat();
    else context.heartbeat(details);
  };
  beat();
  const timer = setInterval(beat, BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
