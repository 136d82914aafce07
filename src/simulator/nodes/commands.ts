/** What does a scripted node answer to a command or step that it does not execute? The first rule whose pattern matches. */
import type { SimNode } from './node';

export interface Outcome {
  exitCode: number;
  stdout: string;
  stderr: string;
}

interface Rule {
  match: string;
  exitCode?: number;
  stdout?: string;
  stderr?: string;
  seconds?: number;
}

export interface TimedOutcome extends Outcome {
  millis: number;
}

/** A plain command; exit 0 with no output, at once, when no rule matches. */
export function commandOutcome(node: SimNode, script: string): TimedOutcome {
  return outcome(firstMatch(node.script.commands, script), 0);
}

/** A command that says nothing about its length takes this long: short, yet longer than nothing. */
const STEP_MS = 200;

/** A step; exit 0 after 200 ms when no rule matches. */
export function stepOutcome(node: SimNode, script: string): TimedOutcome & { result?: string } {
  const rule = firstMatch(node.script.steps, script);
  const result = rule?.result;
  return { ...outcome(rule, STEP_MS), ...(result === undefined ? {} : { result }) };
}

function firstMatch<T extends Rule>(rules: readonly T[] | undefined, script: string): T | undefined {
  return rules?.find(({ match }) => new RegExp(match, 's').test(script));
}

function outcome(rule: Rule | undefined, byDefault: number): TimedOutcome {
  const { exitCode = 0, stdout = '', stderr = '', seconds } = rule ?? {};
  return { exitCode, stdout, stderr, millis: seconds === undefined ? byDefault : seconds * 1000 };
}
