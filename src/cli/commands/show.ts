/** `holdfast show`: everything about one experiment on one page. */
import type { Command } from 'commander';
import { HoldfastError } from '../../client';
import type { ExperimentStatus } from '../../contracts/messages';
import type { Context } from '../context';
import { keptStatus } from '../kept';
import { nextLines } from '../render/next';
import { statusPage } from '../render/status';
import { command, outputOption, print, withClient, type ContextSource, type Output } from './shared';

export function showCommand(source: ContextSource): Command {
  return command('show', 'show phase, nodes, launches, steps, money and links of an experiment', [
    'holdfast show latest',
    'holdfast show pulsar-lab-26 -o json',
  ])
    .argument('<id>', 'id, unique prefix of one, or "latest"')
    .addOption(outputOption())
    .action((id: string, options: { output: Output }) => show(source(), id, options.output));
}

async function show(context: Context, given: string, output: Output): Promise<void> {
  await withClient(context, async (client) => {
    const id = await client.resolve(given).catch((error: unknown) => keepGoing(error, given));
    const experiment = client.get(id);
    const { status, note } = await statusOf(context, id, () => experiment.status());
    const { style } = context;
    print(context, output, status, () => [
      ...(note === undefined ? [] : [style.yellow(note), '']),
      ...statusPage(status, { style, at: context.now(), url: experiment.url }),
      '',
      ...nextLines(status, style),
    ]);
  });
}

/** An id that Temporal no longer knows may still have a result folder. */
function keepGoing(error: unknown, given: string): string {
  if (error instanceof HoldfastError && error.kind === 'not-found' && given !== 'latest') return given;
  throw error;
}

/** The workflow's answer, else what it last wrote to its result folder, said as such. */
async function statusOf(
  context: Context,
  id: string,
  ask: () => Promise<ExperimentStatus>,
): Promise<{ status: ExperimentStatus; note?: string }> {
  try {
    return { status: await ask() };
  } catch (error) {
    const kept = await keptStatus(context.config.home, id);
    if (kept === undefined || !(error instanceof HoldfastError)) throw error;
    return { status: kept, note: `${error.message}; this is what its result folder says` };
  }
}
