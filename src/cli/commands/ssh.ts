/** `holdfast ssh`: a shell on a node through Session Manager, without keys or open ports. */
import type { Command } from 'commander';
import type { Node } from '../../contracts/messages';
import type { Context } from '../context';
import { runProgram } from '../run-program';
import { noSuchNode, sessionCli } from '../session-manager';
import { command, ID_HELP, withClient, type ContextSource } from './shared';

export function sshCommand(source: ContextSource): Command {
  return command('ssh', 'open a shell on a node through SSM Session Manager', ['holdfast ssh latest broker-0'])
    .argument('<id>', ID_HELP)
    .argument('<node>', 'slot or instance id, as "holdfast show" lists them')
    .addHelpText('after', '\nNeeds the AWS CLI, its Session Manager plugin, and credentials with ssm:StartSession.')
    .action((id: string, node: string) => ssh(source(), id, node));
}

async function ssh(context: Context, given: string, wanted: string): Promise<void> {
  // What is missing is said before Temporal is asked for anything.
  const aws = sessionCli(context.config.searchPath, 'holdfast exec');
  const { instanceId, region } = await findNode(context, given, wanted);
  const args = ['ssm', 'start-session', '--target', instanceId, '--region', region];
  context.exit(await runProgram(context, aws, args));
}

async function findNode(context: Context, given: string, wanted: string): Promise<Node> {
  const { nodes, spares } = await withClient(context, async (client) =>
    client.get(await client.resolve(given)).status(),
  );
  const all = [...nodes, ...spares];
  const node = all.find(({ slot, instanceId }) => slot === wanted || instanceId === wanted);
  if (node === undefined) throw noSuchNode(wanted, given, all);
  return node;
}
