/** What does an exception of the AWS SDK mean? The one place that turns it into a word of the failure table. */
import { Failure, type FailureType } from '../contracts/failures';
import { failureOf } from '../policy/refusals';

/** The call that failed. */
export interface CallSite {
  service: string;
  region: string;
  operation: string;
}

/** What the SDK puts on what it throws; every part may be missing. */
interface SdkError {
  name?: unknown;
  Code?: unknown;
  code?: unknown;
  message?: unknown;
  $metadata?: { httpStatusCode?: number; requestId?: string };
}

/** What stands between us and an answer of AWS: names that Node and the SDK give. Source: @smithy/node-http-handler, @smithy/core/retry. */
const NETWORK =
  /^(TimeoutError|ECONN|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN|EADDRINUSE|EMFILE|ERR_SOCKET|UnreadableAnswer)/;
/**
 * The SDK wraps errors of another realm (under a test runner that is every error of Node's own), and only their
 * message survives. AWS's answers are never wrapped, so this is always the connection: `socket hang up`.
 */
const WRAPPED = /^AWS SDK error wrapper for (?:.*\b(E[A-Z_]{3,})\b)?/;
/** The credential chain found nothing, or what it found has run out. Source: @aws-sdk/credential-provider-node. */
const CREDENTIALS = /^(CredentialsProviderError|ProviderError|TokenProviderError)$/;

/** AWS's code of an exception, or the name of what happened before there was one. */
export function codeOf(error: unknown): string {
  const { Code, code, name, message } = (error ?? {}) as SdkError;
  // A network error has `code` (ECONNRESET) and the name `Error`; an AWS error has its code as name.
  const own = [Code, code].find((word) => typeof word === 'string' && word !== '');
  const wrapped = WRAPPED.exec(textOf(message, ''));
  return textOf(own, wrapped === null ? textOf(name, 'UnknownError') : (wrapped[1] ?? 'ECONNRESET'));
}

/** True when the caller's signal ended the call; such an error is passed on as it is. */
export function isAbort(error: unknown): boolean {
  return (error as SdkError | undefined)?.name === 'AbortError';
}

/**
 * The failure an exception stands for. `details` carry operation, service, region, code, HTTP status and request id,
 * so that a message in the Temporal UI is enough to open a support case.
 */
export function toFailure(error: unknown, site: CallSite): Failure {
  if (error instanceof Failure) return error;
  const { message, $metadata } = (error ?? {}) as SdkError;
  const status = $metadata?.httpStatusCode;
  const unreadable = isUnreadable(error, status);
  const code = unreadable ? 'UnreadableAnswer' : codeOf(error);
  const text = unreadable ? `HTTP ${String(status)} with a body that is none of AWS's` : textOf(message, code);
  const details: Record<string, unknown> = { ...site, code, awsMessage: text };
  if (status !== undefined) details['httpStatus'] = status;
  if ($metadata?.requestId !== undefined) details['requestId'] = $metadata.requestId;
  return new Failure(
    typeOf(code, status, text),
    `${site.operation} in ${site.region}: ${code}: ${text}`,
    details,
    error,
  );
}

function typeOf(code: string, status: number | undefined, text: string): FailureType {
  if (NETWORK.test(code)) return 'ServiceUnavailable';
  return CREDENTIALS.test(code) ? 'NotAuthorized' : failureOf(code, status, text);
}

/** An answer came, but the SDK could not read it: a proxy's page, an emulator's 500, a body cut short. */
function isUnreadable(error: unknown, status: number | undefined): boolean {
  return status !== undefined && (status < 300 || (error as SdkError).name === 'SyntaxError');
}

function textOf(message: unknown, otherwise: string): string {
  return typeof message === 'string' && message !== '' ? message : otherwise;
}

/** Whether a failure carries one of these AWS codes. */
export function hasCode(error: unknown, ...codes: string[]): error is Failure {
  return error instanceof Failure && codes.includes(String(error.details['code']));
}
