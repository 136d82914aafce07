/** What did the steps yield, what did it cost, and is anything left? */
import type { CertificateSummary, CostSummary, StepOutcome } from '../../contracts/messages';
import type { Verdict } from '../../contracts/inventory';
import { count, money, saving, span } from './format';
import type { Style } from './style';

/** One line per step and node, followed by its parsed result. */
export function stepLines(steps: StepOutcome[], style: Style): string[] {
  return steps.flatMap((step) => {
    const exit = `exit ${String(step.exitCode)}`;
    const mark = step.exitCode === 0 ? style.green(`✓ ${exit}`) : style.red(`✗ ${exit}`);
    const disturbed = step.disturbed === undefined ? '' : style.yellow(`, disturbed by ${step.disturbed.join(', ')}`);
    return [`${step.name} on ${step.slot}: ${mark} in ${span(step.seconds)}${disturbed}`, ...resultLines(step, style)];
  });
}

/** Characters of a result shown in one line; the whole is in the result folder. */
const RESULT_CHARACTERS = 400;

function resultLines(step: StepOutcome, style: Style): string[] {
  if (step.resultProblem !== undefined) return [`  ${style.red(`no result: ${step.resultProblem}`)}`];
  if (step.result === undefined) return [];
  const fields = flatFields(step.result);
  if (fields !== undefined) return fields.map(([key, value]) => `  ${key}: ${value}`);
  const text = JSON.stringify(step.result);
  return [`  ${text.length > RESULT_CHARACTERS ? `${text.slice(0, RESULT_CHARACTERS)}…` : text}`];
}

/** Fields of a result shown one per line: more would push the rest off the screen. */
const MAX_FIELDS = 16;

function flatFields(result: unknown): [string, string][] | undefined {
  if (typeof result !== 'object' || result === null || Array.isArray(result)) return undefined;
  const entries = Object.entries(result);
  if (entries.length > MAX_FIELDS) return undefined;
  return entries.map(([key, value]) => [key, typeof value === 'object' ? JSON.stringify(value) : String(value)]);
}

/** One line: rate, spent, expected end, against on-demand. */
export function costLine(cost: CostSummary): string {
  const less = saving(cost.usdPerHour, cost.onDemandUsdPerHour);
  const against = less === '' ? 'the on-demand price' : `${less} than ${money(cost.onDemandUsdPerHour)}/h on demand`;
  const spent = `spent ${money(cost.spentUsd)}`;
  if (cost.usdPerHour === 0) return spent;
  return `${money(cost.usdPerHour)}/h (${against}), ${spent}, ${money(cost.atExpiryUsd)} at lease end`;
}

const VERDICTS: Record<Verdict, { meaning: string; colour: 'green' | 'red' | 'yellow' }> = {
  clean: { meaning: 'nothing is left', colour: 'green' },
  blocked: { meaning: 'something else stands in the way', colour: 'red' },
  protected: { meaning: 'something is protected from deletion', colour: 'yellow' },
  unproven: { meaning: 'something could not be read', colour: 'red' },
};

/** The verdict with its meaning, then what is left, then where the proof is. */
export function certificateLines(certificate: CertificateSummary, style: Style): string[] {
  const { meaning, colour } = VERDICTS[certificate.verdict];
  const seen = `${count(certificate.resources, 'resource')} seen`;
  return [
    `${style[colour](`${certificate.verdict}: ${meaning}`)} (${seen}, digest ${certificate.digest.slice(0, 12)})`,
    ...certificate.left.map((line) => `  ${style.red('left')} ${line}`),
    ...(certificate.document === '' ? [] : [style.dim(`  proof: ${certificate.document}`)]),
  ];
}
