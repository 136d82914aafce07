/** Which exit code says what? Scripts depend on them, so a number never changes its meaning. */
import type { ExperimentResult } from '../contracts/messages';
import type { Verdict } from '../contracts/inventory';

export const EXIT = {
  done: 0,
  /** The work ended with a failure: a step's exit code, or its time limit. */
  workFailed: 1,
  /** The infrastructure failed: capacity, readiness, interruption, Temporal, a defect. */
  infrastructureFailed: 2,
  /** Refused before anything was made: command line, spec, plan, quota, policy. */
  refused: 3,
  /** Cancelled, or the lease ended. */
  cancelledOrExpired: 4,
} as const;

/** Exit codes of `cleanup`. */
export const CLEANUP_EXIT: Record<Verdict, number> = { clean: 0, blocked: 5, protected: 6, unproven: 7 };

/** Exit codes of `leaks`; `unproven` means the same as for cleanup. */
export const LEAKS_EXIT = { none: 0, unproven: CLEANUP_EXIT.unproven, leaking: 8 } as const;

/** One line for `--help`. */
export const LEAKS_EXIT_HELP =
  'Exit codes: 0 nothing leaks, 8 something is expired, orphaned or malformed, 7 not everything could be read.';

/** The code for how an experiment ended. */
export function exitCodeOf(result: Pick<ExperimentResult, 'phase' | 'reason'>): number {
  if (result.phase === 'Done') return EXIT.done;
  if (result.phase === 'Cancelled' || result.phase === 'Expired') return EXIT.cancelledOrExpired;
  switch (result.reason) {
    case 'Workload':
    case 'Timeout':
      return EXIT.workFailed;
    case 'Spec':
    case 'Policy':
    case 'Budget':
    case 'Quota':
      return EXIT.refused;
    case 'User':
      return EXIT.cancelledOrExpired;
    default:
      return EXIT.infrastructureFailed;
  }
}

/** One line per code, for `--help`. */
export const EXIT_HELP = [
  'Exit codes: 0 done, 1 the work failed, 2 the infrastructure failed, 3 refused (command line, spec, plan),',
  '4 cancelled or expired; of cleanup: 0 clean, 5 blocked, 6 protected, 7 unproven.',
].join('\n');
