/** `holdfast cp`: files to and from nodes through Session Manager, without open ports, and with a key for minutes only. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Holdfast } from '../../client';
import type { CommandOutcome, Node } from '../../contracts/messages';
import type { Context } from '../context';
import { EXIT } from '../exit';
import { Problem } from '../problem';
import { runProgram } from '../run-program';
import { findProgram, noSuchNode, sessionCli } from '../session-manager';
import { admitKey, makeKey, writeAccess } from '../ssh-access';
import { command, ID_HELP, withClient, type ContextSource } from './shared';

export function cpCommand(source: ContextSource): Command {
  return command('cp', 'copy files and folders to and from nodes through SSM Session Manager', [
    'holdfast cp latest broker-0:/var/log/pulsar ./logs',
    'holdfast cp latest ./conf broker:/opt/pulsar/conf',
  ])
    .argument('<id>', ID_HELP)
    .argument('<from>', 'a path here, or NODE:PATH')
    .argument('<to>', 'the other one; NODE is a slot, an instance id, or a component for all of its nodes')
    .addHelpText(
      'after',
      [
        '\nFrom a component, each node gets a folder of its own below the target. Folders are copied whole.',
        'Needs the AWS CLI, its Session Manager plugin, credentials with ssm:StartSession, and OpenSSH 8.7 or later.',
      ].join('\n'),
    )
    .action((id: string, from: string, to: string) => cp(source(), id, from, to));
}

interface Programs {
  aws: string;
  scp: string;
  sshKeygen: string;
}

/** What is copied which way: exactly one of the two paths is on nodes. */
interface Copy {
  way: 'up' | 'down';
  on: string;
  remote: string;
  local: string;
}

async function cp(context: Context, given: string, from: string, to: string): Promise<void> {
  const copy = copyOf(from, to);
  const programs = programsOf(context);
  const folder = await mkdtemp(join(context.config.tempDir, 'holdfast-cp-'));
  try {
    const key = await makeKey(programs.sshKeygen, folder);
    const { nodes, admitted } = await withClient(context, (client) => admit(client, given, copy.on, key));
    const config = await writeAccess(folder, nodes, admitted, programs.aws);
    context.exit(await copyAll(context, copy, nodes, [programs.scp, config]));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** What is missing is said before Temporal is asked for anything. */
function programsOf({ config: { searchPath } }: Context): Programs {
  const aws = sessionCli(searchPath, 'holdfast exec');
  const scp = findProgram('scp', searchPath);
  const sshKeygen = findProgram('ssh-keygen', searchPath);
  if (scp !== undefined && sshKeygen !== undefined) return { aws, scp, sshKeygen };
  throw new Problem('OpenSSH (scp and ssh-keygen) is not on this machine', {
    exitCode: EXIT.refused,
    next: 'install the OpenSSH client, or: holdfast exec',
  });
}

function copyOf(from: string, to: string): Copy {
  const [source, target] = [onNodes(from), onNodes(to)];
  if (source !== undefined && target === undefined) return { way: 'down', ...source, local: to };
  if (target !== undefined && source === undefined) return { way: 'up', ...target, local: from };
  throw new Problem('one of the two is on a node and the other one here', {
    exitCode: EXIT.refused,
    lines: [`from ${from}`, `to   ${to}`],
    next: 'holdfast cp --help   (a path here that has a colon is written ./a:b)',
  });
}

/** `broker-0:/tmp/a`; a slash before the colon makes it a path of this machine, as for scp. */
function onNodes(text: string): { on: string; remote: string } | undefined {
  const [, on, remote] = /^([A-Za-z0-9][A-Za-z0-9._-]*):(.*)$/s.exec(text) ?? [];
  return on === undefined ? undefined : { on, remote: remote === undefined || remote === '' ? '.' : remote };
}

/** Has the key let in on the nodes that are meant. */
async function admit(
  client: Holdfast,
  given: string,
  wanted: string,
  key: string,
): Promise<{ nodes: Node[]; admitted: CommandOutcome[] }> {
  const experiment = client.get(await client.resolve(given));
  const { nodes: all } = await experiment.status();
  const nodes = all.filter((node) => [node.slot, node.instanceId, node.component].includes(wanted));
  const [first] = nodes;
  if (first === undefined) throw noSuchNode(wanted, experiment.id, all);
  const on = first.component === wanted ? wanted : first.slot;
  const admitted = await experiment.exec(on, admitKey(key), { timeout: ADMIT_TIMEOUT });
  const refused = admitted.filter(({ exitCode }) => exitCode !== 0);
  if (refused.length === 0) return { nodes, admitted };
  const lines = refused.map(
    ({ slot, lost, stderr, exitCode }) => `${slot}: ${lost ?? (stderr || `exit ${String(exitCode)}`)}`,
  );
  throw new Problem('the nodes did not let scp in', { lines, next: 'sshd has to run there; else: holdfast exec' });
}

/** It only writes a line. */
const ADMIT_TIMEOUT = '1m';

/** One node after another, so that what is shown belongs to one; stops at the first that fails. */
async function copyAll(context: Context, copy: Copy, nodes: Node[], [scp, config]: [string, string]): Promise<number> {
  for (const { slot, component, instanceId } of nodes) {
    // An absolute path has no colon before its first slash and begins with no dash.
    const isSpread = copy.way === 'down' && component === copy.on;
    const local = isSpread ? join(resolve(copy.local), slot) : resolve(copy.local);
    if (isSpread) await mkdir(local, { recursive: true });
    const remote = `${instanceId}:${copy.remote}`;
    context.terminal.err(context.style.dim(`${slot} ${instanceId}`));
    // SFTP (-s): no shell there sees the path.
    const ends = copy.way === 'down' ? [remote, local] : [local, remote];
    const code = await runProgram(context, scp, ['-F', config, '-s', '-r', '--', ...ends]);
    if (code !== 0) return code;
  }
  return EXIT.done;
}
