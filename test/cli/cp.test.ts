/** What does `cp` hand to scp, what does it tell the node, and does nothing that a user wrote reach a shell? */
import { execFileSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';
import { tmpdir } from 'node:os';
import type { CommandOutcome } from '../../src/contracts/messages';
import { findProgram } from '../../src/cli/session-manager';
import { admitKey } from '../../src/cli/ssh-access';
import { aHandle, runCli, type Ran } from './fake-context';
import { aNode, aStatus } from './fixtures';

const folders = (process.env['PATH'] ?? '').split(delimiter);
const realSsh = findProgram('ssh', folders);
/** Printed by name when it is skipped. */
const withSsh = realSsh === undefined ? it.skip : it;

let folder: string;
/** Programs are looked for here; the quote is what a shell would stumble over, the percent sign what ssh would. */
let bin: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-cp-'));
  bin = join(folder, "it's 100%hot");
  await mkdir(bin);
  await program('aws', `printf '%s\\n' "$@" >"${folder}/session"; exit 1`);
  await program('session-manager-plugin', 'exit 1');
  await program(
    'ssh-keygen',
    `for last; do :; done; echo secret >"$last"; echo 'ssh-ed25519 AAAAkey holdfast-cp' >"$last.pub"`,
  );
  // The configuration is gone when the command has ended.
  await program('scp', `printf '%s\\n' "$@" '' >>"${folder}/copied"; cp -r "$(dirname "$2")" "${folder}/kept"; exit 0`);
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(name: string, body: string): Promise<void> {
  await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`);
  await chmod(join(bin, name), 0o755);
}

const nodes = ['broker-0', 'broker-1', 'zk-0'].map((slot, index) =>
  aNode(slot, { instanceId: `i-${String(index)}`, region: 'us-east-1' }),
);

async function copy(args: string[], outcome: Partial<CommandOutcome> = {}): Promise<Ran & { told: string[][] }> {
  const told: string[][] = [];
  const exec = (on: string, run: string): Promise<CommandOutcome[]> => {
    told.push([on, run]);
    const meant = nodes.filter((node) => node.slot === on || node.component === on);
    const stdout = 'ssh-ed25519 AAAAhost root@ip\nssh-rsa BBBB root@ip\n';
    return Promise.resolve(
      meant.map(({ slot, instanceId }) => ({ slot, instanceId, exitCode: 0, stdout, stderr: '', ...outcome })),
    );
  };
  const get = () => aHandle({ status: () => Promise.resolve(aStatus({ nodes, spares: [] })), exec });
  return { ...(await runCli(['cp', 'lab', ...args], { client: { get }, path: bin })), told };
}

const copied = async (): Promise<string[][]> =>
  (await readFile(join(folder, 'copied'), 'utf8'))
    .trim()
    .split('\n\n')
    .map((words) => words.split('\n').slice(2));

describe('cp', () => {
  it('takes what is on a node, by SFTP, so that no shell there sees the path', async () => {
    const { code } = await copy(['broker-1:/var/log/a b; rm -rf *', 'logs']);

    expect(code).toBe(0);
    expect(await copied()).toEqual([['-s', '-r', '--', 'i-1:/var/log/a b; rm -rf *', resolve('logs')]]);
  });

  it('brings a file to every node of a component, whatever the file is called', async () => {
    await copy(['./-o:a', 'broker:/opt']);

    expect(await copied()).toEqual([
      ['-s', '-r', '--', resolve('-o:a'), 'i-0:/opt'],
      ['-s', '-r', '--', resolve('-o:a'), 'i-1:/opt'],
    ]);
  });

  it('gives each node of a component a folder of its own when it takes from all', async () => {
    const target = join(folder, 'all');

    await copy(['broker:logs', target]);

    expect(await copied()).toEqual([
      ['-s', '-r', '--', 'i-0:logs', join(target, 'broker-0')],
      ['-s', '-r', '--', 'i-1:logs', join(target, 'broker-1')],
    ]);
    expect((await readdir(target)).sort()).toEqual(['broker-0', 'broker-1']);
  });

  it('has the key let in on the nodes that are meant and on no other, and leaves no key behind', async () => {
    const before = await readdir(tmpdir());
    const { told } = await copy(['i-2:/etc/hosts', '.']);

    expect(told).toEqual([['zk-0', admitKey('ssh-ed25519 AAAAkey holdfast-cp')]]);
    const left = (await readdir(tmpdir())).filter((name) => name.startsWith('holdfast-cp-') && !before.includes(name));
    expect(left).toEqual([]);
  });

  it('knows the node by the keys that it told through RunCommand', async () => {
    await copy(['zk-0:a', '.']);

    expect(await readFile(join(folder, 'kept/known_hosts'), 'utf8')).toBe(
      'i-2 ssh-ed25519 AAAAhost\ni-2 ssh-rsa BBBB\n',
    );
  });

  withSsh('makes the session of the AWS CLI its wire (needs the OpenSSH client)', async () => {
    await copy(['zk-0:a', '.']);

    expect(() =>
      execFileSync(realSsh ?? '', ['-F', join(folder, 'kept/config'), 'i-2', 'true'], { stdio: 'pipe' }),
    ).toThrow();

    expect((await readFile(join(folder, 'session'), 'utf8')).trim().split('\n')).toEqual(
      ['ssm', 'start-session', '--target', 'i-2', '--region', 'us-east-1'].concat([
        '--document-name',
        'AWS-StartSSHSession',
        '--parameters',
        'portNumber=22',
      ]),
    );
  });

  it('says which node lets nobody in, and why', async () => {
    expect(await copy(['broker:a', '.'], { exitCode: 1, stderr: 'cat: /etc/ssh: no such file' })).toMatchObject({
      code: 2,
      err: [
        'error: the nodes did not let scp in',
        '  broker-0: cat: /etc/ssh: no such file',
        '  broker-1: cat: /etc/ssh: no such file',
        expect.stringContaining('holdfast exec'),
      ],
    });
  });

  it.each([
    [['a', 'b'], 'one of the two is on a node'],
    [['zk-0:a', 'broker-0:b'], 'one of the two is on a node'],
    [['./zk-0:a', 'b'], 'one of the two is on a node'],
    [['zk-9:a', 'b'], 'zk-9 is no node of lab'],
  ])('refuses %j', async (args, complaint) => {
    const { code, err } = await copy(args);

    expect(code).toBe(3);
    expect(err.join('\n')).toContain(complaint);
  });

  it.each([
    ['aws', 'getting-started-install'],
    ['session-manager-plugin', 'install-plugin.html'],
    ['scp', 'OpenSSH'],
  ])('says how to get %s when it is missing, before it tells a node anything', async (name, help) => {
    await rm(join(bin, name));

    const { code, err, told } = await copy(['zk-0:a', 'b']);

    expect({ code, told }).toEqual({ code: 3, told: [] });
    expect(err.join('\n')).toContain(help);
  });

  it('ends with the exit code of scp and leaves the other nodes alone', async () => {
    await program('scp', `echo "$@" >>"${folder}/copied"; exit 5`);

    expect((await copy(['a', 'broker:b'])).code).toBe(5);
    expect((await readFile(join(folder, 'copied'), 'utf8')).trim().split('\n')).toHaveLength(1);
  });
});

describe('what the node is told', () => {
  /** Runs it as a node would; the host keys are the test's. */
  async function runOnNode(key: string): Promise<{ printed: string; authorized: string }> {
    const home = join(folder, 'home');
    await program('cat', 'echo "ssh-ed25519 AAAAhost root@node"');
    const printed = execFileSync('/bin/bash', ['-c', admitKey(key)], {
      env: { HOME: home, PATH: `${bin}:${process.env['PATH'] ?? ''}`, TZ: 'UTC' },
      encoding: 'utf8',
    });
    return { printed, authorized: await readFile(join(home, '.ssh/authorized_keys'), 'utf8') };
  }

  it('adds a key that opens no terminal and ends by itself in ten minutes, and prints the keys of the node', async () => {
    const startedAt = Date.now();

    const { printed, authorized } = await runOnNode('ssh-ed25519 AAAA holdfast-cp');

    const [, until = ''] = /^\nrestrict,expiry-time="(\d{12})" ssh-ed25519 AAAA holdfast-cp\n$/.exec(authorized) ?? [];
    const [, ...parts] = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)$/.exec(until) ?? [];
    const [year, month, day, hour, minute] = parts.map(Number) as [number, number, number, number, number];
    const minutes = (Date.UTC(year, month - 1, day, hour, minute) - startedAt) / 60_000;
    expect(minutes).toBeGreaterThan(8.9);
    expect(minutes).toBeLessThan(11);
    expect(printed).toBe('ssh-ed25519 AAAAhost root@node\n');
  });

  it('keeps the keys that are there, and takes no word of a key for a command', async () => {
    await mkdir(join(folder, 'home/.ssh'), { recursive: true });
    await writeFile(join(folder, 'home/.ssh/authorized_keys'), 'ssh-rsa BBBB mine');

    const { authorized } = await runOnNode("it's $(touch here) `touch there`");

    expect(authorized).toMatch(/^ssh-rsa BBBB mine\nrestrict,.* it's \$\(touch here\) `touch there`\n$/);
  });
});
