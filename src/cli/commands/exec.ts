/** `holdfast exec`: a command on all nodes of a component at once, with the output of each. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { CommandOutcome } from '../../contracts/messages';
import { parseDuration } from '../../contracts/duration';
import type { Context } from '../context';
import { EXIT } from '../exit';
import { command, ID_HELP, outputOption, print, withClient, type ContextSource, type Output } from './shared';

interface ExecOptions {
  timeout: string;
  output: Output;
}

export function execCommand(source: ContextSource): Command {
  return command('exec', 'run a command on the nodes of a component, or on one node, through SSM', [
    'holdfast exec latest broker -- systemctl status pulsar-broker',
    'holdfast exec latest client-0 --timeout 10m -- "cd /opt/pulsar && bin/pulsar-admin brokers healthcheck"',
  ])
    .argument('<id>', ID_HELP)
    .argument('<on>', 'component or slot, as "holdfast show" lists them')
    .argument('<command...>', 'what bash runs there; what follows -- is taken as it is')
    .addOption(
      new Option('--timeout <duration>', 'after this it is ended, with exit code 124')
        .default('5m')
        .argParser(duration),
    )
    .addOption(outputOption())
    .addHelpText(
      'after',
      '\nExit code 0 when it was 0 on every node, else 1. The whole outputs are kept with the results.',
    )
    .action((id: string, on: string, words: string[], options: ExecOptions) => exec(source(), id, on, words, options));
}

function duration(text: string): string {
  if (parseDuration(text) === undefined) throw new InvalidArgumentError('is no duration: write 90s or 10m.');
  return text;
}

async function exec(context: Context, given: string, on: string, words: string[], options: ExecOptions): Promise<void> {
  const { timeout, output } = options;
  const outcomes = await withClient(context, async (client) =>
    client.get(await client.resolve(given)).exec(on, words.join(' '), { timeout }),
  );
  print(context, output, outcomes, () => outcomes.flatMap((outcome) => outcomeLines(context, outcome)));
  if (outcomes.some(({ exitCode }) => exitCode !== 0)) context.exit(EXIT.workFailed);
}

function outcomeLines({ style }: Context, outcome: CommandOutcome): string[] {
  const { slot, instanceId, exitCode, lost, stdout, stderr, cut, outputs } = outcome;
  const end = lost ?? `exit ${String(exitCode)}`;
  const head = `${style.bold(slot)} ${style.dim(instanceId)} ${exitCode === 0 ? style.green(end) : style.red(end)}`;
  const more = cut === true && outputs !== undefined ? [style.dim(`  … the whole is in ${outputs.stdout}`)] : [];
  return [head, ...indented(stdout), ...indented(stderr).map((line) => style.yellow(line)), ...more];
}

function indented(text: string): string[] {
  return text === ''
    ? []
    : text
        .replace(/\n$/, '')
        .split('\n')
        .map((line) => `  ${line}`);
}
