/** `holdfast demo`: a whole experiment on this machine, from nothing to the certificate. */
import { Option, type Command } from 'commander';
import { SCENARIO_CHOICES } from '../../dev/scenarios';
import { EXIT_HELP } from '../exit';
import { command, type ContextSource } from './shared';

export interface DemoOptions {
  file?: string;
  scenario?: string;
  json?: boolean;
  keep?: boolean;
  output?: 'table' | 'json';
}

export function demoCommand(source: ContextSource): Command {
  return command('demo', 'run a Pulsar-shaped experiment on a simulated AWS whose first spot pools are empty', [
    'holdfast demo',
    'holdfast demo --keep',
    'holdfast demo --json | tail -n 1',
  ])
    .option('-f, --file <file>', 'experiment file (default: examples/pulsar-lab.yaml)')
    .option(
      '-s, --scenario <name or file>',
      `what the simulated AWS is like: ${SCENARIO_CHOICES} (default: examples/scenarios/dry-pools.yaml)`,
    )
    .option('--keep', 'leave everything running until Ctrl-C, to look at the Temporal UI')
    .option('--json', 'print one JSON document last; progress goes to standard error')
    .addOption(new Option('-o, --output <format>', 'the same as --json when it is json').choices(['table', 'json']))
    .addHelpText('after', `\nNo account is needed and nothing leaves this machine.\n${EXIT_HELP}`)
    .action(async (options: DemoOptions) => {
      const { runDemo } = await import('../../dev/demo.js');
      const json = options.json === true || options.output === 'json';
      await runDemo(source(), {
        json,
        keep: options.keep === true,
        ...(options.file === undefined ? {} : { file: options.file }),
        ...(options.scenario === undefined ? {} : { scenario: options.scenario }),
      });
    });
}
