/** What becomes of experiments that are found by their tags alone? The words of the reaper, as plain data. */

/**
 * `good`: within its lease. `warn`: near its end, or nothing runs it and it is too young to judge. `expired`: lease and
 * grace are over. `orphaned`: ours, and no workflow runs it. `malformed`: its tags do not say when it ends.
 * `foreign`: of another installation.
 */
export const REAPER_GROUPS = ['good', 'warn', 'expired', 'orphaned', 'malformed', 'foreign'] as const;
export type ReaperGroup = (typeof REAPER_GROUPS)[number];

/** What the tags of its living resources say of one experiment. */
export interface FoundExperiment {
  experimentId: string;
  /** Empty when a resource of it names none. */
  installation: string;
  owner: string;
  regions: string[];
  resources: number;
  /** The latest end of lease that any resource carries, ISO; absent when none carries a readable one. */
  expiresAt?: string;
  /** Values of `ExpiresAt` that are no time, at most a few. */
  unreadable: string[];
  /** When the youngest resource that AWS dates was made, ISO. */
  youngestAt?: string;
  /** Made by `provision` alone: no workflow runs it, and only its expiry ends it. */
  alone: boolean;
}

/** The newest workflow under an id. */
export interface WorkflowStanding {
  type: string;
  running: boolean;
  /** ISO; absent while it runs. */
  closedAt?: string;
}

/** What a round does about an experiment. */
export type ReaperAction = 'started' | 'under way' | 'next round' | 'would start';

/** One experiment, and what was decided about it. */
export interface ReaperRow extends FoundExperiment {
  group: ReaperGroup;
  reason: string;
  /** Absent where nothing is to be done. */
  action?: ReaperAction;
}

/** The result of one round of the `reaper` workflow. */
export interface ReaperReport {
  installation: string;
  account: string;
  /** False: it only looked. */
  apply: boolean;
  at: string;
  regions: string[];
  experiments: ReaperRow[];
  /** What could not be read, one line each; while there is any, nobody knows that nothing leaks. */
  unread: string[];
}

/** Groups that cost money or need a person; `leaks` exits with a code of its own when it finds any. */
export const LEAKING: readonly ReaperGroup[] = ['expired', 'orphaned', 'malformed'];
