/** What does a check-up say? Words of the `doctor` workflow and its callers. */

/** One thing that was looked at. */
export interface Finding {
  /** What was looked at: `credentials`, `us-west-2 permissions`. */
  check: string;
  /** `unknown` is what nobody here can read; it stops nothing. */
  state: 'ok' | 'warning' | 'failed' | 'unknown';
  /** What was seen, in AWS's own words where it refused. */
  found: string;
  /** What to do about it; absent when nothing is to be done. */
  fix?: string;
}
