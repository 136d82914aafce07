import { spawn, type ChildProcess } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { DemoReport } from '../../src/dev/demo-report';
import { eventually } from '../support/lab';
import { sharedTemporal } from '../support/temporal';

const root = resolve(__dirname, '../..');
/** The demo takes 40 s on two idle cores. */
jest.setTimeout(180_000);

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'holdfast-demo-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

interface Running {
  child: ChildProcess;
  out: () => string;
  err: () => string;
  ended: Promise<number | null>;
}

/** The demo as a user starts it, in a home and a folder for temporary files of its own. */
function startDemo(...args: string[]): Running {
  const { cli } = sharedTemporal();
  const env = { PATH: process.env['PATH'], HOME: home, TMPDIR: home, HOLDFAST_HOME: home, HOLDFAST_TEMPORAL_CLI: cli };
  const tsx = join(root, 'node_modules/tsx/dist/cli.mjs');
  const child = spawn(process.execPath, [tsx, 'src/cli/main.ts', 'demo', ...args], { cwd: root, env });
  let out = '';
  let err = '';
  child.stdout.on('data', (part: Buffer) => (out += part.toString()));
  child.stderr.on('data', (part: Buffer) => (err += part.toString()));
  const ended = new Promise<number | null>((done) => child.once('close', done));
  return { child, out: () => out, err: () => err, ended };
}

/** Processes that still work below the demo's home: nodes, server, workers. Read from Linux's process table. */
function leftProcesses(): string[] {
  if (!existsSync('/proc/self/environ')) return [];
  return readdirSync('/proc').filter((pid) => /^\d+$/.test(pid) && belongsToDemo(pid));
}

function belongsToDemo(pid: string): boolean {
  try {
    const traces = [readFileSync(`/proc/${pid}/environ`, 'utf8'), readlinkSync(`/proc/${pid}/cwd`)];
    return Number(pid) !== process.pid && traces.some((text) => text.includes(home));
  } catch {
    return false;
  }
}

describe('the demo', () => {
  it('falls back where spot is dry, proves the lab ready, survives a loss, measures and leaves nothing, and says so as JSON', async () => {
    const demo = startDemo('--json');

    expect(await demo.ended).toBe(0);
    const report = JSON.parse(demo.out()) as DemoReport;

    expect(report.experiment).toMatchObject({ phase: 'Done', reason: null });
    const zookeeper = report.attempts.filter((attempt) => attempt.component === 'zookeeper');
    expect(zookeeper[0]).toMatchObject({ tier: 'spot', launched: 0 });
    expect(new Set(zookeeper[0]?.refusals.map(({ code, class: kind, scope }) => `${code} ${kind} ${scope}`))).toEqual(
      new Set(['InsufficientInstanceCapacity capacity pool']),
    );
    expect(zookeeper.at(-1)).toMatchObject({ launched: 3 });
    // Nine members, and the one that took the place of the bookkeeper that was lost.
    expect(report.nodes).toHaveLength(10);
    expect(report.interruptions).toHaveLength(1);
    const [loss] = report.interruptions;
    expect(loss?.slot).toMatch(/^bookkeeper-\d$/);
    expect(loss?.newInstance).not.toBe(loss?.oldInstance);
    expect(loss?.newPool).not.toBe(loss?.pool);
    expect(new Set(report.nodes.map((node) => node.market))).toEqual(new Set(['spot', 'on-demand']));
    expect(report.steps).toMatchObject([
      { name: 'fixed-rate', exitCode: 0, result: { brokers: 2, sent: 5000, errors: 0 } },
    ]);
    expect(report.certificate).toMatchObject({ verdict: 'clean', left: [] });
    expect(report.certificate.resources).toBeGreaterThan(20);
    expect(report.ledger).toMatchObject({ launched: 10, alive: 0, duplicates: 0, untagged: 0 });
    expect(report.ledger.calls['CreateFleet']).toBeGreaterThanOrEqual(5);
    expect(report.history.events).toBeGreaterThan(100);
    expect(report.seconds.total).toBeGreaterThan(report.seconds.criticalPath);
    expect(report.seconds.criticalPath).toBeGreaterThan(5);
    expect(demo.err()).toContain('watch it in the Temporal UI:');
    expect(demo.err()).not.toContain('Warning');
    expect(readdirSync(join(home, 'experiments', report.experiment.id))).toEqual(
      expect.arrayContaining(['certificate.json', 'experiment.json', 'steps']),
    );
    expect(leftProcesses()).toEqual([]);
  });

  it('ends on Ctrl-C while nodes are being set up, without leaving a process', async () => {
    const demo = startDemo();
    await eventually(() => Promise.resolve(demo.out().includes('phase Configuring') || undefined), 60_000);
    expect(leftProcesses().length).toBeGreaterThan(0);

    demo.child.kill('SIGINT');

    expect(await demo.ended).toBe(4);
    expect(demo.out()).toContain('interrupted: stopping everything this demo started');
    await eventually(() => Promise.resolve(leftProcesses().length === 0 || undefined), 10_000);
  });
});
