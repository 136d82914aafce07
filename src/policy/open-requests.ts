/** Which pools are being asked at this moment? Whoever comes anew does better to wait for the answer than to ask too. */
import { poolKey, type CapacityNews } from '../contracts/capacity';

/** By pool key, until when an answer may come, in epoch milliseconds. */
export type OpenRequests = Record<string, number>;

/** CreateFleet refuses within seconds. What is not answered by then was never asked, or its answer is lost. */
const ANSWER_MS = 10_000;

/** The open requests after news: the answer is in them, and what their sender asks next. */
export function recordOpen(open: OpenRequests, { came, refused, asks = [], atMs }: CapacityNews): OpenRequests {
  const answered = new Set([...came.map(poolKey), ...refused.map(({ key }) => key.replace(/^pool:/, ''))]);
  const left = Object.entries(open).filter(([key, untilMs]) => untilMs > atMs && !answered.has(key));
  return Object.fromEntries([...left, ...asks.map((key): [string, number] => [key, atMs + ANSWER_MS])]);
}

/** Whether an answer is on its way for every one of these pools. */
export function isBeingAsked(open: OpenRequests, pools: readonly string[], nowMs: number): boolean {
  return pools.length > 0 && pools.every((key) => (open[key] ?? 0) > nowMs);
}
