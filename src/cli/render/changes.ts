/** What happened between two looks? One line per fact, for logs and pipes where nothing can be redrawn. */
import type { InterruptionRecord } from '../../contracts/failover';
import type { ExperimentStatus } from '../../contracts/messages';
import type { Evidence, NodeProgress } from '../../contracts/readiness';
import { attemptLines } from './attempts';
import { clock, span } from './format';
import { lossLines } from './losses';
import { stepLines } from './outcome';
import type { Style } from './style';

/** Lines for everything in `now` that `before` did not have; without `before`, everything. */
export function changes(before: ExperimentStatus | undefined, now: ExperimentStatus, style: Style): string[] {
  return [
    ...attemptLines(now.attempts.slice(before?.attempts.length ?? 0), style),
    ...gateLines(before, now),
    ...lossLines(freshLosses(before, now), style),
    ...stepLines(now.steps.slice(before?.steps.length ?? 0), style),
    ...cleanupChange(before, now),
    // Last: what led to a phase was seen together with it.
    ...phaseChange(before, now),
  ];
}

/** A loss is news when it is noticed, and once more when it is made good or given up. */
function freshLosses(before: ExperimentStatus | undefined, now: ExperimentStatus): InterruptionRecord[] {
  return now.interruptions.filter((record) => {
    const old = before?.interruptions.find(
      (one) => one.oldInstance === record.oldInstance && one.detectedAt === record.detectedAt,
    );
    return old?.promotedAt !== record.promotedAt || old?.missed !== record.missed || old === undefined;
  });
}

function phaseChange(before: ExperimentStatus | undefined, now: ExperimentStatus): string[] {
  if (before?.phase === now.phase) return [];
  const reason = now.reason === undefined ? '' : ` (${now.reason})`;
  const message = now.message === undefined || now.message === '' ? '' : `: ${now.message.split('\n').join('; ')}`;
  return [`phase ${now.phase}${reason}${message}`];
}

function gateLines(before: ExperimentStatus | undefined, now: ExperimentStatus): string[] {
  const fresh = now.progress.flatMap((node) => newEvidence(before, node).map((seen) => ({ slot: node.slot, seen })));
  return fresh
    .sort((a, b) => a.seen.at.localeCompare(b.seen.at))
    .map(({ slot, seen }) => {
      const verb = seen.passed ? 'passed' : 'missed';
      return `${clock(seen.at)} ${slot} ${verb} ${seen.gate} after ${span(seen.afterMs / 1000)}: ${seen.seen}`;
    });
}

/** Gates passed since, and the one that was missed; what is only not there yet is no news. */
function newEvidence(before: ExperimentStatus | undefined, node: NodeProgress): Evidence[] {
  const old = before?.progress.find((one) => one.instanceId === node.instanceId);
  const isKnown = (seen: Evidence): boolean =>
    old !== undefined &&
    old.evidence.some((one) => one.gate === seen.gate && one.passed === seen.passed) &&
    (seen.passed || old.at === 'failed');
  return node.evidence.filter((seen) => (seen.passed || node.at === 'failed') && !isKnown(seen));
}

function cleanupChange(before: ExperimentStatus | undefined, now: ExperimentStatus): string[] {
  if (now.cleanup === undefined || before?.cleanup !== undefined) return [];
  return [`cleanup ${now.cleanup.verdict}`, ...now.cleanup.left.map((line) => `  left ${line}`)];
}
