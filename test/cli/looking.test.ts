/** What is printed of an experiment's past: its events, the outputs of its steps, their results. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { HoldfastError } from '../../src/client';
import type { StepOutcome, TimelineEntry } from '../../src/contracts/messages';
import { aHandle, runCli } from './fake-context';
import { aResult, aStatus } from './fixtures';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'holdfast-looking-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const at = (second: number): string => `2026-01-02T15:04:0${String(second)}.000Z`;
const entry = (second: number): TimelineEntry => ({
  seq: second,
  at: at(second),
  text: `event ${String(second)}`,
});

async function kept(id: string, more: object): Promise<void> {
  await mkdir(join(folder, 'experiments', id), { recursive: true });
  const text = JSON.stringify({ ...aResult({ experimentId: id }), ...more });
  await writeFile(join(folder, 'experiments', id, 'experiment.json'), text);
}

const nobody = {
  connect: () => Promise.reject(new HoldfastError('unreachable', 'no Temporal server answers')),
};

describe('events', () => {
  it('prints the timeline, and one JSON document per line when asked', async () => {
    const get = () => aHandle({ status: () => Promise.resolve(aStatus({ timeline: [entry(1), entry(2)] })) });

    const plain = await runCli(['events', 'lab'], { client: { get } });
    const json = await runCli(['events', 'lab', '-o', 'json'], { client: { get } });

    expect(plain.out).toEqual(['15:04:01 event 1', '15:04:02 event 2']);
    expect(json.out.map((line) => JSON.parse(line) as unknown)).toEqual([entry(1), entry(2)]);
  });

  it('goes on with what is new until the end, and repeats nothing', async () => {
    const looks = [
      aStatus({ phase: 'Running', timeline: [entry(1), entry(2)] }),
      aStatus({ phase: 'Running', timeline: [entry(1), entry(2)] }),
      aStatus({ phase: 'Done', timeline: [entry(2), entry(3), entry(4)] }),
    ];
    const get = () => aHandle({ status: () => Promise.resolve(looks.shift() ?? aStatus({ phase: 'Done' })) });

    const { out } = await runCli(['events', 'lab', '--follow'], { client: { get } });

    expect(out).toEqual([1, 2, 3, 4].map((second) => `15:04:0${String(second)} event ${String(second)}`));
  });

  it('stops to follow on Ctrl-C', async () => {
    const get = () => aHandle({ status: () => Promise.resolve(aStatus({ phase: 'Running', timeline: [entry(1)] })) });

    const ran = await runCli(['events', 'lab', '--follow'], {
      client: { get },
      onInterrupt: (press) => {
        press();
      },
    });

    expect(ran).toMatchObject({ code: 0, out: ['15:04:01 event 1'] });
  });

  it('answers from the result folder when there is no Temporal', async () => {
    await kept('lab-events', { timeline: [entry(5)] });

    expect((await runCli(['events', 'lab-events'], { ...nobody, home: folder })).out).toEqual(['15:04:05 event 5']);
    expect((await runCli(['events', 'lab-never'], { ...nobody, home: folder })).code).toBe(2);
  });
});

describe('what steps left', () => {
  const step = (slot: string, more: Partial<StepOutcome> = {}): StepOutcome => ({
    name: 'bench',
    slot,
    exitCode: 0,
    seconds: 12,
    outputs: { stdout: join(folder, `${slot}.out`), stderr: join(folder, `${slot}.err`) },
    ...more,
  });
  const withSteps = (steps: StepOutcome[]) => ({
    client: { get: () => aHandle({ status: () => Promise.resolve(aStatus({ steps })) }) },
  });

  it('results prints a line per step and node with what was parsed, and JSON when asked', async () => {
    const steps = [step('a-0', { result: { p99: 7 } }), step('a-1', { exitCode: 3 })];

    const plain = await runCli(['results', 'lab'], withSteps(steps));
    const json = await runCli(['results', 'lab', '-o', 'json'], withSteps(steps));

    expect(plain.out).toEqual(['bench on a-0: ✓ exit 0 in 12s', '  p99: 7', 'bench on a-1: ✗ exit 3 in 12s']);
    expect(JSON.parse(json.out.join('\n'))).toEqual(steps);
    expect((await runCli(['results', 'lab'], withSteps([]))).out).toEqual(['no step has ended yet']);
  });

  it('logs prints one output as it is, and several under their names', async () => {
    await writeFile(join(folder, 'a-0.out'), 'one\ntwo');
    await writeFile(join(folder, 'a-1.out'), 'three\n');
    await writeFile(join(folder, 'a-1.err'), 'oh\n');
    const steps = withSteps([step('a-0'), step('a-1')]);

    expect((await runCli(['logs', 'lab', '--node', 'a-0'], steps)).out).toEqual(['one\ntwo\n']);
    expect((await runCli(['logs', 'lab', '--node', 'a-1', '--stderr'], steps)).out).toEqual(['oh\n']);
    expect((await runCli(['logs', 'lab'], steps)).out).toEqual([
      '==> bench on a-0 <==',
      'one\ntwo\n',
      '==> bench on a-1 <==',
      'three\n',
    ]);
  });

  it('logs names the steps there are when none fits, and the machine to look at when the file is not here', async () => {
    const none = await runCli(['logs', 'lab', '--step', 'other'], withSteps([step('a-0')]));
    const away = await runCli(['logs', 'lab'], withSteps([step('z-9')]));

    expect(none).toMatchObject({ code: 3, err: ['error: no step that has ended fits', '  bench on a-0'] });
    expect(away.code).toBe(3);
    expect(away.err).toEqual([
      expect.stringContaining('z-9.out'),
      expect.stringContaining('the machine of the worker'),
    ]);
  });
});
