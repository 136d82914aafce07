/** How is moto started, and what does it lack? */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { freePort, until, type Backend, type Profile } from './backend';

/** Found by running it (5.2); each line is moto's, not ours. */
export const MOTO: Profile = {
  name: 'moto',
  lacks: {
    'canonical-images': 'has public parameters of Amazon images only',
    'image-check': 'accepts any image id',
    'fleet-token': 'launches again',
    'fleet-refusals': 'CreateFleet never answers errors',
    'fleet-profile': 'drops profile and groups of the template',
    'fleet-volumes': 'drops the volumes of the template',
    'volume-token': 'makes another',
    'attach-rules': 'attaches anything to anything',
    quota: 'enforces none',
    'agent-inventory': 'has no DescribeInstanceInformation',
    'agent-registration': 'accepts commands for any id',
    'one-node-command': 'runs a command on every instance of the region',
    'command-list': 'has no ListCommandInvocations',
    'command-cancel': 'has no CancelCommand',
    'placement-groups': 'has no placement groups',
    'key-pair-by-id': 'deletes by name only',
    'unknown-ids': 'answers HTTP 500 for a fleet it does not know',
  },
};

/** The Python that has moto: from the environment, the repository's virtual environment, or the machine. */
export function testPython(): string {
  const own = resolve(__dirname, '../../.venv/bin/python');
  const candidates = [process.env['HOLDFAST_TEST_PYTHON'], existsSync(own) ? own : undefined, 'python3'];
  for (const python of candidates) {
    if (python !== undefined && spawnSync(python, ['-c', 'import moto.server']).status === 0) return python;
  }
  throw new Error('No Python with moto: set HOLDFAST_TEST_PYTHON, or pip install -r requirements-test.txt into .venv');
}

export function motoVersion(python: string): string {
  return spawnSync(python, ['-c', 'import moto; print(moto.__version__)'], { encoding: 'utf8' }).stdout.trim();
}

export async function startMoto(): Promise<Backend> {
  const port = await freePort();
  const url = `http://127.0.0.1:${String(port)}`;
  const child = spawn(testPython(), ['-m', 'moto.server', '-H', '127.0.0.1', '-p', String(port)], { stdio: 'ignore' });
  const ended = new Promise((done) => child.once('exit', done));
  const close = async (): Promise<void> => {
    child.kill();
    await ended;
  };
  try {
    await until('moto answers', async () => {
      if (child.exitCode !== null) throw new Error(`moto ended with ${String(child.exitCode)}`);
      return (await fetch(`${url}/moto-api/data.json`)).ok ? true : undefined;
    });
  } catch (error) {
    await close();
    throw error;
  }
  return { url, close };
}
