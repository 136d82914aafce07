/** How does the server notice early that a worker died in the middle of a batch? The activity beats while it works. */
import { Context } from '@temporalio/activity';

/** Three beats fit into a heartbeat timeout of ten seconds, so one lost beat is no lost worker. */
const BEAT_MS = 3000;

/**
 * Runs `work` and beats until it ends. For work of many short calls, where any of them may be the last.
 * Each beat replaces the details of the one before, so what a next attempt goes on with is given here.
 */
export async function beating<T>(work: () => Promise<T>, details: () => unknown = () => undefined): Promise<T> {
  const context = Context.current();
  context.heartbeat(details());
  const timer = setInterval(() => {
    context.heartbeat(details());
  }, BEAT_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
