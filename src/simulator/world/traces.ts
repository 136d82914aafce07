/** How many machines does a recorded trace allow, and when does that fall? Pure: elapsed milliseconds in. */
import type { TraceRule } from '../scenario-weather';

/** The recorded count at a moment after the first launch. The last tick holds for ever. */
export function traceCountAt(rule: TraceRule, elapsedMs: number): number {
  const data = rule.trace?.data ?? [];
  const tick = Math.min(data.length - 1, Math.max(0, Math.floor(recordedMs(rule, elapsedMs) / gapMs(rule))));
  return Math.floor((data[tick] ?? 0) * (rule.scale ?? 1));
}

/** The moments after the first launch, in milliseconds, at which the count falls; in order. */
export function fallsOf(rule: TraceRule): number[] {
  const data = rule.trace?.data ?? [];
  return data.flatMap((count, tick) => {
    const at = (tick * gapMs(rule) - (rule.startSeconds ?? 0) * 1000) / (rule.speed ?? 1);
    return at > 0 && count < (data[tick - 1] ?? 0) ? [Math.ceil(at)] : [];
  });
}

function recordedMs(rule: TraceRule, elapsedMs: number): number {
  return (rule.startSeconds ?? 0) * 1000 + elapsedMs * (rule.speed ?? 1);
}

function gapMs(rule: TraceRule): number {
  return (rule.trace?.metadata.gap_seconds ?? 1) * 1000;
}
