/** A terminal that remembers and a client that answers what it is told, for tests of commands. */
import { main } from '../../src/cli/main';
import type { Context } from '../../src/cli/context';
import { createStyle } from '../../src/cli/render/style';
import { uiLinks, type ExperimentHandle, type Holdfast, type Schedules } from '../../src/client';
import { readConfig } from '../../src/config';
import { createFolderLibrary } from '../../src/library/folder';
import { aResult, aSchedule, aStatus } from './fixtures';

export interface Ran {
  code: number;
  out: string[];
  err: string[];
}

export interface FakeOptions {
  client?: Partial<Holdfast>;
  connect?: () => Promise<Holdfast>;
  tty?: boolean;
  home?: string;
  /** What the person at the terminal answers, or types; nobody sits there when absent. */
  answer?: boolean | string;
  /** Folders of programs. */
  path?: string;
  /** Receives the function that stands for Ctrl-C. */
  onInterrupt?: (press: () => void) => void;
}

/** Runs a command line against the fake. */
export async function runCli(argv: string[], options: FakeOptions = {}): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(argv, (exit) => fakeContext(options, exit, out, err));
  return { code, out, err };
}

function fakeContext(options: FakeOptions, exit: (code: number) => void, out: string[], err: string[]): Context {
  return {
    terminal: {
      out: (line) => void out.push(line),
      err: (line) => void err.push(line),
      write: (text) => void out.push(text),
      tty: options.tty ?? false,
      columns: () => 160,
      rows: () => 50,
    },
    style: createStyle(false),
    config: readConfig({ HOLDFAST_OWNER: 'ada', HOLDFAST_HOME: options.home ?? '/nonexistent', PATH: options.path }),
    library: createFolderLibrary(options.home ?? '/nonexistent'),
    now: () => '2026-01-02T15:04:13.000Z',
    connect: options.connect ?? (() => Promise.resolve(aClient(options.client))),
    confirm:
      options.answer === undefined
        ? undefined
        : (_question, words) =>
            Promise.resolve(words === undefined ? options.answer === true : options.answer === words),
    onInterrupt: (listener) => {
      options.onInterrupt?.(listener);
      return () => undefined;
    },
    exit,
  };
}

/** A client of one experiment that is done. */
function aClient(more: Partial<Holdfast> = {}): Holdfast {
  const get = more.get ?? ((id: string) => aHandle({ id }));
  return {
    links: uiLinks('http://127.0.0.1:8233', 'default'),
    get,
    start: (spec, options) => Promise.resolve(get(options?.id ?? `${spec.name ?? 'experiment'}-1`)),
    plan: () => Promise.reject(new Error('not faked')),
    list: () => Promise.resolve([]),
    page: () => Promise.resolve({ experiments: [] }),
    resolve: (id) => Promise.resolve(id === 'latest' ? 'lab-260102-1504-x7kd' : id),
    cleanup: () => Promise.reject(new Error('not faked')),
    planCleanup: () => Promise.reject(new Error('not faked')),
    reap: () => Promise.reject(new Error('not faked')),
    reaperSchedule: () =>
      Promise.resolve({ id: 'reaper/holdfast', everySeconds: 900, input: { apply: true }, paused: false }),
    scheduleReaper: () => Promise.resolve('unchanged'),
    setup: () => Promise.reject(new Error('not faked')),
    startCleanup: () => Promise.resolve(),
    cleanupState: () => Promise.reject(new Error('not faked')),
    acceptAwsEvent: () => Promise.resolve('aws-event/1'),
    workers: () => Promise.resolve(1),
    capacity: () => Promise.resolve([]),
    checkup: () => Promise.reject(new Error('not faked')),
    schedules: aSchedules(),
    historyEvents: () => Promise.resolve(0),
    close: () => Promise.resolve(),
    ...more,
  };
}

/** One schedule that does what it is told. */
export function aSchedules(more: Partial<Schedules> = {}): Schedules {
  const done = (): Promise<void> => Promise.resolve();
  return {
    create: ({ id }) => Promise.resolve(aSchedule({ id })),
    createStop: ({ id }) => Promise.resolve(aSchedule({ id, does: 'stop' })),
    list: () => Promise.resolve([aSchedule()]),
    show: (id) => Promise.resolve(aSchedule({ id })),
    pause: done,
    resume: done,
    trigger: done,
    backfill: done,
    delete: done,
    ...more,
  };
}

/** An experiment that is done, with a status of its last phase. */
export function aHandle(more: Partial<ExperimentHandle> = {}): ExperimentHandle {
  const done = (): Promise<void> => Promise.resolve();
  return {
    id: 'lab-260102-1504-x7kd',
    url: 'http://127.0.0.1:8233/lab',
    status: () => Promise.resolve(aStatus({ phase: 'Done' })),
    isRunning: () => Promise.resolve(false),
    wait: () => Promise.resolve(aStatus()),
    events: () => noEvents(),
    result: () => Promise.resolve(aResult()),
    extend: () => Promise.resolve('2026-01-02T19:04:00.000Z'),
    hold: done,
    release: done,
    replaceNode: (slot) => Promise.resolve({ slot, instanceId: 'i-0123456789abcdef0' }),
    exec: () => Promise.resolve([]),
    stop: done,
    note: done,
    cancel: done,
    ...more,
  };
}

async function* noEvents(): AsyncGenerator<never> {
  // Nothing happens to an experiment that is done.
}
