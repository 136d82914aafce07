/** Does a node end itself when its time is over, and not before, when a real bash runs its timer? */
import { spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deadManScript, withDeadMan } from '../../src/policy/dead-man';
import { eventually } from '../support/lab';

let home: string;
const said = (): string => join(home, 'shut-down');
const state = (name: string): string => join(home, 'state', name);

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-node-'));
  mkdirSync(join(home, 'bin'));
  writeFileSync(join(home, 'bin', 'shutdown'), `#!/bin/bash\nprintf '%s\\n' "$*" >>'${said()}'\n`);
  chmodSync(join(home, 'bin', 'shutdown'), 0o755);
});
// A watcher that finds no deadline ends, and it calls nothing but the program above.
afterEach(() => {
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

function run(script: string, search = `${join(home, 'bin')}:/usr/bin:/bin`): Promise<number | null> {
  const env = { PATH: search, HOME: home, HOLDFAST_STATE_DIR: join(home, 'state') };
  const child = spawn('/bin/bash', ['-s'], { stdio: ['pipe', 'ignore', 'ignore'], env });
  child.stdin.end(script);
  return new Promise((resolve) => child.once('exit', resolve));
}

const inSeconds = (seconds: number): number => Date.now() / 1000 + seconds;
const isOff = (): Promise<true> => eventually(() => Promise.resolve(existsSync(said()) ? true : undefined), 8000);

describe('the dead-man timer', () => {
  it('shuts the machine down once the time is over', async () => {
    const deadline = inSeconds(1);

    expect(await run(deadManScript(deadline))).toBe(0);
    expect(existsSync(said())).toBe(false);
    await isOff();

    expect(Date.now() / 1000).toBeGreaterThanOrEqual(deadline);
    expect(readFileSync(said(), 'utf8')).toBe('-P now\n');
  });

  it('waits longer when it is moved, with one watcher, and goes off once', async () => {
    await run(deadManScript(inSeconds(1)));
    const moved = inSeconds(3);
    await run(deadManScript(moved));
    await run(deadManScript(moved));

    await isOff();

    expect(Date.now() / 1000).toBeGreaterThanOrEqual(moved);
    expect(readFileSync(said(), 'utf8')).toBe('-P now\n');
  });

  it('is set at first boot by user data, and again by cloud-init at every other', async () => {
    mkdirSync(state('per-boot'), { recursive: true });
    expect(await run(withDeadMan(undefined, 1))).toBe(0);
    await isOff();
    rmSync(said());

    expect(
      await run(readFileSync(state('per-boot/holdfast-dead-man'), 'utf8').replaceAll('"$0"', `"${state('dead-man')}"`)),
    ).toBe(0);

    await isOff();
  });

  it('is not set on a simulated node that has no program of its own for it', async () => {
    expect(await run(deadManScript(inSeconds(1)), '/usr/bin:/bin')).toBe(70);
    expect(existsSync(state('dead-man'))).toBe(false);
  });

  it('does nothing when what it reads is no time', async () => {
    await run(deadManScript(inSeconds(60)));
    await eventually(() => Promise.resolve(existsSync(state('dead-man.lock')) ? true : undefined), 8000);
    writeFileSync(state('dead-man.at'), 'soon\n');
    rmSync(state('dead-man.lock'));

    await run(`bash ${state('dead-man')} watch`);

    expect(existsSync(said())).toBe(false);
    rmSync(state('dead-man.at'));
  });
});

describe('user data', () => {
  it('runs the timer beside whatever the user wrote', () => {
    const both = withDeadMan('#cloud-config\npackages: [jq]\n', 3600);

    const [head = '', timer = '', own = '', end] = both.split('--==holdfast-user-data==');
    expect(head).toMatch(/^Content-Type: multipart\/mixed; boundary="==holdfast-user-data=="\nMIME-Version: 1.0\n/);
    expect(timer).toMatch(/^\nContent-Type: text\/x-shellscript; charset="utf-8"\n\n#!\/bin\/bash\n/);
    expect(timer).toContain('+ 3600))');
    expect(own).toBe('\nContent-Type: text/plain; charset="utf-8"\n\n#cloud-config\npackages: [jq]\n\n');
    expect(end).toBe('--\n');
  });

  it.each([
    ['is multipart already', 'Content-Type: multipart/mixed; boundary="x"\n\n--x--\n'],
    ['leaves no room', `#!/bin/bash\n${'x'.repeat(16_000)}`],
  ])('is left as it is when it %s', (_, userData) => {
    expect(withDeadMan(userData, 60)).toBe(userData);
  });
});
