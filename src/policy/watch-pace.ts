/** Which sources are looked at now, and when comes the next look? */

/** In the order in which they are named to people. */
export const WATCH_SOURCES = ['discovery', 'spot', 'instances', 'status', 'agents'] as const;
export type WatchSource = (typeof WATCH_SOURCES)[number];

type Every = Readonly<Record<WatchSource, number>>;
type LookedAt = Readonly<Partial<Record<WatchSource, number>>>;

/** A timer may fire this much early; a look that comes so close to its time need not wait for the next one. */
const SLACK = 0.02;

/** The sources whose time has come; `every` is in seconds, the rest in epoch milliseconds. */
export function dueSources(lookedAt: LookedAt, every: Every, nowMs: number): WatchSource[] {
  return WATCH_SOURCES.filter((source) => {
    const everyMs = every[source] * 1000;
    return nowMs - (lookedAt[source] ?? -Infinity) >= everyMs * (1 - SLACK);
  });
}

/** Milliseconds until the first source is due again; at least 1. */
export function nextLookMs(lookedAt: LookedAt, every: Every, nowMs: number): number {
  const dueAt = WATCH_SOURCES.map((source) => (lookedAt[source] ?? -Infinity) + every[source] * 1000);
  return Math.max(1, Math.min(...dueAt) - nowMs);
}
