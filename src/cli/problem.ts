/** How is a failure told to a person? What failed, on what, why, and the next command to run. */
import { HoldfastError, type ProblemKind } from '../client';
import { ConfigError } from '../config';
import { Failure } from '../contracts/failures';
import { EXIT } from './exit';
import type { Style } from './render/style';

/** A failure of a command, ready to be shown. */
export class Problem extends Error {
  readonly exitCode: number;
  /** One line per mistake. */
  readonly lines: string[];
  /** A command, or what to do. */
  readonly next: string | undefined;

  constructor(message: string, options: { exitCode?: number; lines?: string[]; next?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'Problem';
    this.exitCode = options.exitCode ?? EXIT.infrastructureFailed;
    this.lines = options.lines ?? [];
    this.next = options.next;
  }
}

const NEXT: Record<ProblemKind, { exitCode: number; next: string }> = {
  refused: { exitCode: EXIT.refused, next: 'holdfast spec schema   (every field with its meaning)' },
  'not-found': { exitCode: EXIT.refused, next: 'holdfast list' },
  exists: { exitCode: EXIT.refused, next: 'holdfast attach ID, or leave --id out to get a new one' },
  'no-schedule': { exitCode: EXIT.refused, next: 'holdfast schedule list' },
  'schedule-exists': { exitCode: EXIT.refused, next: 'holdfast schedule show ID, or delete it first' },
  conflict: { exitCode: EXIT.refused, next: 'use a new request id, or the spec it was first used with' },
  'plan-changed': { exitCode: EXIT.refused, next: 'holdfast plan   (with the same options)' },
  ambiguous: { exitCode: EXIT.refused, next: 'give more letters of the id' },
  unreachable: {
    exitCode: EXIT.infrastructureFailed,
    next: 'holdfast dev   (starts one here), or set TEMPORAL_ADDRESS',
  },
  'no-worker': { exitCode: EXIT.infrastructureFailed, next: 'start a worker: holdfast dev, or node dist/worker.js' },
  ended: { exitCode: EXIT.refused, next: 'holdfast show ID' },
  'no-result': { exitCode: EXIT.infrastructureFailed, next: 'holdfast cleanup ID' },
};

/** Whatever was thrown, as a problem. */
export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof HoldfastError) {
    const { exitCode, next } = NEXT[error.kind];
    return new Problem(error.message, { exitCode, next, lines: error.lines, cause: error });
  }
  if (error instanceof Failure && error.type === 'InvalidInput') {
    return new Problem('the input is wrong', {
      exitCode: EXIT.refused,
      lines: error.message.split('\n'),
      cause: error,
    });
  }
  if (error instanceof ConfigError) {
    return new Problem('the environment is wrong', { exitCode: EXIT.refused, lines: error.message.split('\n') });
  }
  const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new Problem(message, { cause: error });
}

/** The lines printed on standard error. */
export function problemLines(problem: Problem, style: Style): string[] {
  return [
    `${style.red('error:')} ${problem.message}`,
    ...problem.lines.map((line) => `  ${line}`),
    ...(problem.next === undefined ? [] : [`${style.dim('next:')}  ${problem.next}`]),
  ];
}
