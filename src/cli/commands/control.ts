/** `holdfast stop`, `extend`, `hold`, `release`, `replace`: change what a running experiment does. */
import type { Command } from 'commander';
import { HoldfastError, type ExperimentHandle } from '../../client';
import { command, ID_HELP, withClient, type ContextSource } from './shared';

export function controlCommands(source: ContextSource): Command[] {
  const act = async (given: string, run: (experiment: ExperimentHandle) => Promise<string>): Promise<void> => {
    const context = source();
    await withClient(context, async (client) => {
      context.terminal.out(await run(client.get(await client.resolve(given))));
    });
  };
  const id = ID_HELP;
  return [
    command('stop', 'end an experiment in order: its nodes are torn down and certified gone', ['holdfast stop latest'])
      .argument('<id>', id)
      .option('--reason <text>', 'why, for its timeline')
      .action((given: string, { reason }: { reason?: string }) => act(given, (one) => stop(one, reason))),
    command('extend', 'move the end of the lease', ['holdfast extend latest 6h'])
      .argument('<id>', id)
      .argument('<duration>', 'how much longer, such as 90m or 6h')
      .action((given: string, by: string) =>
        act(given, async (one) => `${one.id}: the lease now ends at ${await one.extend(by)}`),
      ),
    command('hold', 'keep the nodes when the work ends or fails', ['holdfast hold latest --reason "look at the logs"'])
      .argument('<id>', id)
      .option('--reason <text>', 'why, for its timeline')
      .action((given: string, { reason }: { reason?: string }) =>
        act(given, async (one) => {
          if (reason !== undefined) await one.note(`hold: ${reason}`);
          await one.hold();
          return `${one.id}: held; let it go with: holdfast release ${one.id}`;
        }),
      ),
    command('release', 'end a hold: teardown begins', ['holdfast release latest'])
      .argument('<id>', id)
      .action((given: string) =>
        act(given, async (one) => {
          await one.release();
          return `${one.id}: released`;
        }),
      ),
    command('replace', 'have one node replaced: the old one works until the new one is ready', [
      'holdfast replace latest broker-0',
    ])
      .argument('<id>', id)
      .argument('<slot>', 'slot or instance id, as "holdfast show" lists them')
      .action((given: string, node: string) =>
        act(given, async (one) => {
          const { slot, instanceId } = await one.replaceNode(node);
          return `${one.id}: ${slot} (${instanceId}) is being replaced; follow it with: holdfast attach ${one.id}`;
        }),
      ),
  ];
}

/** The update answers at once with a word; without a worker the cancellation waits for one. */
async function stop(experiment: ExperimentHandle, reason: string | undefined): Promise<string> {
  if (reason !== undefined) await experiment.note(`stop: ${reason}`);
  try {
    await experiment.stop();
  } catch (error) {
    if (!(error instanceof HoldfastError) || error.kind !== 'no-worker') throw error;
    await experiment.cancel();
    return `${experiment.id}: no worker answers; it will stop as soon as one does`;
  }
  return `${experiment.id}: stopping; follow it with: holdfast attach ${experiment.id}`;
}
