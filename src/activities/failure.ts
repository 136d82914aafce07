/** How does an error of the layers below become an ApplicationFailure? The only place where that happens. */
import { setMaxListeners } from 'node:events';
import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import { ApplicationFailureCategory } from '@temporalio/common';
import { Failure, failureRow, type FailureType } from '../contracts/failures';

/**
 * Tries after which a type is no longer repeated. An unknown AWS code seen twice in a row is no accident; credentials
 * are read anew for one more try.
 */
const TRIES: Partial<Record<FailureType, number>> = { Unclassified: 3, CredentialsExpired: 2 };

/** The failure a check throws while what it waits for is not there yet: benign, and repeated after the given time. */
export function notReady(message: string, retryAfterMs: number): ApplicationFailure {
  return ApplicationFailure.create({
    type: 'NotReady' satisfies FailureType,
    message,
    nonRetryable: false,
    category: ApplicationFailureCategory.BENIGN,
    nextRetryDelay: Math.max(1, Math.round(retryAfterMs)),
  });
}

/** A terminal failure with one line per mistake. */
export function invalidInput(problems: string[]): ApplicationFailure {
  return convert(new Failure('InvalidInput', problems.join('\n'), { problems }));
}

/** Wraps every member so that whatever it throws leaves as an ApplicationFailure of the closed table. */
export function guard<T extends object>(activities: T): T {
  const wrapped = Object.entries(activities).map(([name, activity]) => [name, guarded(activity as Activity)] as const);
  return Object.fromEntries(wrapped) as T;
}

type Activity = (input: unknown) => Promise<unknown>;

function guarded(activity: Activity): Activity {
  return async (input) => {
    // One look makes many requests at once, each of which listens for the cancellation; that is no leak.
    setMaxListeners(0, Context.current().cancellationSignal);
    try {
      return await activity(input);
    } catch (error) {
      throw toFailure(error);
    }
  };
}

function toFailure(error: unknown): unknown {
  if (error instanceof ApplicationFailure || error instanceof CancelledFailure) return error;
  const context = Context.current();
  if (context.cancellationSignal.aborted) return new CancelledFailure('cancelled while waiting for AWS');
  if (error instanceof Failure) return convert(error, context.info.attempt);
  return convert(new Failure('Internal', describe(error), {}, error));
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

function convert(failure: Failure, attempt = 1): ApplicationFailure {
  const row = failureRow(failure.type);
  const worn = attempt >= (TRIES[failure.type] ?? Infinity);
  return ApplicationFailure.create({
    type: failure.type,
    message: failure.message,
    nonRetryable: row.terminal || worn,
    details: [failure.details],
    ...(row.retryAfterMs === undefined ? {} : { nextRetryDelay: jittered(row.retryAfterMs) }),
    ...(row.benign === true ? { category: ApplicationFailureCategory.BENIGN } : {}),
    ...(failure.cause instanceof Error ? { cause: failure.cause } : {}),
  });
}

/** Between half and one and a half times, so that callers that were refused together do not return together. */
function jittered(milliseconds: number): number {
  return Math.round(milliseconds * (0.5 + Math.random()));
}
