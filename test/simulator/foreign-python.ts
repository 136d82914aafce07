/** Which Python runs the foreign tools, and how? One with their packages, pinned in requirements-test.txt. */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

const ROOT = resolve(__dirname, '../..');

/** The clients of AWS. */
const CLIENTS = 'boto3, botocore, awscli';

const HOW_TO =
  'Run the set-up of CI (.ci/run), or: ' +
  'python3 -m venv .venv && .venv/bin/python -m pip install -r requirements-test.txt. ' +
  'HOLDFAST_TEST_PYTHON names another interpreter; HOLDFAST_TEST_ALLOW_MISSING_PYTHON=1 skips the tests by name.';

/** The first of the candidates that has the packages; undefined when none has and skipping is allowed; else throws. */
function foreignPython(packages: string): string | undefined {
  const given = process.env['HOLDFAST_TEST_PYTHON'];
  const own = resolve(ROOT, '.venv/bin/python');
  const candidates = given === undefined ? [...(existsSync(own) ? [own] : []), 'python3'] : [given];
  const found = candidates.find(
    (python) => spawnSync(python, ['-c', `import ${packages}`], { stdio: 'ignore' }).status === 0,
  );
  if (found !== undefined) return found;
  if (process.env['HOLDFAST_TEST_ALLOW_MISSING_PYTHON'] === '1') return undefined;
  throw new Error(`This test needs a Python with ${packages}. ${HOW_TO} Tried: ${candidates.join(', ')}.`);
}

/** `it`, but run with the interpreter; fails when there is none, or says that it was skipped when that is allowed. */
export function itInPython(
  name: string,
  run: (python: string) => Promise<void>,
  { packages = CLIENTS, limitMs }: { packages?: string; limitMs?: number } = {},
): void {
  const body = async (): Promise<void> => {
    const python = foreignPython(packages);
    if (python === undefined) {
      process.stderr.write(`skipped for want of Python packages: ${name}\n`);
      return;
    }
    await run(python);
  };
  it(name, body, limitMs);
}

/** Runs Python and gives what it printed. Rejects with its error output when it fails. */
export function runPython(python: string, args: readonly string[], env: Record<string, string> = {}): Promise<string> {
  const child = spawn(python, args, {
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      // No setting of this machine's user may reach the clients.
      AWS_CONFIG_FILE: '/dev/null',
      AWS_SHARED_CREDENTIALS_FILE: '/dev/null',
      AWS_EC2_METADATA_DISABLED: 'true',
      NO_PROXY: '127.0.0.1',
      ...env,
    },
  });
  let out = '';
  let err = '';
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (err += chunk.toString()));
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (code) =>
      code === 0 ? done(out) : fail(new Error(`${args.join(' ')}: exit ${String(code)}\n${err}`)),
    );
  });
}
