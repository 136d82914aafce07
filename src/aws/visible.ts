/** When can what was just made be used? EC2 shows it to other calls a moment later. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Call } from './ports';

/** A fifth of a second between looks: most things show within one. */
const PAUSE_MS = 200;
/** After this the caller goes on; whatever still cannot see it says so and is repeated. */
const PATIENCE_MS = 10_000;

/** Looks until it shows, so that the next call need not fail and back off. Gives up without an error. */
export async function untilVisible(look: () => Promise<boolean>, call: Call): Promise<void> {
  const deadline = Date.now() + PATIENCE_MS;
  while (!(await look()) && Date.now() < deadline) {
    await delay(PAUSE_MS, undefined, call.signal === undefined ? {} : { signal: call.signal });
  }
}
