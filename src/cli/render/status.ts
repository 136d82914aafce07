/** What does a person see of one experiment? The same page for `show` and, redrawn, for `run`. */
import { FINAL_PHASES, type ExperimentStatus, type Phase } from '../../contracts/messages';
import { attemptLines } from './attempts';
import { componentGrid } from './components';
import { clock, secondsBetween, span } from './format';
import { nodeGrid } from './grid';
import { costLine, stepLines } from './outcome';
import type { Style } from './style';

export interface StatusView {
  style: Style;
  /** ISO time of looking. */
  at: string;
  /** The experiment's page in the Temporal UI. */
  url: string;
  /** Lines of launches shown, the last ones; all when absent. */
  launches?: number;
}

/** Events shown: what happened last, without scrolling. */
const LAST_EVENTS = 5;

/** The page, section by section; empty sections are left out. */
export function statusPage(status: ExperimentStatus, view: StatusView): string[] {
  const { style, at } = view;
  return [
    ...headLines(status, at, style),
    style.dim(view.url),
    ...section('', grid(status, view), style),
    ...section('Steps', stepLines(status.steps, style), style),
    ...section('Launches', lastLines(attemptLines(status.attempts, style), view), style),
    ...section('Last events', eventLines(status, style), style),
    ...section('Cleanup', cleanupLines(status, style), style),
  ];
}

function lastLines(lines: string[], { launches, style }: StatusView): string[] {
  if (launches === undefined || lines.length <= launches) return lines;
  return [style.dim(`… ${String(lines.length - launches)} earlier`), ...lines.slice(-launches)];
}

/** Nodes shown one by one; the lab of the examples has 9, and 24 lines are the smallest usual terminal. */
const NODE_ROWS = 30;

function grid(status: ExperimentStatus, { style, at }: StatusView): string[] {
  const nodes = Object.values(status.desired).reduce((sum, one) => sum + one, 0);
  return nodes > NODE_ROWS ? componentGrid(status, style) : nodeGrid(status, at, style);
}

/** What is it, whose, in which phase and why, how long, how much. */
function headLines(status: ExperimentStatus, at: string, style: Style): string[] {
  const reason = status.reason === undefined ? '' : ` (${status.reason})`;
  const where = status.region === undefined ? '' : `  ${status.region}`;
  // Before the spec is admitted the lease is not known.
  const isLeased = !isFinal(status.phase) && status.expiresAt > status.startedAt;
  const left = isLeased ? `, lease ends in ${span(secondsBetween(at, status.expiresAt))}` : '';
  const owner = status.owner === '' ? '' : `  ${status.owner}`;
  const title = `${style.bold(status.experimentId)}  ${phaseWord(status.phase, style)}${reason}${where}${owner}`;
  return [
    title,
    ...(status.message === undefined || status.message === '' ? [] : status.message.split('\n')),
    style.dim(`started ${clock(status.startedAt)} UTC${left}`),
    costLine(status.cost),
  ];
}

function isFinal(phase: Phase): boolean {
  return FINAL_PHASES.includes(phase);
}

/** The phase in the colour of its meaning. */
export function phaseWord(phase: Phase, style: Style): string {
  if (phase === 'Done' || phase === 'Ready') return style.green(phase);
  if (phase === 'Failed') return style.red(phase);
  return isFinal(phase) || phase === 'Held' ? style.yellow(phase) : style.cyan(phase);
}

function section(title: string, lines: string[], style: Style): string[] {
  if (lines.length === 0) return [];
  return ['', ...(title === '' ? [] : [style.bold(title)]), ...lines];
}

function eventLines(status: ExperimentStatus, style: Style): string[] {
  return status.timeline.slice(-LAST_EVENTS).map((entry) => `${style.dim(clock(entry.at))} ${entry.text}`);
}

function cleanupLines(status: ExperimentStatus, style: Style): string[] {
  if (status.cleanup === undefined) return [];
  const { verdict, left } = status.cleanup;
  const word = verdict === 'clean' ? style.green(verdict) : style.red(verdict);
  return [word, ...left.map((line) => `  left ${line}`)];
}
