/** What was called, and what came of it? The calls of a world, in the order they were answered. */

export interface CallRecord {
  at: number;
  service: string;
  operation: string;
  region: string;
  /** `ok`, or the error code of the answer; `reply-lost` when the effect happened and the answer was dropped. */
  outcome: string;
  requestId: string;
  /** How many resources the call made, found or acted on, when its handler says. */
  resources?: number;
  millis: number;
}

export interface CallLedger {
  calls: CallRecord[];
  /** Instances asked for by the first launch call that carried each `LaunchID` tag. */
  launchTargets: Map<string, number>;
}

export function createLedger(): CallLedger {
  return { calls: [], launchTargets: new Map() };
}

/** Calls per operation. */
export function countCalls(ledger: CallLedger): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { operation } of ledger.calls) counts[operation] = (counts[operation] ?? 0) + 1;
  return counts;
}
