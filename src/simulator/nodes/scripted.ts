/** What does a node answer that executes nothing? Holdfast's own calls are played out, other commands follow the scenario. */
import { parseCalls, type Call } from './calls';
import { judge } from './checks';
import { commandOutcome, type Outcome } from './commands';
import type { SimNode } from './node';
import { killStep, startStep, type StepRun } from './steps';
import { never, pause } from './wait';

/** Exit codes of the real script: 70 when the node cannot do its part, 127 as bash for an unknown command. */
const NODE_FAULT = 70;
const UNKNOWN = 127;

/** Plays a script; resolves early when `signal` (cancel, time limit) aborts, never once the machine is down. */
export async function playScript(node: SimNode, script: string, signal: AbortSignal): Promise<Outcome> {
  const calls = parseCalls(script);
  const outcome = calls ? await playCalls(node, calls, signal) : await playCommand(node, script, signal);
  return node.down.signal.aborted ? never() : outcome;
}

async function playCommand(node: SimNode, script: string, signal: AbortSignal): Promise<Outcome> {
  const { millis, ...outcome } = commandOutcome(node, script);
  await pause(node.world, millis, AbortSignal.any([signal, node.down.signal]));
  return outcome;
}

async function playCalls(node: SimNode, calls: Call[], signal: AbortSignal): Promise<Outcome> {
  let stdout = '';
  for (const call of calls) {
    const answer = await playCall(node, call, signal);
    stdout += answer.stdout;
    if (answer.stop !== undefined) return { exitCode: answer.stop, stdout, stderr: answer.stderr ?? '' };
  }
  return { exitCode: 0, stdout, stderr: '' };
}

interface Answer {
  stdout: string;
  stderr?: string;
  /** Set when the script ends here, with its exit code. */
  stop?: number;
}

async function playCall(node: SimNode, call: Call, signal: AbortSignal): Promise<Answer> {
  switch (call.verb) {
    case 'ready':
      return { stdout: await playReady(node, call, signal) };
    case 'step': {
      const run = startStep(node, call);
      await Promise.race([run.ended, pause(node.world, Infinity, signal)]);
      const stdout = run.exitCode === undefined ? '' : stepLine(call.token, run);
      return run.exitCode !== 0 && call.orExit ? { stdout, stop: 0 } : { stdout };
    }
    case 'read':
      return readSlice(node, call);
    case 'kill':
      await killStep(node, call.token).ended;
      return { stdout: `killed\t${call.token}\n` };
    case 'unknown':
      return { stdout: '', stderr: `${call.line}: command not found\n`, stop: UNKNOWN };
  }
}

/** As often as the real script looks. */
const CHECK_EVERY_MS = 250;

async function playReady(node: SimNode, call: Call & { verb: 'ready' }, signal: AbortSignal): Promise<string> {
  const deadline = Date.now() + call.windowSeconds * 1000;
  const every = node.world.scenario.nodes.checkEveryMs ?? CHECK_EVERY_MS;
  const both = AbortSignal.any([signal, node.down.signal]);
  let results = judge(node, call.checks, Date.now());
  while (results.some(({ verdict }) => verdict !== 'pass') && Date.now() < deadline && !both.aborted) {
    await pause(node.world, every, both);
    results = judge(node, call.checks, Date.now());
  }
  return results.map(({ verdict, evidence }, index) => `check\t${index}\t${verdict}\t${evidence}\n`).join('');
}

function stepLine(token: string, { exitCode, files }: StepRun): string {
  const sizes = (['stdout', 'stderr', 'result'] as const).map((name) => files[name]?.length ?? '-');
  return `step\t${token}\t${exitCode}\t${sizes.join('\t')}\n`;
}

function readSlice(node: SimNode, { token, stream, offset, length }: Call & { verb: 'read' }): Answer {
  const file = node.steps.get(token)?.files[stream];
  if (!file) return { stdout: '', stderr: `holdfast: step ${token} left no ${stream}\n`, stop: NODE_FAULT };
  return { stdout: `${file.subarray(offset, offset + length).toString('base64')}\n` };
}
