/** `holdfast run` and `holdfast attach`: start an experiment, follow it, answer with its exit code. */
import type { Command } from 'commander';
import type { ExperimentHandle } from '../../client';
import type { ExperimentResult } from '../../contracts/messages';
import type { Context } from '../context';
import { EXIT_HELP, exitCodeOf } from '../exit';
import { plainLines, progressView } from '../progress';
import { resultPage } from '../render/result';
import { loadSpec, withSpecOptions, type SpecOptions } from '../spec-layers';
import { follow } from '../watch';
import { warnWithoutReaper } from './reap';
import { command, ID_HELP, outputOption, print, withClient, type ContextSource, type Output } from './shared';

interface RunOptions extends SpecOptions {
  id?: string;
  plan?: string;
  detach?: boolean;
  output: Output;
}

export function runCommand(source: ContextSource): Command {
  const run = command('run', 'start an experiment and follow it to its end', [
    'holdfast run -f examples/pulsar-lab.yaml',
    'holdfast run -f lab.yaml --set components.client.count=4 --set lease=2h --detach',
    'holdfast run -t pulsar-quick --profile team',
  ]);
  return withSpecOptions(run)
    .option('--id <id>', 'id of the experiment (default: <name>-<yymmdd-hhmm>-<4>)')
    .option('--plan <digest>', 'start only what this plan says: of `holdfast plan` with the same options')
    .option('-d, --detach', 'do not follow: print the id and leave')
    .addOption(outputOption())
    .addHelpText('after', `\nCtrl-C leaves the experiment running.\n${EXIT_HELP}`)
    .action((options: RunOptions) => start(source(), options));
}

export function attachCommand(source: ContextSource): Command {
  return command('attach', 'follow a running experiment; Ctrl-C leaves it running', ['holdfast attach latest'])
    .argument('<id>', ID_HELP)
    .addOption(outputOption())
    .addHelpText('after', `\n${EXIT_HELP}`)
    .action((id: string, options: { output: Output }) => {
      const context = source();
      return withClient(context, async (client) =>
        followToEnd(context, client.get(await client.resolve(id)), options.output),
      );
    });
}

async function start(context: Context, options: RunOptions): Promise<void> {
  const { input } = await loadSpec(options, context.library);
  await withClient(context, async (client) => {
    const spec = { ...input, owner: input.owner ?? context.config.owner };
    const { id: wanted, plan } = options;
    const experiment = await client.start(spec, {
      ...(wanted === undefined ? {} : { id: wanted }),
      ...(plan === undefined ? {} : { plan }),
    });
    const { id, url } = experiment;
    await warnWithoutReaper(context, client);
    if (options.detach === true) {
      print(context, options.output, { id, url }, () => [id, ...nextCommands(id, url)]);
      return;
    }
    if (options.output === 'table') context.terminal.out(`started ${id}`);
    await followToEnd(context, experiment, options.output);
  });
}

/** Shows progress until the end or Ctrl-C; JSON output gets its progress on standard error. */
async function followToEnd(context: Context, experiment: ExperimentHandle, output: Output): Promise<void> {
  const interrupt = new AbortController();
  const stopListening = context.onInterrupt(() => {
    interrupt.abort();
  });
  const view =
    output === 'json'
      ? plainLines(context, (line) => context.terminal.err(line))
      : progressView(context, experiment.url);
  try {
    const result = await follow(experiment, view, interrupt.signal);
    if (result === undefined) detached(context, experiment);
    else finish(context, result, experiment, output);
  } finally {
    stopListening();
  }
}

function detached(context: Context, { id, url }: ExperimentHandle): void {
  context.terminal.err('');
  context.terminal.err(`left ${id} running`);
  for (const line of nextCommands(id, url)) context.terminal.err(line);
}

function nextCommands(id: string, url: string): string[] {
  return [`follow it:  holdfast attach ${id}`, `end it:     holdfast stop ${id}`, `look at it: ${url}`];
}

function finish(context: Context, result: ExperimentResult, experiment: ExperimentHandle, output: Output): void {
  print(context, output, result, () => resultPage(result, experiment.url, context.style));
  context.exit(exitCodeOf(result));
}
