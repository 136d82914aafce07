/** How does something on a machine take time? By the world's agenda, and cut short by a signal. */
import { plan } from '../world/agenda';
import type { World } from '../world/state';

/** Resolves after `millis`, or as soon as the signal aborts. After a reset it never does: that world is gone. */
export function pause(world: World, millis: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      signal.removeEventListener('abort', done);
      resolve();
    };
    if (signal.aborted) {
      resolve();
      return;
    }
    signal.addEventListener('abort', done);
    if (Number.isFinite(millis)) plan(world.agenda, Date.now() + millis, done);
  });
}

/** A promise that never settles: nobody answers for a machine that is down. */
export function never(): Promise<never> {
  return new Promise(() => undefined);
}
