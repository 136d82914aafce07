import { chmod, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aHandle, runCli, type Ran } from './fake-context';
import { aNode, aStatus } from './fixtures';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-ssh-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function program(name: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\necho "$@" > "${folder}/called"\nexit 7\n`);
  await chmod(join(folder, name), 0o755);
}

const ssh = (node: string): Promise<Ran> => {
  const status = aStatus({ nodes: [aNode('broker-0', { instanceId: 'i-1', region: 'us-east-1' })], spares: [] });
  const get = () => aHandle({ status: () => Promise.resolve(status) });
  return runCli(['ssh', 'lab', node], { client: { get }, path: folder });
};

describe('ssh', () => {
  it('opens a session on the instance of the slot, in its region, and ends with its exit code', async () => {
    await program('aws');
    await program('session-manager-plugin');

    const { code } = await ssh('broker-0');

    expect(code).toBe(7);
    expect(await readFile(join(folder, 'called'), 'utf8')).toBe('ssm start-session --target i-1 --region us-east-1\n');
  });

  it('names the nodes there are when it is none of them', async () => {
    await program('aws');
    await program('session-manager-plugin');

    expect(await ssh('broker-9')).toMatchObject({
      code: 3,
      err: ['error: broker-9 is no node of lab', '  broker-0 i-1'],
    });
  });

  it('says how to install what is missing', async () => {
    expect((await ssh('broker-0')).err.join('\n')).toContain('getting-started-install');
    await program('aws');
    expect((await ssh('broker-0')).err.join('\n')).toContain('install-plugin.html');
  });
});
