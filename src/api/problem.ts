/** How is a failure told over HTTP? A problem document (RFC 9457) with the word that programs switch on. */
import { STATUS_CODES } from 'node:http';
import { HoldfastError } from '../client';
import { PROBLEMS, type ProblemDocument, type ProblemName } from '../schemas/http';

/** A request that is not answered as wished. */
export class HttpProblem extends Error {
  readonly failure: ProblemName;
  /** One line per mistake. */
  readonly lines: string[];

  constructor(failure: ProblemName, message: string, lines: string[] = []) {
    super(message);
    this.name = 'HttpProblem';
    this.failure = failure;
    this.lines = lines;
  }
}

export const PROBLEM_TYPE = 'application/problem+json; charset=utf-8';

/** The document for whatever was thrown. What we did not foresee is told in the log, not to the caller. */
export function problemOf(error: unknown, requestId: string): ProblemDocument {
  const { failure, message, lines } = known(error);
  const status = PROBLEMS[failure];
  return {
    type: 'about:blank',
    title: STATUS_CODES[status] ?? failure,
    status,
    detail: message,
    failure,
    ...(lines.length === 0 ? {} : { problems: lines }),
    requestId,
  };
}

function known(error: unknown): { failure: ProblemName; message: string; lines: string[] } {
  if (error instanceof HttpProblem) return error;
  if (error instanceof HoldfastError) return { failure: error.kind, message: error.message, lines: error.lines };
  const { statusCode, code, message } = error as { statusCode?: number; code?: string; message?: string };
  const failure = statusCode === undefined ? 'internal' : (OF_SERVER[statusCode] ?? 'internal');
  if (failure === 'internal') return { failure, message: 'an error of Holdfast; its log has more', lines: [] };
  return {
    failure,
    message: code === 'FST_ERR_CTP_EMPTY_JSON_BODY' ? 'the body is empty' : (message ?? failure),
    lines: [],
  };
}

/** What the server itself refuses. */
const OF_SERVER: Partial<Record<number, ProblemName>> = {
  400: 'invalid',
  408: 'timeout',
  413: 'too-large',
  414: 'invalid',
  415: 'unsupported',
  429: 'too-many',
};
