/** `holdfast results` and `holdfast logs`: what the steps of an experiment left behind. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import type { StepOutcome } from '../../contracts/messages';
import type { Context } from '../context';
import { EXIT } from '../exit';
import { lookUpAlone, type Known } from '../look-up';
import { Problem } from '../problem';
import { stepLines } from '../render/outcome';
import { command, ID_HELP, outputOption, print, type ContextSource, type Output } from './shared';

export function resultsCommand(source: ContextSource): Command {
  return command('results', 'print exit code, time and parsed result of each step on each node', [
    'holdfast results latest',
    'holdfast results latest -o json',
  ])
    .argument('<id>', ID_HELP)
    .addOption(outputOption())
    .action(async (id: string, { output }: { output: Output }) => {
      const context = source();
      const steps = stepsOf(await lookUpAlone(context, id));
      const none = ['no step has ended yet'];
      print(context, output, steps, () => (steps.length === 0 ? none : stepLines(steps, context.style)));
    });
}

interface LogsOptions {
  step?: string;
  node?: string;
  stderr?: boolean;
}

export function logsCommand(source: ContextSource): Command {
  return command('logs', 'print the whole output of the steps that have ended', [
    'holdfast logs latest',
    'holdfast logs latest --step fixed-rate --node client-0 --stderr',
  ])
    .argument('<id>', ID_HELP)
    .option('--step <name>', 'only this step')
    .option('--node <slot>', 'only this node')
    .option('--stderr', 'standard error instead of standard output')
    .addHelpText('after', '\nOutputs are kept on the machine of the worker that brought them home.')
    .action((id: string, options: LogsOptions) => logs(source(), id, options));
}

async function logs(context: Context, id: string, options: LogsOptions): Promise<void> {
  const ended = stepsOf(await lookUpAlone(context, id));
  const { step, node } = options;
  const wanted = ended.filter((one) => (step ?? one.name) === one.name && (node ?? one.slot) === one.slot);
  if (wanted.length === 0) {
    const known = ended.map(({ name, slot }) => `${name} on ${slot}`);
    throw new Problem('no step that has ended fits', { exitCode: EXIT.refused, lines: known });
  }
  for (const outcome of wanted) {
    const text = await read(options.stderr === true ? outcome.outputs.stderr : outcome.outputs.stdout);
    // One output alone is printed as it is, so that it can be piped on.
    if (wanted.length > 1) context.terminal.out(context.style.bold(`==> ${outcome.name} on ${outcome.slot} <==`));
    context.terminal.write(text === '' || text.endsWith('\n') ? text : `${text}\n`);
  }
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    throw new Problem(`cannot read ${path} on this machine`, {
      exitCode: EXIT.refused,
      next: 'look for it on the machine of the worker, where HOLDFAST_HOME is',
      cause,
    });
  }
}

function stepsOf(known: Known): StepOutcome[] {
  return known.from === 'workflow' ? known.status.steps : known.kept.steps;
}
