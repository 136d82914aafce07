/** `holdfast dev`: Temporal with its UI, simulator and worker on this machine, until Ctrl-C. */
import { join } from 'node:path';
import type { Command } from 'commander';
import { SCENARIO_CHOICES } from '../../dev/scenarios';
import type { UiLinks } from '../../client';
import { quoted } from '../../client/listing';
import type { Context } from '../context';
import { untilInterrupted } from '../interrupt';
import { portOption, seedOption } from '../numbers';
import { table } from '../render/table';
import { leaveNote, removeNote } from '../running-stack';
import { templatesOf } from '../templates';
import { command, type ContextSource } from './shared';

interface DevOptions {
  port?: number;
  uiPort?: number;
  simulatorPort?: number;
  scenario: string;
  seed?: number;
  exec?: boolean;
}

export function devCommand(source: ContextSource): Command {
  return command('dev', 'run Temporal with its UI, the simulator and a worker on this machine until Ctrl-C', [
    'holdfast dev',
    'holdfast dev --scenario aws-like --ui-port 8233',
  ])
    .addOption(portOption('--port <port>', 'port of the Temporal server (default: a free one)'))
    .addOption(portOption('--ui-port <port>', 'port of the Temporal UI (default: a free one)'))
    .addOption(portOption('--simulator-port <port>', 'port of the simulator (default: a free one)'))
    .option('-s, --scenario <name or file>', `what the simulated AWS is like: ${SCENARIO_CHOICES}`, 'quick')
    .addOption(seedOption())
    .option('--exec', 'run the commands of simulated nodes as real processes of this machine')
    .addHelpText('after', '\nWorkflows are kept in a database file under HOLDFAST_HOME: a restart loses none of them.')
    .action((options: DevOptions) => dev(source(), options));
}

async function dev(context: Context, options: DevOptions): Promise<void> {
  const { startStack } = await import('../../dev/stack.js');
  const { home } = context.config;
  const stack = await startStack({
    config: context.config,
    database: join(home, 'dev.sqlite'),
    scenario: options.scenario,
    library: context.library,
    exec: options.exec === true,
    ...(options.seed === undefined ? {} : { seed: options.seed }),
    ports: {
      ...(options.port === undefined ? {} : { temporal: options.port }),
      ...(options.uiPort === undefined ? {} : { ui: options.uiPort }),
      ...(options.simulatorPort === undefined ? {} : { simulator: options.simulatorPort }),
    },
    log: (line) => {
      context.terminal.err(context.style.dim(line));
    },
  });
  try {
    await leaveNote(home, {
      pid: process.pid,
      temporal: stack.address,
      ui: stack.uiUrl,
      simulator: stack.simulatorUrl,
    });
    const templates = await templatesOf(context.library);
    await stack.client.setup({ templates });
    for (const line of welcome(stack, context.config.owner, Object.keys(templates))) context.terminal.out(line);
    await untilInterrupted(context, stack.ended);
  } finally {
    await removeNote(home);
    await stack.stop();
  }
}

function welcome(
  stack: { address: string; simulatorUrl: string; links: LinksShown },
  owner: string,
  templates: readonly string[],
): string[] {
  const { links } = stack;
  return [
    '',
    ...table(
      [],
      [
        ['experiments', links.experiments],
        ['  yours', links.filtered(`HoldfastOwner=${quoted(owner)}`)],
        ['  held', links.filtered("HoldfastPhase='Held'")],
        ['start one', links.startExperiment],
        ...templates.map((name) => [`  ${name}`, links.startTemplate(name)]),
        ['start a cleanup', links.start('cleanup')],
        ['Temporal', stack.address],
        ['simulator', `${stack.simulatorUrl}   (ledger: ${stack.simulatorUrl}/_sim/ledger)`],
      ],
    ),
    '',
    'In another terminal:  holdfast run -f examples/pulsar-lab.yaml',
    'Ctrl-C ends it; workflows go on at the next start.',
  ];
}

type LinksShown = Pick<UiLinks, 'experiments' | 'filtered' | 'startExperiment' | 'startTemplate' | 'start'>;
