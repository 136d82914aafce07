/** `holdfast ssh`: a shell on a node through Session Manager, without keys or open ports. */
import { spawn } from 'node:child_process';
import type { Command } from 'commander';
import type { Node } from '../../contracts/messages';
import type { Context } from '../context';
import { EXIT } from '../exit';
import { Problem } from '../problem';
import { findProgram, PLUGIN, PLUGIN_HELP } from '../session-manager';
import { command, ID_HELP, withClient, type ContextSource } from './shared';

export function sshCommand(source: ContextSource): Command {
  return command('ssh', 'open a shell on a node through SSM Session Manager', ['holdfast ssh latest broker-0'])
    .argument('<id>', ID_HELP)
    .argument('<node>', 'slot or instance id, as "holdfast show" lists them')
    .addHelpText('after', '\nNeeds the AWS CLI, its Session Manager plugin, and credentials with ssm:StartSession.')
    .action((id: string, node: string) => ssh(source(), id, node));
}

async function ssh(context: Context, given: string, wanted: string): Promise<void> {
  const aws = programs(context);
  const { instanceId, region } = await findNode(context, given, wanted);
  const args = ['ssm', 'start-session', '--target', instanceId, '--region', region];
  // Ctrl-C belongs to the shell on the node.
  const stopListening = context.onInterrupt(() => undefined);
  const code = await new Promise<number>((resolve, reject) => {
    const child = spawn(aws, args, { stdio: 'inherit' });
    child.on('error', reject);
    child.on('exit', (status) => {
      resolve(status ?? EXIT.infrastructureFailed);
    });
  }).finally(stopListening);
  context.exit(code);
}

/** The AWS CLI; what is missing is said before Temporal is asked for anything. */
function programs({ config }: Context): string {
  const aws = findProgram('aws', config.searchPath);
  if (aws === undefined) {
    throw new Problem('the AWS CLI is not on this machine', {
      exitCode: EXIT.refused,
      next: 'https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html',
    });
  }
  if (findProgram(PLUGIN, config.searchPath) !== undefined) return aws;
  const message = 'the Session Manager plugin of the AWS CLI is not on this machine';
  throw new Problem(message, { exitCode: EXIT.refused, next: `${PLUGIN_HELP}, or: holdfast exec` });
}

async function findNode(context: Context, given: string, wanted: string): Promise<Node> {
  const { nodes, spares } = await withClient(context, async (client) =>
    client.get(await client.resolve(given)).status(),
  );
  const all = [...nodes, ...spares];
  const node = all.find(({ slot, instanceId }) => slot === wanted || instanceId === wanted);
  if (node !== undefined) return node;
  const lines = all.map(({ slot, instanceId }) => `${slot} ${instanceId}`);
  throw new Problem(`${wanted} is no node of ${given}`, { exitCode: EXIT.refused, lines });
}
