/** How does scp get to a node that has no open port and no key of ours? A session as its wire, and a key for minutes. */
import { execFile } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { CommandOutcome, Node } from '../contracts/messages';

/** A key pair that nobody has seen; answers with the public key. */
export async function makeKey(sshKeygen: string, folder: string): Promise<string> {
  const file = join(folder, KEY);
  await promisify(execFile)(sshKeygen, ['-q', '-t', 'ed25519', '-N', '', '-C', 'holdfast-cp', '-f', file]);
  return (await readFile(`${file}.pub`, 'utf8')).trim();
}

const KEY = 'key';

/** The key is asked for when a copy begins, however long it takes then; ten minutes are enough for a hundred nodes. */
const KEY_MINUTES = 10;

/**
 * The script that lets the key in as root and prints the node's own keys. RunCommand may run without a HOME. The key
 * opens no terminal and forwards nothing (`restrict`), and sshd itself refuses it after its time
 * (https://man.openbsd.org/sshd.8#AUTHORIZED_KEYS_FILE_FORMAT).
 */
export function admitKey(publicKey: string): string {
  return [
    'set -eu; umask 077',
    'folder="${HOME:-/root}/.ssh"; mkdir -p "$folder"',
    `until="$(date -d '+${String(KEY_MINUTES)} minutes' +%Y%m%d%H%M)"`,
    `printf '\\nrestrict,expiry-time="%s" %s\\n' "$until" ${quoted(publicKey)} >>"$folder/authorized_keys"`,
    'cat /etc/ssh/ssh_host_*_key.pub',
  ].join('\n');
}

/** Writes what ssh needs to know of the nodes and answers with the path of its configuration. */
export async function writeAccess(
  folder: string,
  nodes: readonly Node[],
  admitted: readonly CommandOutcome[],
  aws: string,
): Promise<string> {
  const knownHosts = join(folder, 'known_hosts');
  await writeFile(knownHosts, admitted.flatMap(hostLines).join(''));
  const config = join(folder, 'config');
  await writeFile(config, [...nodes.map((node) => hostBlock(node, aws)), common(folder, knownHosts)].join('\n'));
  return config;
}

/** The node said through RunCommand who it is, so nobody else is taken for it. */
function hostLines({ instanceId, stdout }: CommandOutcome): string[] {
  const keys = stdout.split('\n').map((line) => line.split(' ').slice(0, 2).join(' '));
  return keys.filter((key) => /^[a-z0-9-]+ [A-Za-z0-9+/=]+$/.test(key)).map((key) => `${instanceId} ${key}\n`);
}

function hostBlock({ instanceId, region }: Node, aws: string): string {
  const session = ['ssm', 'start-session', '--target', instanceId, '--region', region];
  const words = [aws, ...session, '--document-name', 'AWS-StartSSHSession', '--parameters'];
  // ssh hands the line to a shell, after it has replaced its own %p with the port.
  const line = `${words.map((word) => verbatim(quoted(word))).join(' ')} portNumber=%p`;
  return `Host ${instanceId}\n  ProxyCommand ${line}`;
}

function common(folder: string, knownHosts: string): string {
  return [
    'Host *',
    '  User root',
    `  IdentityFile "${verbatim(join(folder, KEY))}"`,
    '  IdentitiesOnly yes',
    '  IdentityAgent none',
    `  UserKnownHostsFile "${verbatim(knownHosts)}"`,
    '  GlobalKnownHostsFile none',
    '  StrictHostKeyChecking yes',
    '  BatchMode yes',
    '',
  ].join('\n');
}

/** ssh expands % in these settings. */
function verbatim(text: string): string {
  return text.replaceAll('%', '%%');
}

/** A word of a shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
