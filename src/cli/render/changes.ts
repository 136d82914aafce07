/** What happened between two looks? One line per fact, for logs and pipes where nothing can be redrawn. */
import type { ExperimentStatus } from '../../contracts/messages';
import type { NodeProgress } from '../../contracts/readiness';
import { attemptLines } from './attempts';
import { clock, span } from './format';
import { stepLines } from './outcome';
import type { Style } from './style';

/** Lines for everything in `now` that `before` did not have; without `before`, everything. */
export function changes(before: ExperimentStatus | undefined, now: ExperimentStatus, style: Style): string[] {
  return [
    ...phaseChange(before, now),
    ...attemptLines(now.attempts.slice(before?.attempts.length ?? 0), style),
    ...now.progress.flatMap((node) => gateChanges(before, node)),
    ...stepLines(now.steps.slice(before?.steps.length ?? 0), style),
    ...cleanupChange(before, now),
  ];
}

function phaseChange(before: ExperimentStatus | undefined, now: ExperimentStatus): string[] {
  if (before?.phase === now.phase) return [];
  const reason = now.reason === undefined ? '' : ` (${now.reason})`;
  const message = now.message === undefined || now.message === '' ? '' : `: ${now.message.split('\n').join('; ')}`;
  return [`phase ${now.phase}${reason}${message}`];
}

function gateChanges(before: ExperimentStatus | undefined, node: NodeProgress): string[] {
  const known = before?.progress.find((one) => one.instanceId === node.instanceId)?.evidence.length ?? 0;
  return node.evidence.slice(known).map((seen) => {
    const verb = seen.passed ? 'passed' : 'missed';
    const name = `${node.slot} ${verb} ${seen.gate} after ${span(seen.afterMs / 1000)}: ${seen.seen}`;
    return `${clock(seen.at)} ${name}`;
  });
}

function cleanupChange(before: ExperimentStatus | undefined, now: ExperimentStatus): string[] {
  if (now.cleanup === undefined || before?.cleanup !== undefined) return [];
  return [`cleanup ${now.cleanup.verdict}`, ...now.cleanup.left.map((line) => `  left ${line}`)];
}
