/** How far may a lease be extended? */
import { parseDuration } from '../contracts/duration';

export interface Lease {
  /** ISO times. */
  startedAt: string;
  expiresAt: string;
  maxSeconds: number;
}

/** The new end as ISO text, or one line on why not. */
export function extended(lease: Lease, by: unknown): { expiresAt: string } | { refusal: string } {
  const seconds = parseDuration(by);
  if (seconds === undefined) return { refusal: `by: ${JSON.stringify(by ?? null)} is no duration; write {"by": "2h"}` };
  const endMs = Date.parse(lease.expiresAt) + seconds * 1000;
  const latestMs = Date.parse(lease.startedAt) + lease.maxSeconds * 1000;
  if (endMs <= latestMs) return { expiresAt: new Date(endMs).toISOString() };
  const leftMs = Math.max(0, latestMs - Date.parse(lease.expiresAt));
  const limit = `the longest lease of this installation is ${inWords(lease.maxSeconds)} (HOLDFAST_MAX_LEASE)`;
  return { refusal: `by: ${String(by)} is too long: ${limit}, which leaves ${inWords(Math.floor(leftMs / 1000))}` };
}

/** When the lease of a hold ends, as ISO text: from now on, within the longest that any experiment may have. */
export function heldUntil({ startedAt, maxSeconds }: Omit<Lease, 'expiresAt'>, nowMs: number, seconds: number): string {
  const latestMs = Date.parse(startedAt) + maxSeconds * 1000;
  return new Date(Math.min(nowMs + seconds * 1000, latestMs)).toISOString();
}

/** What stands against a lease as it was asked for; undefined when nothing does. */
export function leaseProblem(seconds: number, maxSeconds: number): string | undefined {
  if (seconds <= maxSeconds) return undefined;
  return `lease: ${inWords(seconds)} is longer than ${inWords(maxSeconds)}, the longest of this installation (HOLDFAST_MAX_LEASE)`;
}

/** `7d`, `90m`, `45s`: the largest unit that says it exactly. */
function inWords(seconds: number): string {
  const units = [
    ['d', 86_400],
    ['h', 3600],
    ['m', 60],
  ] as const;
  const unit = units.find(([, size]) => seconds >= size && seconds % size === 0);
  return unit === undefined ? `${String(seconds)}s` : `${String(seconds / unit[1])}${unit[0]}`;
}
