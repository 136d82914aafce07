/** How does an error of the Temporal SDK become one a caller can act on? */
import {
  isGrpcDeadlineError,
  isGrpcServiceError,
  QueryNotRegisteredError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowFailedError,
  WorkflowNotFoundError,
  WorkflowUpdateFailedError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure } from '@temporalio/common';
import { HoldfastError } from './errors';

/** gRPC status codes (https://grpc.io/docs/guides/status-codes/). */
const GRPC = { deadlineExceeded: 4, notFound: 5, failedPrecondition: 9, unavailable: 14 } as const;

/** Runs a call about one experiment and rejects with a `HoldfastError` whenever the cause is known. */
export async function translated<T>(id: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw translate(id, error);
  }
}

function translate(id: string, error: unknown): unknown {
  if (error instanceof HoldfastError) return error;
  if (error instanceof WorkflowExecutionAlreadyStartedError) {
    return new HoldfastError('exists', `experiment ${id} is already running`, { cause: error });
  }
  if (error instanceof WorkflowNotFoundError) {
    return new HoldfastError('not-found', `no experiment has the id ${id}, or it has ended`, { cause: error });
  }
  if (error instanceof QueryNotRegisteredError) {
    return new HoldfastError('not-found', `${id} is no experiment`, { cause: error });
  }
  if (error instanceof WorkflowFailedError) return ended(id, error);
  if (error instanceof WorkflowUpdateFailedError) {
    return new HoldfastError('refused', rootMessage(error), { cause: error });
  }
  return grpc(id, error);
}

function grpc(id: string, error: unknown): unknown {
  const status = isGrpcServiceError(error) ? error : error instanceof Error ? error.cause : undefined;
  if (isGrpcDeadlineError(error) || isGrpcDeadlineError(status)) return noWorker(id, error);
  if (!isGrpcServiceError(status)) return error;
  switch (status.code as number) {
    case GRPC.notFound:
      return new HoldfastError('not-found', `no experiment has the id ${id}`, { cause: error });
    case GRPC.failedPrecondition:
    case GRPC.deadlineExceeded:
      return noWorker(id, error);
    case GRPC.unavailable:
      return new HoldfastError('unreachable', `Temporal does not answer: ${status.details}`, { cause: error });
    default:
      return error;
  }
}

function noWorker(id: string, cause: unknown): HoldfastError {
  return new HoldfastError('no-worker', `no worker answers for experiment ${id}`, { cause });
}

function ended(id: string, error: WorkflowFailedError): HoldfastError {
  const { cause } = error;
  if (cause instanceof ApplicationFailure && cause.type === 'InvalidInput') {
    return new HoldfastError('refused', `the spec of ${id} was refused`, { lines: cause.message.split('\n'), cause });
  }
  if (cause instanceof TerminatedFailure) {
    return new HoldfastError('no-result', `experiment ${id} was terminated: what it made is still to be cleaned up`);
  }
  if (cause instanceof CancelledFailure) {
    return new HoldfastError('no-result', `experiment ${id} was cancelled before its first step`, { cause });
  }
  return new HoldfastError('no-result', `experiment ${id} failed without a result: ${rootMessage(error)}`, { cause });
}

/** The innermost message: SDK errors wrap what happened in what was asked. */
function rootMessage(error: Error): string {
  return error.cause instanceof Error ? rootMessage(error.cause) : error.message;
}
