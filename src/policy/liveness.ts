/** Is the service of a live host lost? One pure fold over the checks that go on after a node was ready. */
import type { Interruption } from '../contracts/interruptions';

/** What a node answered to one periodic check. A host that did not answer has none: it is judged by its state. */
export interface CheckResult {
  instanceId: string;
  region: string;
  /** ISO time at which the node was asked. */
  askedAt: string;
  passed: boolean;
  /** The check that failed and what was seen. */
  seen: string;
}

/** Failures in a row per node, since when, and when it was last asked. */
export type Streaks = Record<string, { failures: number; since: string; lastAt: string }>;

/** A node whose checks failed too often in a row. */
export interface Unhealthy extends Interruption {
  /** What the last check saw. */
  seen: string;
}

/**
 * The streaks after some results, and the nodes that just reached `limit` failures in a row: once per streak, with
 * the reason `NotReady`. A pass ends a streak; results are put in the order in which they were asked for, and one
 * that was asked for before the latest known is passed over.
 *
 *     limit 3: fail, fail, pass, fail, fail, fail -> unhealthy with the last; the next fail is nothing new
 */
export function foldChecks(
  before: Streaks,
  results: readonly CheckResult[],
  limit: number,
): { streaks: Streaks; unhealthy: Unhealthy[] } {
  const streaks = { ...before };
  const unhealthy: Unhealthy[] = [];
  for (const result of [...results].sort((a, b) => Date.parse(a.askedAt) - Date.parse(b.askedAt))) {
    const { instanceId, askedAt } = result;
    const streak = streaks[instanceId];
    if (streak !== undefined && Date.parse(askedAt) <= Date.parse(streak.lastAt)) continue;
    const failures = result.passed ? 0 : (streak?.failures ?? 0) + 1;
    const since = streak === undefined || failures <= 1 ? askedAt : streak.since;
    streaks[instanceId] = { failures, since, lastAt: askedAt };
    if (failures === limit) unhealthy.push(lossOf(result, since));
  }
  return { streaks, unhealthy };
}

function lossOf({ instanceId, region, askedAt, seen }: CheckResult, since: string): Unhealthy {
  const when = { noticeAt: since, detectedAt: askedAt };
  return { instanceId, region, kind: 'unhealthy', source: 'checks', ...when, reason: 'NotReady', seen };
}
