/** What does a command get from the outside? Streams, terminal, settings and the way to Temporal, all replaceable. */
import { createInterface } from 'node:readline/promises';
import { connect, type ConnectOptions, type Holdfast } from '../client';
import { readConfig, temporalConnectionOptions, type Config } from '../config';
import { createFolderLibrary } from '../library/folder';
import type { SpecLibrary } from '../schemas/resolve';
import { createStyle, type Style } from './render/style';
import { runningStack } from './running-stack';

export interface Terminal {
  /** Writes a line to standard output. */
  readonly out: (line: string) => void;
  /** Writes a line to standard error. */
  readonly err: (line: string) => void;
  /** Writes as it is to standard output. */
  readonly write: (text: string) => void;
  /** Standard output is a terminal that can be redrawn. */
  readonly tty: boolean;
  columns(): number;
  rows(): number;
}

export interface Context {
  readonly terminal: Terminal;
  readonly style: Style;
  readonly config: Config;
  /** Templates and profiles of this machine. */
  readonly library: SpecLibrary;
  /** ISO time. */
  now(): string;
  connect(): Promise<Holdfast>;
  /** Asks for yes, or to type these very words; undefined where nobody sits at a terminal. */
  readonly confirm: ((question: string, words?: string) => Promise<boolean>) | undefined;
  /** Calls back on Ctrl-C and SIGTERM instead of ending the process; answers with the way to stop listening. */
  onInterrupt(listener: () => void): () => void;
  /** Sets the exit code of the process. */
  exit(code: number): void;
}

/** The context of the real process; `exit` receives the code it should end with. */
export function processContext(exit: (code: number) => void): Context {
  const config = readConfig();
  const terminal = processTerminal();
  return {
    terminal,
    style: createStyle(terminal.tty && config.color),
    config,
    library: createFolderLibrary(config.home),
    now: () => new Date().toISOString(),
    connect: async () => connect(await connectOptions(config)),
    confirm: process.stdin.isTTY && process.stderr.isTTY ? askAtTerminal : undefined,
    onInterrupt: listenForInterrupt,
    exit,
  };
}

/** A configured Temporal server wins over a stack that `holdfast dev` runs here, and that over localhost:7233. */
async function connectOptions(config: Config): Promise<ConnectOptions> {
  const { connectionOptions, namespace } = temporalConnectionOptions();
  if (connectionOptions.address === undefined || connectionOptions.address === '') {
    const stack = await runningStack(config.home);
    if (stack !== undefined) return { connection: { address: stack.temporal }, uiUrl: stack.ui };
  }
  return { connection: connectionOptions, ...(namespace === undefined ? {} : { namespace }) };
}

function processTerminal(): Terminal {
  const { stdout, stderr } = process;
  return {
    out: (line) => void stdout.write(`${line}\n`),
    err: (line) => void stderr.write(`${line}\n`),
    write: (text) => void stdout.write(text),
    tty: stdout.isTTY,
    columns: () => stdout.columns || 100,
    rows: () => stdout.rows || 40,
  };
}

/** Only `y` and `yes` mean yes, and where words are wanted only they do. */
async function askAtTerminal(question: string, words?: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = (await lines.question(question)).trim();
    return words === undefined ? /^y(es)?$/i.test(answer) : answer === words;
  } finally {
    lines.close();
  }
}

function listenForInterrupt(listener: () => void): () => void {
  process.on('SIGINT', listener);
  process.on('SIGTERM', listener);
  return () => {
    process.off('SIGINT', listener);
    process.off('SIGTERM', listener);
  };
}
