/** `holdfast simulate`: the local AWS alone, for any tool that can be told an endpoint. */
import type { Command } from 'commander';
import { SCENARIO_CHOICES } from '../../dev/scenarios';
import type { Context } from '../context';
import { untilInterrupted } from '../interrupt';
import { portOption, seedOption } from '../numbers';
import { command, type ContextSource } from './shared';

interface SimulateOptions {
  port?: number;
  scenario: string;
  seed?: number;
  exec?: boolean;
}

export function simulateCommand(source: ContextSource): Command {
  return command('simulate', 'serve the simulated AWS on loopback until Ctrl-C', [
    'holdfast simulate --port 4566 --scenario aws-like',
    'AWS_ENDPOINT_URL=http://127.0.0.1:4566 aws ec2 describe-instances --region us-west-2',
  ])
    .addOption(portOption('-p, --port <port>', 'port to listen on (default: a free one)'))
    .option('-s, --scenario <name or file>', SCENARIO_CHOICES, 'quick')
    .addOption(seedOption())
    .option('--exec', 'run SSM commands as real processes of this machine, one folder per node')
    .action((options: SimulateOptions) => simulate(source(), options));
}

async function simulate(context: Context, options: SimulateOptions): Promise<void> {
  const { startSimulator } = await import('../../dev/simulator.js');
  const simulator = await startSimulator({
    scenario: options.scenario,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ...(options.exec === true ? { exec: true } : {}),
  });
  try {
    context.terminal.out(`simulator: ${simulator.url}`);
    context.terminal.out(`ledger:    ${simulator.url}/_sim/ledger`);
    context.terminal.out(`use it:    export AWS_ENDPOINT_URL=${simulator.url}`);
    await untilInterrupted(context);
  } finally {
    await simulator.close();
  }
}
