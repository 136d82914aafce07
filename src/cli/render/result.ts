/** What is left to say when an experiment has ended? */
import type { ExperimentResult } from '../../contracts/messages';
import { money, saving } from './format';
import { lossLines } from './losses';
import { certificateLines, stepLines } from './outcome';
import { phaseWord } from './status';
import type { Style } from './style';

/** The end in a few lines: phase and reason, steps, money, certificate, where everything is. */
export function resultPage(result: ExperimentResult, url: string, style: Style): string[] {
  const reason = result.reason === undefined ? '' : ` (${result.reason})`;
  const message = result.message === undefined || result.message === '' ? [] : result.message.split('\n');
  return [
    '',
    `${style.bold(result.experimentId)}  ${phaseWord(result.phase, style)}${reason}`,
    ...message.map((line) => `  ${line}`),
    ...lossLines(result.interruptions, style).map((line) => `  ${line}`),
    ...stepLines(result.steps, style).map((line) => `  ${line}`),
    `${style.bold('Paid')}     ${paid(result)}`,
    ...labelled('Cleanup', certificateLines(result.certificate, style), style),
    `${style.bold('Results')}  ${result.results}`,
    ...(url === '' ? [] : [`${style.bold('UI')}       ${url}`]),
  ];
}

/** The rate that was paid against the on-demand rate, and the sum. */
function paid(result: Pick<ExperimentResult, 'cost' | 'nodes'>): string {
  const { spentUsd } = result.cost;
  const known = result.nodes.filter((node) => node.usdPerHour !== undefined);
  if (known.length === 0) return money(spentUsd);
  const rate = sum(known.map((node) => node.usdPerHour ?? 0));
  const onDemand = sum(known.map((node) => node.onDemandUsdPerHour ?? node.usdPerHour ?? 0));
  const less = saving(rate, onDemand);
  const against = less === '' ? 'the on-demand price' : `${less} than ${money(onDemand)}/h on demand`;
  return `${money(spentUsd)} at ${money(rate)}/h (${against})`;
}

function sum(values: number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function labelled(label: string, lines: string[], style: Style): string[] {
  return lines.map((line, index) => (index === 0 ? `${style.bold(label)}  ${line}` : `         ${line}`));
}
