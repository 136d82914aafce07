/** `holdfast show`: everything about one experiment on one page. */
import type { Command } from 'commander';
import { HoldfastError, type ExperimentHandle, type Holdfast } from '../../client';
import type { ExperimentStatus } from '../../contracts/messages';
import type { Context } from '../context';
import { keptResult } from '../../dev/kept-result';
import { nextLines } from '../render/next';
import { resultPage } from '../render/result';
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
  try {
    await withClient(context, (client) => showLive(context, client, given, output));
  } catch (error) {
    // Without Temporal there is still what the experiment left on this machine.
    if (!(error instanceof HoldfastError) || error.kind !== 'unreachable') throw error;
    await showKept(context, { id: given, url: '' }, output, error);
  }
}

async function showLive(context: Context, client: Holdfast, given: string, output: Output): Promise<void> {
  const id = await client.resolve(given).catch((error: unknown) => keepGoing(error, given));
  const experiment = client.get(id);
  try {
    showStatus(context, await experiment.status(), experiment.url, output);
  } catch (error) {
    await showKept(context, experiment, output, error);
  }
}

function showStatus(context: Context, status: ExperimentStatus, url: string, output: Output): void {
  const { style } = context;
  const page = (): string[] => [
    ...statusPage(status, { style, at: context.now(), url }),
    '',
    ...nextLines(status, style),
  ];
  print(context, output, status, page);
}

/** An id that Temporal no longer knows may still have a result folder. */
function keepGoing(error: unknown, given: string): string {
  if (error instanceof HoldfastError && error.kind === 'not-found' && given !== 'latest') return given;
  throw error;
}

/** What was kept at its end, said as such; without it, the reason why nobody answers. */
async function showKept(
  context: Context,
  { id, url }: Pick<ExperimentHandle, 'id' | 'url'>,
  output: Output,
  reason: unknown,
): Promise<void> {
  const kept = await keptResult(context.config.home, id);
  if (kept === undefined || !(reason instanceof HoldfastError)) throw reason;
  const note = `${reason.message}; this is from its result folder`;
  print(context, output, kept, () => [context.style.yellow(note), ...resultPage(kept, url, context.style)]);
}
