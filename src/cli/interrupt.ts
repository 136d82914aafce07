/** How does a command that serves wait for its end? */
import type { Context } from './context';

/** Resolves on the first Ctrl-C or SIGTERM, or when `other` does. */
export async function untilInterrupted(context: Context, other?: Promise<unknown>): Promise<void> {
  let stopListening = (): void => undefined;
  const interrupted = new Promise<void>((resolve) => {
    stopListening = context.onInterrupt(resolve);
  });
  await Promise.race([interrupted, ...(other === undefined ? [] : [other])]);
  stopListening();
}
