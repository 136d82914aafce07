/** `holdfast show`: everything about one experiment on one page. */
import type { Command } from 'commander';
import type { Context } from '../context';
import { lookUpAlone, type Known } from '../look-up';
import { nextLines } from '../render/next';
import { resultPage } from '../render/result';
import { statusPage } from '../render/status';
import { command, ID_HELP, outputOption, print, type ContextSource, type Output } from './shared';

export function showCommand(source: ContextSource): Command {
  return command('show', 'show phase, nodes, launches, steps, money and links of an experiment', [
    'holdfast show latest',
    'holdfast show pulsar-lab-26 -o json',
  ])
    .argument('<id>', ID_HELP)
    .addOption(outputOption())
    .action(async (id: string, { output }: { output: Output }) => {
      const context = source();
      const known = await lookUpAlone(context, id);
      print(context, output, known.from === 'workflow' ? known.status : known.kept, () => page(context, known));
    });
}

function page(context: Context, known: Known): string[] {
  const { style } = context;
  if (known.from === 'workflow') {
    const { status, url } = known;
    return [...statusPage(status, { style, at: context.now(), url }), '', ...nextLines(status, style)];
  }
  // What was kept at its end, said as such.
  return [style.yellow(`${known.why}; this is from its result folder`), ...resultPage(known.kept, known.url, style)];
}
