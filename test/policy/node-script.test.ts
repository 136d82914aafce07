/** Do the node scripts keep their promises when a real bash runs them? */
import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import {
  READ_SLICE_BYTES,
  killScript,
  parseChecks,
  parseStep,
  readScript,
  readyScript,
  setupThenReadyScript,
  stepScript,
} from '../../src/policy/node-script';
import type { NodeCheck, StepRequest, StepStream } from '../../src/policy/node-script';

let home: string;
const servers: Server[] = [];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-node-'));
  mkdirSync(join(home, 'bin'));
});

afterEach(() => {
  for (const server of servers.splice(0)) server.close();
  rmSync(home, { recursive: true, force: true, maxRetries: 5 });
});

interface Ran {
  code: number | null;
  stdout: string;
  stderr: string;
}

function start(script: string): { done: Promise<Ran>; pid: number } {
  const child = spawn('bash', ['-s'], {
    stdio: ['pipe', 'pipe', 'pipe'],
    detached: true,
    env: {
      PATH: `${join(home, 'bin')}:${process.env['PATH'] ?? ''}`,
      HOME: home,
      HOLDFAST_STATE_DIR: join(home, 'state'),
      HOLDFAST_NODE_ADDRESS: '127.0.0.1',
      AWS_SSM_INSTANCE_ID: 'i-0b',
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.end(script);
  const done = new Promise<Ran>((resolve) => child.on('close', (code) => resolve({ code, stdout, stderr })));
  return { done, pid: child.pid ?? 0 };
}

const run = (script: string): Promise<Ran> => start(script).done;

function step(over: Partial<StepRequest> = {}): StepRequest {
  return { token: 'step-1', timeoutSeconds: 30, env: {}, script: 'true', ...over };
}

async function readBack(token: string, stream: StepStream, bytes: number): Promise<string> {
  const slices: Buffer[] = [];
  for (let offset = 0; offset < bytes; offset += READ_SLICE_BYTES) {
    const { stdout } = await run(readScript({ token, stream, offset, length: READ_SLICE_BYTES }));
    expect(stdout.length).toBeLessThanOrEqual(24_000);
    slices.push(Buffer.from(stdout, 'base64'));
  }
  return gunzipSync(Buffer.concat(slices)).toString();
}

async function until(what: () => boolean): Promise<void> {
  const deadline = Date.now() + 20_000;
  while (!what()) {
    if (Date.now() > deadline) throw new Error('waited 20 s in vain');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function listening(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

function lines(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
}

function alive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${String(pid)}/status`, 'utf8'));
  } catch {
    return false;
  }
}

describe('a step', () => {
  it('reports its exit code and gives back its output, errors and result', async () => {
    const request = step({
      script: 'echo out; echo err >&2; echo \'{"rate":5}\' > result.json; exit 3',
      resultPath: 'result.json',
    });

    const ran = await run(stepScript(request));
    const report = parseStep(ran.stdout);

    expect(ran).toMatchObject({ code: 0, stderr: '' });
    expect(report).toMatchObject({ token: 'step-1', exitCode: 3 });
    expect(await readBack('step-1', 'stdout', report?.stdoutBytes ?? 0)).toBe('out\n');
    expect(await readBack('step-1', 'stderr', report?.stderrBytes ?? 0)).toBe('err\n');
    expect(await readBack('step-1', 'result', report?.resultBytes ?? 0)).toBe('{"rate":5}\n');
  });

  it('runs once when two sends arrive together and once more later', async () => {
    const script = stepScript(step({ script: 'echo started >> starts; sleep 0.5; exit 4' }));

    const both = await Promise.all([run(script), run(script), run(script)]);
    const later = await run(script);

    expect([...both, later].map(({ stdout }) => parseStep(stdout)?.exitCode)).toEqual([4, 4, 4, 4]);
    expect(lines(join(home, 'starts'))).toEqual(['started']);
  });

  it('goes on when the agent that sent it is killed, and a second send attaches to it', async () => {
    const script = stepScript(
      step({ script: 'echo started >> starts; until [ -e go ]; do sleep 0.05; done; echo end' }),
    );
    const first = start(script);
    await until(() => lines(join(home, 'starts')).length === 1);

    process.kill(-first.pid, 'SIGKILL');
    await first.done;
    const second = start(script);
    writeFileSync(join(home, 'go'), '');

    expect(parseStep((await second.done).stdout)).toMatchObject({ exitCode: 0 });
    expect(lines(join(home, 'starts'))).toEqual(['started']);
  });

  it('is over with 137 when its runner was lost, and is not started again', async () => {
    const script = stepScript(step({ script: 'echo $$ >> starts; sleep 60' }));
    const first = start(script);
    await until(() => lines(join(home, 'starts')).length === 1);
    const [, runner] = readFileSync(join(home, 'state/steps/step-1/runner'), 'utf8').split(' ');

    process.kill(Number(runner), 'SIGKILL');
    const reports = [await first.done, await run(script)].map(({ stdout }) => parseStep(stdout)?.exitCode);

    expect(reports).toEqual([137, 137]);
    const pids = lines(join(home, 'starts')).map(Number);
    expect(pids).toHaveLength(1);
    await until(() => !alive(pids[0] ?? 0));
  });

  it('gives back 1 MiB of output whole', async () => {
    const expected = randomBytes(786_432).toString('base64'); // hardly compressible: many slices
    writeFileSync(join(home, 'big'), expected);

    const report = parseStep((await run(stepScript(step({ script: 'cat big' })))).stdout);
    const got = await readBack('step-1', 'stdout', report?.stdoutBytes ?? 0);

    expect(expected.length).toBe(1_048_576);
    expect(got === expected).toBe(true);
  });

  it('ends with 124 past its time limit, with what it wrote until then', async () => {
    const script = stepScript(step({ timeoutSeconds: 1, script: 'echo before; sleep 30; echo after' }));
    const report = parseStep((await run(script)).stdout);

    expect(report?.exitCode).toBe(124);
    expect(await readBack('step-1', 'stdout', report?.stdoutBytes ?? 0)).toBe('before\n');
  });

  it('is ended by a kill with everything it started', async () => {
    const first = start(stepScript(step({ script: 'sleep 60 & echo $! > child; echo $$ > self; wait' })));
    await until(() => lines(join(home, 'self')).length === 1);

    const killed = await run(killScript('step-1'));

    expect(killed.stdout).toBe('killed\tstep-1\n');
    expect(parseStep((await first.done).stdout)?.exitCode).toBe(143);
    for (const name of ['child', 'self']) expect(alive(Number(lines(join(home, name))[0]))).toBe(false);
  });

  it('that was killed before it came never starts', async () => {
    await run(killScript('step-1'));

    const ran = await run(stepScript(step({ script: 'echo started >> starts' })));

    expect(parseStep(ran.stdout)).toMatchObject({ exitCode: 143 });
    expect(lines(join(home, 'starts'))).toEqual([]);
  });

  it('takes no result that was there before', async () => {
    writeFileSync(join(home, 'result.json'), 'old');

    const untouched = parseStep((await run(stepScript(step({ resultPath: 'result.json' })))).stdout);
    const rewritten = parseStep(
      (await run(stepScript(step({ token: 'step-2', script: 'printf old > result.json', resultPath: 'result.json' }))))
        .stdout,
    );

    expect(untouched).not.toHaveProperty('resultBytes');
    expect(rewritten).toHaveProperty('resultBytes');
  });

  it('gets hostile values exactly as they are', async () => {
    const hostile = `'"; touch "$HOME/pwned"; $(touch pwned) \`touch pwned\` \\ {{ssm:x}} %s é𝄞\n- <<'HF_CHECKS'\nHF_CHECKS\n# holdfast:begin`;
    const env = { HOSTILE: hostile, LINES: 'a\nb\n', EMPTY: '' };
    const script = `printf '%s|%s|%s' "$HOSTILE" "$LINES" "$EMPTY"; : ${"'" + 'x'.repeat(200_000) + "'"}`;

    const ran = await run(stepScript(step({ env, script, resultPath: hostile })));
    const report = parseStep(ran.stdout);

    expect(ran.stderr).toBe('');
    expect(await readBack('step-1', 'stdout', report?.stdoutBytes ?? 0)).toBe(`${hostile}|a\nb\n|`);
    expect(readdirSync(home).sort()).toEqual(['bin', 'state']);
  });

  it('knows its own slot from the list that is the same for all nodes', async () => {
    const env = { HOLDFAST_SLOTS: 'i-0a=broker-0,i-0b=broker-1,i-0c=broker-2' };

    const report = parseStep((await run(stepScript(step({ env, script: 'printf %s "$HOLDFAST_SLOT"' })))).stdout);

    expect(await readBack('step-1', 'stdout', report?.stdoutBytes ?? 0)).toBe('broker-1');
  });

  it('knows its own volumes from the list that is the same for all nodes', async () => {
    const env = { HOLDFAST_VOLUMES: 'i-0a=kept:/dev/sdf:vol-1,i-0b=kept:/dev/sdf:vol-2 new:/dev/sdg:vol-3' };

    const report = parseStep((await run(stepScript(step({ env, script: 'printf %s "$HOLDFAST_VOLUME"' })))).stdout);

    expect(await readBack('step-1', 'stdout', report?.stdoutBytes ?? 0)).toBe('kept:/dev/sdf:vol-2 new:/dev/sdg:vol-3');
  });

  it('is refused as text when its token, limit or variable names would become shell words', () => {
    for (const token of ['', '../x', 'a b', 'a;b', '$(x)', '.hidden', 'a\nb']) {
      expect(() => stepScript(step({ token }))).toThrow(RangeError);
      expect(() => killScript(token)).toThrow(RangeError);
    }
    expect(() => stepScript(step({ timeoutSeconds: 1.5 }))).toThrow('whole number');
    expect(() => stepScript(step({ env: { 'A=B': 'x' } }))).toThrow('variable name');
  });

  it('runs a script by the interpreter of its first line', async () => {
    const report = parseStep(
      (await run(stepScript(step({ script: '#!/usr/bin/env node\nconsole.log(6 * 7)' })))).stdout,
    );

    expect(await readBack('step-1', 'stdout', report?.stdoutBytes ?? 0)).toBe('42\n');
  });

  it('says on the error channel that the node cannot keep its state', async () => {
    writeFileSync(join(home, 'state'), 'a file where the folder should be');

    const ran = await run(stepScript(step()));

    expect(ran.code).toBe(70);
    expect(ran.stderr).toContain('holdfast: cannot write');
    expect(parseStep(ran.stdout)).toBeUndefined();
  });
});

describe('readiness on the node', () => {
  function systemctl(states: Record<string, string>): void {
    const cases = Object.entries(states).map(([unit, state]) => `${unit}) echo ${state}; [ ${state} = active ] ;;`);
    writeFileSync(
      join(home, 'bin/systemctl'),
      `#!/bin/bash\ncase $3 in ${cases.join(' ')} *) echo inactive; exit 3 ;; esac\n`,
    );
    chmodSync(join(home, 'bin/systemctl'), 0o755);
  }
  const check = async (checks: NodeCheck[], windowSeconds = 0) =>
    parseChecks((await run(readyScript({ windowSeconds, checks }))).stdout);

  it('looks at services, ports, pages and commands and says what it saw', async () => {
    systemctl({ 'zookeeper.service': 'active' });
    const zookeeper = await listening(
      createServer((socket) => socket.on('data', (data) => socket.end(data.toString() === 'ruok' ? 'imok' : '?'))),
    );
    const broker = await listening(
      createHttpServer((request, response) =>
        response.writeHead(request.url === '/health?a=1&b' ? 200 : 404).end('ok then'),
      ),
    );

    const reports = await check([
      { kind: 'service', unit: 'zookeeper.service' },
      { kind: 'tcp', port: zookeeper, send: 'ruok', expect: 'imok' },
      { kind: 'tcp', port: zookeeper, send: 'srvr', expect: 'Mode' },
      { kind: 'tcp', port: 1 },
      { kind: 'http', port: broker, path: '/health?a=1&b', status: 200, body: 'ok' },
      { kind: 'http', port: broker, path: '/health?a=1&b', status: 200, body: 'fine' },
      { kind: 'http', port: broker, path: '/$(touch${IFS}pwned)', status: 200 },
      { kind: 'command', script: 'echo one; echo "two\tthree"; exit 0' },
      { kind: 'command', script: 'echo broken >&2; exit 9' },
    ]);

    expect(reports).toEqual([
      { index: 0, verdict: 'pass', evidence: 'zookeeper.service active' },
      { index: 1, verdict: 'pass', evidence: `tcp ${String(zookeeper)} answered imok` },
      { index: 2, verdict: 'fail', evidence: `tcp ${String(zookeeper)} expected Mode, got ?` },
      { index: 3, verdict: 'fail', evidence: 'tcp 1 Connection refused' },
      { index: 4, verdict: 'pass', evidence: `http ${String(broker)} /health?a=1&b 200` },
      { index: 5, verdict: 'fail', evidence: `http ${String(broker)} /health?a=1&b 200 without fine` },
      { index: 6, verdict: 'fail', evidence: `http ${String(broker)} /$(touch\${IFS}pwned) 404, expected 200` },
      { index: 7, verdict: 'pass', evidence: 'exit 0 two three' },
      { index: 8, verdict: 'fail', evidence: 'exit 9 broken' },
    ]);
    expect(existsSync(join(home, 'pwned'))).toBe(false);
  });

  it('makes no other check while a service is down', async () => {
    systemctl({ 'a.service': 'active', 'b.service': 'activating' });

    const reports = await check([
      { kind: 'command', script: 'touch looked' },
      { kind: 'service', unit: 'a.service' },
      { kind: 'service', unit: 'b.service' },
    ]);

    expect(reports.map(({ verdict }) => verdict)).toEqual(['wait', 'pass', 'fail']);
    expect(reports[2]?.evidence).toBe('b.service activating');
    expect(existsSync(join(home, 'looked'))).toBe(false);
  });

  it('waits on the node until everything passes, no longer than its window', async () => {
    systemctl({});
    const script = 'echo x >> tries; [ $(wc -l < tries) -ge 2 ]';

    const passed = await check([{ kind: 'command', script }], 30);
    const began = Date.now();
    const failed = await check([{ kind: 'command', script: 'false' }], 1);

    expect(passed[0]?.verdict).toBe('pass');
    expect(lines(join(home, 'tries'))).toHaveLength(2);
    expect(failed[0]?.verdict).toBe('fail');
    expect(Date.now() - began).toBeLessThan(10_000);
  });

  it('keeps evidence to 120 printable characters on one line', async () => {
    systemctl({});

    const [report] = await check([{ kind: 'command', script: `printf 'é\\t%0500d' 7` }]);

    expect(report?.evidence).toMatch(/^[\x20-\x7e]{1,120}$/);
  });

  it('refuses units and paths that would become shell words', () => {
    const refused: NodeCheck[] = [
      { kind: 'service', unit: 'a b' },
      { kind: 'service', unit: 'x\nHF_CHECKS' },
      { kind: 'http', port: 1, path: '/a b', status: 200 },
      { kind: 'http', port: 1, path: '/a\nHF_CHECKS\ntouch pwned', status: 200 },
      { kind: 'tcp', port: Number.NaN },
    ];
    for (const bad of refused) expect(() => readyScript({ windowSeconds: 1, checks: [bad] })).toThrow(RangeError);
  });
});

describe('setup and then readiness', () => {
  const ready = { windowSeconds: 0, checks: [{ kind: 'command', script: 'cat made-by-setup' }] as NodeCheck[] };

  it('checks after a setup that worked', async () => {
    const { stdout } = await run(setupThenReadyScript({ step: step({ script: 'echo here > made-by-setup' }), ready }));

    expect(parseStep(stdout)?.exitCode).toBe(0);
    expect(parseChecks(stdout)).toEqual([{ index: 0, verdict: 'pass', evidence: 'exit 0 here' }]);
  });

  it('makes no check after a setup that failed', async () => {
    const { code, stdout } = await run(setupThenReadyScript({ step: step({ script: 'exit 5' }), ready }));

    expect(code).toBe(0);
    expect(parseStep(stdout)?.exitCode).toBe(5);
    expect(parseChecks(stdout)).toEqual([]);
  });
});
