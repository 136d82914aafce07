/** How does a scripted node run a step? At most once per token, with its effect on units, kept until the machine is gone. */
import { gzipSync } from 'node:zlib';
import { addResource, endResource, newResource } from '../world/resources';
import type { RegionState, SimStep } from '../world/state';
import { regionState } from '../world/world';
import type { StepCall } from './calls';
import { stepOutcome } from './commands';
import type { SimNode } from './node';
import { steerUnit } from './units';
import { never, pause } from './wait';

export interface StepRun {
  /** Set when the step has ended. */
  exitCode?: number;
  files: Partial<Record<'stdout' | 'stderr' | 'result', Buffer>>;
  kill: AbortController;
  /** Resolves when the step has ended; never when the machine goes down first. */
  ended: Promise<void>;
}

/** Starts the step unless its token is known on this node, and gives the run. */
export function startStep(node: SimNode, call: StepCall): StepRun {
  const known = node.steps.get(call.token);
  if (known) return known;
  const run: StepRun = { files: {}, kill: new AbortController(), ended: Promise.resolve() };
  node.steps.set(call.token, run);
  run.ended = play(node, call, run);
  return run;
}

/** Ends the step; one that has not come yet never starts. */
export function killStep(node: SimNode, token: string): StepRun {
  const known = node.steps.get(token);
  if (known) {
    known.kill.abort();
    return known;
  }
  const run: StepRun = { files: {}, kill: new AbortController(), ended: Promise.resolve() };
  finish(run, { exitCode: KILLED, stdout: '', stderr: '' });
  node.steps.set(token, run);
  return run;
}

/** Exit codes of timeout(1) over its limit, and of a process ended by TERM. */
const OVER_LIMIT = 124;
const KILLED = 143;

async function play(node: SimNode, call: StepCall, run: StepRun): Promise<void> {
  const { record, state } = stepRecord(node, call.token);
  record.starts += 1;
  const { millis, ...outcome } = stepOutcome(node, call.script);
  const limit = call.timeoutSeconds === 0 ? Infinity : call.timeoutSeconds * 1000;
  const both = AbortSignal.any([run.kill.signal, node.down.signal]);
  await pause(node.world, Math.min(millis, limit), both);
  endResource(state, record);
  if (node.down.signal.aborted) return never();
  if (run.kill.signal.aborted) finish(run, { ...cut(outcome), exitCode: KILLED });
  else if (millis > limit) finish(run, { ...cut(outcome), exitCode: OVER_LIMIT });
  else {
    steerUnits(node, call.script);
    finish(run, outcome);
  }
}

/** The record that the ledger shows of a step on this machine, made when it is missing, with no start counted yet. */
export function stepRecord(node: SimNode, token: string): { record: SimStep; state: RegionState } {
  const { world, instance } = node;
  const ctx = { world, region: instance.region, account: instance.account };
  const state = regionState(ctx);
  const id = `step-${instance.id}-${token}`;
  const known = state.steps.get(id);
  if (known) return { record: known, state };
  const record = addResource(state, { ...newResource(ctx, 'step', id), token, instanceId: instance.id, starts: 0 });
  // Not through the tag index: a step is no resource of AWS, but the ledger shows whose it was.
  record.tags = { ...instance.tags };
  return { record, state };
}

function finish(run: StepRun, end: { exitCode: number; stdout: string; stderr: string; result?: string }): void {
  run.files = { stdout: gzipSync(end.stdout), stderr: gzipSync(end.stderr) };
  if (end.result !== undefined) run.files.result = gzipSync(end.result);
  run.exitCode = end.exitCode;
}

/** A step that is ended early leaves its output but not its result. */
function cut({ stdout, stderr }: { stdout: string; stderr: string }): { stdout: string; stderr: string } {
  return { stdout, stderr };
}

const SYSTEMCTL = /\bsystemctl\s+(?:--(?!now)\S+\s+)*(start|restart|stop|enable\s+--now)\s+([^\n;&|#>]+)/g;

/** What the step's own words do to units, without running them. */
function steerUnits(node: SimNode, script: string): void {
  for (const [, verb = '', units = ''] of script.matchAll(SYSTEMCTL)) {
    const what = verb === 'stop' || verb === 'restart' ? verb : 'start';
    for (const unit of units.split(/[\s'"]+/)) {
      if (unit !== '' && !unit.startsWith('-')) steerUnit(node, what, unit, Date.now());
    }
  }
}
