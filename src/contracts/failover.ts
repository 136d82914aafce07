/** What became of a node that was taken away, or replaced? One record per loss, part of the result. */
import type { InterruptionKind } from './interruptions';

/** Beside what was noticed: `restart` replaces the other members of a component that restarts as a whole. */
export type LossKind = InterruptionKind | 'restart';

export interface InterruptionRecord {
  slot: string;
  component: string;
  kind: LossKind;
  oldInstance: string;
  /** Absent while no replacement runs, and for ever when the component ignores losses. */
  newInstance?: string;
  /** Why it went, in AWS's word where there is one. */
  reason: string;
  /** `zone/type/market` it was lost from and found in. */
  pool: string;
  newPool?: string;
  /** ISO times, in the order in which they happen. */
  noticeAt: string;
  detectedAt: string;
  askedAt?: string;
  runningAt?: string;
  readyAt?: string;
  promotedAt?: string;
  /** Why nothing took the slot: it is empty, or its old node stays. */
  missed?: string;
}

/** Whether a replacement is on its way. */
export function isOpen({ askedAt, promotedAt, missed }: InterruptionRecord): boolean {
  return askedAt !== undefined && promotedAt === undefined && missed === undefined;
}
