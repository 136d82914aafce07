/** What became of a node that was taken away? One record per loss, part of the result. */

export interface InterruptionRecord {
  slot: string;
  component: string;
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
  readyAt?: string;
  promotedAt?: string;
}
