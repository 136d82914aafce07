/** How does a part of the stack run as a process of its own? It is forked, says when it serves, and answers questions. */
import { fork, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A part may take this long to compile and start while two cores are busy. */
const START_LIMIT_MS = 60_000;
/** A full collection of all threads takes seconds. */
const ANSWER_LIMIT_MS = 30_000;
/** After a polite stop: longer than a worker's own grace for activities under way. */
const STOP_LIMIT_MS = 15_000;

export interface Part {
  /** What it said when it served. */
  ready: Record<string, unknown>;
  /** Sends a question and resolves with the answer. */
  ask(question: string): Promise<unknown>;
  /** Ends the process; resolves when it is gone. */
  stop(): Promise<void>;
}

/** Forks a TypeScript file with one JSON argument; rejects when it ends before it serves. */
export async function startPart(
  file: string,
  settings: object,
  { flags = [], env = {}, log }: { flags?: string[]; env?: Record<string, string>; log: (line: string) => void },
): Promise<Part> {
  const child = fork(file, [JSON.stringify(settings)], {
    // Without deprecation notes of the AWS SDK about the Node version.
    execArgv: ['--no-warnings', '--import', 'tsx', ...flags],
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  for (const stream of [child.stdout, child.stderr]) if (stream !== null) createInterface(stream).on('line', log);
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const ready = await reply(child, 'ready', START_LIMIT_MS);
  return {
    ready: ready as Record<string, unknown>,
    ask: (question) => {
      const answer = reply(child, question, ANSWER_LIMIT_MS);
      child.send(question);
      return answer;
    },
    stop: async () => {
      const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS);
      if (child.connected) child.disconnect();
      await ended;
      clearTimeout(timer);
    },
  };
}

function reply(child: ChildProcess, about: string, limitMs: number): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const settle = (done: () => void): void => {
      clearTimeout(timer);
      child.off('message', hear).off('exit', end);
      done();
    };
    const hear = (message: unknown): void => {
      const { about: what, value } = message as { about: string; value: unknown };
      if (what === about) settle(() => resolve(value));
    };
    const end = (code: number | null): void => settle(() => reject(new Error(`ended with code ${String(code)}`)));
    const timer = setTimeout(() => settle(() => reject(new Error(`no answer to '${about}'`))), limitMs);
    child.on('message', hear).on('exit', end);
  });
}

/** In the child: says that it serves, answers questions, and ends when its parent lets go of it or is gone. */
export function serve(part: {
  ready: Record<string, unknown>;
  answer?: (question: string) => Promise<unknown>;
  stop: () => Promise<void>;
}): void {
  const tell = (about: string, value: unknown): unknown => process.send?.({ about, value });
  process.on('message', (question: string) => {
    void part.answer?.(question).then((value) => tell(question, value));
  });
  process.once('disconnect', () => {
    void part.stop().finally(() => process.exit(0));
  });
  tell('ready', part.ready);
}

/** The argument that `startPart` gave. */
export function settingsOf(): unknown {
  return JSON.parse(process.argv[2] ?? '{}');
}
