/** What does an AWS error code mean, and how much does it block? Lookups in the one table of codes. */
import type { ErrorClass, RefusalScope } from '../contracts/capacity';
import type { FailureType } from '../contracts/failures';
import { ERROR_TABLE, MESSAGE_EXCEPTIONS, type ErrorRow } from './error-table';

export { ERROR_TABLE } from './error-table';

const ROWS = new Map(ERROR_TABLE.map((row) => [row.code, row]));

/** An unlisted code: each pool is asked once and the caller says so. */
const UNKNOWN = { class: 'unknown', scope: 'pool' } as const;

/** What to throw when a call fails with a code of the class. */
const FAILURE_OF_CLASS: Record<Exclude<ErrorClass, 'unknown'>, FailureType> = {
  capacity: 'Capacity',
  'not-offered': 'Capacity',
  price: 'Capacity',
  quota: 'Quota',
  shape: 'InvalidRequest',
  config: 'InvalidRequest',
  throttle: 'Throttled',
  transient: 'ServiceUnavailable',
  auth: 'NotAuthorized',
  'auth-refresh': 'CredentialsExpired',
  // The token is a digest of the request, so a mismatch is a mistake of ours.
  idempotency: 'Internal',
  consistency: 'NotYetVisible',
  // A listing is read-only: the attempt starts it again from the first page.
  paging: 'ServiceUnavailable',
  // Adapters answer success before they ask what to throw.
  done: 'Internal',
};

/**
 * The class and scope of a code; `unknown` and `pool` for one that the table does not hold. The message matters only
 * to the listed exceptions.
 */
export function classify(code: string, message = ''): { class: ErrorClass; scope: RefusalScope } {
  const row = rowOf(code, message);
  return row === undefined ? UNKNOWN : { class: row.class, scope: row.scope };
}

/**
 * The failure to throw for an error of a call. An unlisted code is judged by its HTTP status (5xx is AWS's trouble,
 * 429 a throttle, 401 and 403 missing rights) and is otherwise `Unclassified`.
 */
export function failureOf(code: string, httpStatus?: number, message = ''): FailureType {
  const row = rowOf(code, message);
  if (row === undefined) return failureOfStatus(httpStatus);
  return row.failure ?? (row.class === 'unknown' ? 'Unclassified' : FAILURE_OF_CLASS[row.class]);
}

/** Whether the workflow has a next move for a refusal of this class: then it is returned and not thrown. */
export function isOutcome(errorClass: ErrorClass): boolean {
  return ['capacity', 'not-offered', 'quota', 'price'].includes(errorClass);
}

function rowOf(code: string, message: string): ErrorRow | undefined {
  const exception = MESSAGE_EXCEPTIONS.find((row) => row.code === code && message.includes(row.text));
  return exception ?? ROWS.get(code);
}

function failureOfStatus(httpStatus = 0): FailureType {
  if (httpStatus >= 500) return 'ServiceUnavailable';
  if (httpStatus === 429) return 'Throttled';
  return httpStatus === 401 || httpStatus === 403 ? 'NotAuthorized' : 'Unclassified';
}
