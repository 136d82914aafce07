/** What does every experiment owe at its end, whatever was done to it? The ledger is the referee. */
import type { ExperimentResult, Reason } from '../../src/contracts/messages';
import { FINAL_PHASES } from '../../src/contracts/messages';
import type { ExperimentInput } from '../../src/schemas/experiment';
import type { Ledger } from '../support/lab';
import { instancesOf, leftOf } from '../support/outcomes';

/** How an experiment ended. */
export interface End {
  id: string;
  spec: ExperimentInput;
  /** `completed`, or the type of the failure it ended with. */
  as: string;
  message: string;
  /** Absent when it was cancelled before it had anything to tell. */
  result?: ExperimentResult;
}

/** What is wrong, one line each; empty when all is well. */
export function wrongs(ledger: Ledger, ends: readonly End[], mayFailFor: readonly Reason[]): string[] {
  const { duplicates, untagged, aliveByType } = ledger.summary;
  const alive = Object.entries(aliveByType).map(([type, count]) => `${String(count)} ${type} left alive`);
  return [
    ...(duplicates === 0 ? [] : [`${String(duplicates)} instances launched twice`]),
    ...(untagged === 0 ? [] : [`${String(untagged)} resources without ownership tags`]),
    ...alive,
    ...ends.flatMap((end) => wrongsOf(ledger, end, mayFailFor).map((line) => `${end.id}: ${line}`)),
  ];
}

function wrongsOf(ledger: Ledger, end: End, mayFailFor: readonly Reason[]): string[] {
  const left = leftOf(ledger, end.id);
  if (end.result === undefined) {
    // Cancelled before it was known what it is, so that there was nothing to keep.
    const isEarly = end.as === 'CancelledFailure' && instancesOf(ledger, end.id).length === 0;
    return isEarly ? left : [`ended as ${end.as} without a result: ${end.message}`, ...left];
  }
  return [
    ...undeclared(end, end.result, mayFailFor),
    ...untrue(end.result, left),
    ...notUnique(end.result),
    ...(end.result.phase === 'Done' ? unfinished(ledger, end, end.result) : []),
  ];
}

/** The ends there are, and for the reasons that the ordeal gives. */
function undeclared(end: End, { phase, reason, message }: ExperimentResult, mayFailFor: readonly Reason[]): string[] {
  if (!FINAL_PHASES.includes(phase)) return [`ended in ${phase}`];
  if (phase === 'Done') return end.as === 'completed' ? [] : [`Done, and ended as ${end.as}`];
  if (phase === 'Cancelled') return reason === 'User' ? [] : [`Cancelled for ${String(reason)}`];
  if (phase === 'Failed' && reason !== undefined && mayFailFor.includes(reason)) return [];
  return [`${phase} for ${String(reason)}, which nothing here is a reason for: ${String(message)}`];
}

/** A certificate says what is left, and all of it. */
function untrue({ certificate }: ExperimentResult, left: string[]): string[] {
  const { verdict } = certificate;
  if ((verdict === 'clean') === (left.length === 0)) return [];
  return [
    `certificate says ${verdict} (${certificate.left.join(', ')}), the ledger ${left.join(', ') || 'nothing left'}`,
  ];
}

/** One instance per generation of a slot, one generation per instance. */
function notUnique({ nodes }: ExperimentResult): string[] {
  const members = nodes.map(({ slot, generation }) => `${slot} generation ${String(generation)}`);
  const twice = members.filter((member, index) => members.indexOf(member) !== index);
  const ids = nodes.map(({ instanceId }) => instanceId);
  return [
    ...twice.map((member) => `two instances were ${member}`),
    ...ids.filter((id, index) => ids.indexOf(id) !== index).map((id) => `${id} was two members`),
  ];
}

/** Nothing was bought that it does not tell of, every member did the work, and no slot is missing. */
function unfinished(ledger: Ledger, { id, spec }: End, { nodes, steps, attempts }: ExperimentResult): string[] {
  const bought = instancesOf(ledger, id).length;
  const told = attempts.reduce((sum, { launched }) => sum + launched, 0);
  const slots = new Set(nodes.map(({ slot }) => slot));
  const failed = steps.filter(({ exitCode }) => exitCode !== 0).map((one) => `${one.name} failed on ${one.slot}`);
  const wanted = Object.values(spec.components).reduce((sum, { count = 1 }) => sum + count, 0);
  return [
    ...(bought === told ? [] : [`tells of ${String(told)} instances, and ${String(bought)} were bought`]),
    ...(slots.size === wanted ? [] : [`${String(slots.size)} slots of ${String(wanted)}`]),
    ...failed,
    ...(spec.steps ?? []).flatMap(({ name, on }) => idle(spec, steps, name, [on].flat())),
  ];
}

function idle(spec: ExperimentInput, steps: ExperimentResult['steps'], name: string, on: string[]): string[] {
  // A component that ignores its losses does with whoever is left.
  const parts = on.filter((part) => spec.components[part]?.onInterruption !== 'ignore');
  return parts.flatMap((part) => {
    const did = steps.filter((one) => one.name === name && one.slot.replace(/-\d+$/, '') === part);
    const slots = new Set(did.map(({ slot }) => slot));
    const count = spec.components[part]?.count ?? 1;
    if (slots.size === count && did.length === count) return [];
    return [
      `step ${name} has ${String(did.length)} outcomes of ${String(slots.size)} slots on ${String(count)} ${part}`,
    ];
  });
}
