/** What can go wrong between a caller and Temporal, in words a caller can switch on? */

export type ProblemKind =
  /** The spec or the id is wrong; nothing was started. */
  | 'refused'
  /** No experiment has this id. */
  | 'not-found'
  /** The id is in use by a running experiment. */
  | 'exists'
  /** No schedule has this id. */
  | 'no-schedule'
  /** A schedule has this id. */
  | 'schedule-exists'
  /** The request id belongs to an experiment with another spec; nothing was started. */
  | 'conflict'
  /** A plan made now is not the one that was named; nothing was started. */
  | 'plan-changed'
  /** Several experiments begin with this prefix. */
  | 'ambiguous'
  /** Temporal cannot be reached. */
  | 'unreachable'
  /** Temporal answers, and no worker does. */
  | 'no-worker'
  /** The experiment has ended, so that nothing can be asked of it. */
  | 'ended'
  /** It ended without a result: terminated, or failed before its first step. */
  | 'no-result';

/** The one error of the client. `lines` holds one line per mistake when a spec was refused. */
export class HoldfastError extends Error {
  readonly kind: ProblemKind;
  readonly lines: string[];

  constructor(kind: ProblemKind, message: string, options: { lines?: string[]; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'HoldfastError';
    this.kind = kind;
    this.lines = options.lines ?? [];
  }
}
