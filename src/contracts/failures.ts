/** Which failures exist, and what does each mean for a retry? The closed table both sides read. */

interface FailureRow {
  /** True when repeating can never help: the activity fails at once. */
  terminal: boolean;
  /** Wait before the next try, in milliseconds; absent: the retry policy of the caller decides. */
  retryAfterMs?: number;
  /** Expected in normal operation: logged at debug level and not counted as an error. */
  benign?: boolean;
  meaning: string;
  /** Where the fact comes from, when it is somebody else's. */
  source?: string;
}

const EC2_ERRORS = 'https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html';

/**
 * Every failure type that crosses an activity or workflow boundary. The type string is what the Temporal UI shows
 * and what callers switch on; it never changes its meaning.
 */
export const FAILURES = {
  InvalidInput: { terminal: true, meaning: 'The spec or input is wrong; the message has one line per field.' },
  Throttled: {
    terminal: false,
    retryAfterMs: 2000, // the mutating bucket refills at 5/s, so 2 s is ten calls later
    meaning: 'AWS asked for fewer calls; the same request goes again with the same token.',
    source: 'https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html',
  },
  ServiceUnavailable: {
    terminal: false,
    retryAfterMs: 1000, // a 5xx or a broken connection usually passes within a second
    meaning: 'AWS or the network failed; whether the request had an effect is unknown.',
    source: EC2_ERRORS,
  },
  NotYetVisible: {
    terminal: false,
    retryAfterMs: 1000, // EC2 advises to look again after a couple of seconds
    benign: true,
    meaning: 'A resource just made is not readable yet.',
    source: 'https://docs.aws.amazon.com/ec2/latest/devguide/eventual-consistency.html',
  },
  NotReady: { terminal: false, benign: true, meaning: 'Looked, and it is not there yet; look again.' },
  InUse: {
    terminal: false,
    retryAfterMs: 2000, // dependents end within seconds to minutes; their state is read again first
    benign: true,
    meaning: 'Something else still depends on the resource.',
    source: EC2_ERRORS,
  },
  ForeignWorker: {
    terminal: false,
    retryAfterMs: 5000, // long enough for another worker of the queue to take the task
    meaning: 'This worker acts on another account or endpoint and hands the task back.',
  },
  InvalidRequest: { terminal: true, meaning: 'AWS refused the request as malformed.', source: EC2_ERRORS },
  NotAuthorized: { terminal: true, meaning: 'A permission or the credentials are missing.', source: EC2_ERRORS },
  CredentialsExpired: {
    terminal: false,
    retryAfterMs: 5000, // the SDK reads its credentials again with the next call; a renewal takes seconds
    meaning: 'The credentials ran out or the clock is wrong; nothing was done, and the next try reads them again.',
    source: EC2_ERRORS,
  },
  NotOurs: { terminal: true, meaning: 'The resource lacks an ownership tag; it is never changed.' },
  Unclassified: { terminal: false, meaning: 'AWS answered with a code that the table does not know.' },
  Quota: { terminal: true, meaning: 'A service quota does not allow what was asked for.' },
  Capacity: { terminal: true, meaning: 'Every pool of the chain refused.' },
  GateFailed: { terminal: true, meaning: 'A readiness gate was not passed within its limit.' },
  Interrupted: { terminal: true, meaning: 'A node was taken away while it was needed, and nothing took its place.' },
  Workload: { terminal: true, meaning: 'A step ended with an exit code other than 0.' },
  Timeout: { terminal: true, meaning: 'A step or the lease ran out of time.' },
  PlanRefused: {
    terminal: true,
    meaning: 'What is there is not what the plan says, or is more than was allowed; nothing was deleted.',
  },
  Undelivered: { terminal: false, meaning: 'A receiver of webhooks did not take an event; it is sent again.' },
  CleanupIncomplete: { terminal: true, meaning: 'Cleanup could not certify that nothing is left.' },
  Internal: { terminal: true, meaning: 'A defect of Holdfast; the message says where.' },
} as const satisfies Record<string, FailureRow>;

export type FailureType = keyof typeof FAILURES;

/** The row of a failure type, with its optional parts readable. */
export function failureRow(type: FailureType): FailureRow {
  return FAILURES[type];
}

/** The one error class of the layers below activities: it carries a word of the table and plain details. */
export class Failure extends Error {
  readonly type: FailureType;
  /** Plain data: operation, code, request id, resource id. */
  readonly details: Record<string, unknown>;

  constructor(type: FailureType, message: string, details: Record<string, unknown> = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Failure';
    this.type = type;
    this.details = details;
  }
}
