/** What does `holdfast demo` do? A stack of its own, one experiment on it, what came of it, and everything gone. */
import { appendFile, mkdir } from 'node:fs/promises';
import { existsSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { join, resolve } from 'node:path';
import type { ExperimentHandle } from '../client';
import type { Context } from '../cli/context';
import { EXIT, exitCodeOf } from '../cli/exit';
import { plainLines, progressView } from '../cli/progress';
import { span } from '../cli/render/format';
import { resultPage } from '../cli/render/result';
import { loadSpec, type LoadedSpec } from '../cli/spec-layers';
import { follow } from '../cli/watch';
import { FINAL_PHASES, type ExperimentResult } from '../contracts/messages';
import { createFolderLibrary } from '../library/folder';
import { criticalPathSeconds } from './critical-path';
import { demoReport, type DemoFacts } from './demo-report';
import { readLedger } from './ledger';
import { startStack, type Stack } from './stack';
import { divertWarnings } from './warnings';

export interface DemoSettings {
  /** Experiment file; default: the Pulsar lab of the examples. */
  file?: string;
  /** Scenario name or file; default: the one whose first pools are empty. */
  scenario?: string;
  /** One JSON document on standard output, everything else on standard error. */
  json: boolean;
  /** Leave everything running at the end until Ctrl-C. */
  keep: boolean;
}

/** Tag indexes of the demo's scenario lag by 0.8 s at most, those of AWS by up to a minute. */
const SETTLE = '2s';

/** Runs the demo and sets the exit code by how its experiment ended; Ctrl-C at any time ends all of it. */
export async function runDemo(context: Context, settings: DemoSettings): Promise<void> {
  const given = { file: [settings.file ?? example('pulsar-lab.yaml')], set: [`settle=${SETTLE}`] };
  const loaded = await loadSpec(given, createFolderLibrary());
  const say = (line: string): void => {
    if (settings.json) context.terminal.err(line);
    else context.terminal.out(line);
  };
  const log = createLog(context, say);
  const restoreWarnings = divertWarnings(log.write);
  say('Starting Temporal, the simulated AWS and a worker ...');
  const scenario = settings.scenario ?? example('scenarios/dry-pools.yaml');
  // Until here Ctrl-C simply ends this process, and with it everything it started.
  const stack = await startStack({ config: context.config, scenario, exec: true, log: log.write });
  const interrupt = new AbortController();
  const stopListening = context.onInterrupt(() => {
    interrupt.abort();
  });
  try {
    log.toFileOnly();
    await play({ context, settings, stack, loaded, say, signal: interrupt.signal });
  } finally {
    await stack.stop();
    stopListening();
    restoreWarnings();
    await log.close();
  }
}

interface Play {
  context: Context;
  settings: DemoSettings;
  stack: Stack;
  loaded: LoadedSpec;
  say: (line: string) => void;
  signal: AbortSignal;
}

async function play({ context, settings, stack, loaded, say, signal }: Play): Promise<void> {
  const startedAt = Date.now();
  const experiment = await stack.client.start({ ...loaded.input, owner: loaded.input.owner ?? context.config.owner });
  for (const line of opening(experiment, stack)) say(line);
  const view = settings.json ? plainLines(context, say) : progressView(context, experiment.url);
  const reclaiming = reclaimOne(experiment, stack, signal).catch(() => undefined);
  const result = await follow(experiment, view, signal);
  await reclaiming;
  if (result === undefined) {
    say('interrupted: stopping everything this demo started');
    context.exit(EXIT.cancelledOrExpired);
    return;
  }
  const facts = await gather(stack, loaded, result, (Date.now() - startedAt) / 1000);
  for (const line of closing(context, experiment, facts)) say(line);
  if (settings.json) context.terminal.out(JSON.stringify(demoReport(facts)));
  context.exit(exitCodeOf(result));
  if (settings.keep) await linger(stack, say, signal);
}

/** AWS gives two minutes; the demo has not that much time. */
const NOTICE_SECONDS = 12;

/** Takes one spot node back while the first step runs: one of a component that the step does not run on. */
async function reclaimOne(experiment: ExperimentHandle, stack: Stack, signal: AbortSignal): Promise<void> {
  for (;;) {
    const { phase, nodes, steps } = await experiment.status();
    if (signal.aborted || steps.length > 0 || FINAL_PHASES.includes(phase)) return;
    const doomed = nodes.find((node) => node.market === 'spot' && node.component === 'bookkeeper');
    if (phase === 'Running' && doomed !== undefined) {
      const body = JSON.stringify({ instanceId: doomed.instanceId, noticeSeconds: NOTICE_SECONDS });
      await fetch(`${stack.simulatorUrl}/_sim/interrupt`, { method: 'POST', body });
      return;
    }
    await delay(LOOK_MS, undefined, { signal });
  }
}

/** How soon after the step's start the node is taken: soon enough for its replacement to be ready before the end. */
const LOOK_MS = 500;

function opening(experiment: ExperimentHandle, stack: Stack): string[] {
  return [
    `experiment ${experiment.id}`,
    `  watch it in the Temporal UI:  ${experiment.url}`,
    `  all experiments:              ${stack.links.experiments}`,
    `  start another one there:      ${stack.links.startExperiment}`,
    '',
  ];
}

async function gather(
  stack: Stack,
  loaded: LoadedSpec,
  result: ExperimentResult,
  totalSeconds: number,
): Promise<DemoFacts> {
  const ledger = await readLedger(stack.simulatorUrl);
  return {
    result,
    ledger: ledger.summary,
    events: await stack.client.historyEvents(result.experimentId),
    totalSeconds,
    criticalPathSeconds: criticalPathSeconds(loaded.spec, ledger.resources),
  };
}

function closing(context: Context, experiment: ExperimentHandle, facts: DemoFacts): string[] {
  const { style } = context;
  const { launched, alive, duplicates, untagged, calls } = facts.ledger;
  const callCount = Object.values(calls).reduce((sum, one) => sum + one, 0);
  return [
    ...resultPage(facts.result, experiment.url, style),
    `${style.bold('Ledger')}   ${String(launched)} launched, ${String(alive)} alive, ${String(duplicates)} duplicates, ${String(untagged)} untagged; ${String(callCount)} AWS calls`,
    `${style.bold('Took')}     ${span(facts.totalSeconds)}; ${String(facts.events)} history events`,
  ];
}

async function linger(stack: Stack, say: (line: string) => void, signal: AbortSignal): Promise<void> {
  say('');
  say('Everything is left running for you to look at. Ctrl-C ends it.');
  const interrupted = new Promise<void>((done) => {
    if (signal.aborted) done();
    else
      signal.addEventListener(
        'abort',
        () => {
          done();
        },
        { once: true },
      );
  });
  await Promise.race([interrupted, stack.ended]);
}

/** What the parts say goes to the terminal while they start, and to a file once progress is drawn there. */
function createLog(context: Context, say: (line: string) => void): DemoLog {
  const { home } = context.config;
  const file = join(home, 'demo.log');
  let shown = true;
  let writing: Promise<void> = mkdir(home, { recursive: true }).then(() => undefined);
  return {
    write: (line) => {
      if (shown) say(context.style.dim(line));
      writing = writing.then(() => appendFile(file, `${context.now()} ${line}\n`)).catch(() => undefined);
    },
    toFileOnly: () => {
      shown = false;
    },
    close: () => writing,
  };
}

interface DemoLog {
  write: (line: string) => void;
  toFileOnly: () => void;
  close: () => Promise<void>;
}

/** A file of the examples folder, beside the sources or the build. */
function example(name: string): string {
  const beside = resolve(__dirname, '../../examples', name);
  return existsSync(beside) ? beside : resolve('examples', name);
}
