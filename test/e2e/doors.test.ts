/** Does a mistake in a spec read the same, whichever door it comes through? */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, HoldfastError, type ExperimentInput, type Holdfast } from '../../src/client';
import { openDoor, type Door } from '../api/door';
import { runCli } from '../cli/fake-context';
import { startBench, type Bench } from '../support/activity-bench';
import { startLab, uniqueId, type Lab } from '../support/lab';
import { manyMutatedSpecs, type MutatedSpec } from '../support/mutated-specs';
import { failureOf } from '../support/outcomes';
import { sharedTemporal } from '../support/temporal';

const COUNT = 1000;
/** Every so manieth goes through Temporal as the UI and a schedule send it; each takes a worker some 50 ms. */
const EACH = 10;
/** At once. */
const BATCH = 25;

const { specs, withOne } = manyMutatedSpecs(COUNT);
let lab: Lab;
let bench: Bench;
let holdfast: Holdfast;
let door: Door;
beforeAll(async () => {
  lab = await startLab();
  bench = await startBench();
  const { address, namespace } = sharedTemporal();
  holdfast = await connect({ connection: { address }, namespace, taskQueue: lab.taskQueue });
  door = await openDoor(holdfast, { requestsPerMinute: 100_000 });
});
afterAll(async () => {
  await door.close();
  await holdfast.close();
  await bench.close();
  await lab.close();
});

/** What the first step of the workflow says: of whatever was started in the UI, by a schedule or by any SDK. */
async function admission({ spec }: MutatedSpec): Promise<string[]> {
  return linesOf(bench.run('admitExperiment', spec, { workflowExecution: { workflowId: 'wrong', runId: 'r' } }));
}

async function typedClient({ spec }: MutatedSpec): Promise<string[]> {
  return linesOf(holdfast.start(spec as ExperimentInput));
}

async function schedule({ spec }: MutatedSpec): Promise<string[]> {
  return linesOf(holdfast.schedules.create({ id: uniqueId('wrong'), spec: spec as ExperimentInput, everySeconds: 60 }));
}

async function http({ spec }: MutatedSpec): Promise<string[]> {
  const { status, body } = await door.ask('POST', '/experiments', { body: spec });
  return status === 422 ? (body['problems'] as string[]) : [`answered ${String(status)}`];
}

async function temporal({ spec }: MutatedSpec): Promise<string[]> {
  const { type, message } = await failureOf(await lab.start('experiment', spec));
  return type === 'InvalidInput' ? message.split('\n') : [`failed as ${type}: ${message}`];
}

async function linesOf(call: Promise<unknown>): Promise<string[]> {
  return call.then(
    (value) => [`resolved with ${JSON.stringify(value)}`],
    (error: unknown) => (error instanceof HoldfastError ? error.lines : (error as Error).message.split('\n')),
  );
}

/** `holdfast validate` on all files at once; it says where in a file the mistake is, too. */
async function commandLine(): Promise<string[][]> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-wrong-'));
  const files = specs.map((_one, index) => join(folder, `${String(index)}.json`));
  for (const [index, { spec }] of specs.entries()) await writeFile(files[index] ?? '', JSON.stringify(spec));
  const { code, out } = await runCli(['validate', '-o', 'json', ...files]);
  await rm(folder, { recursive: true });
  expect(code).toBe(3);
  const checked = JSON.parse(out.join('\n')) as { problems: string[] }[];
  return checked.map(({ problems }) => problems.map((line) => line.replace(/^\/\S+:\d+:\d+ /, '')));
}

async function inBatches<T, R>(all: readonly T[], ask: (one: T) => Promise<R>): Promise<R[]> {
  const answers: R[] = [];
  for (let from = 0; from < all.length; from += BATCH)
    answers.push(...(await Promise.all(all.slice(from, from + BATCH).map(ask))));
  return answers;
}

describe('a thousand mutated specs', () => {
  let expected: string[][];
  beforeAll(async () => {
    expected = await inBatches(specs, admission);
  });

  /** Those that read otherwise at this door. */
  const differences = (said: readonly string[][], of: readonly MutatedSpec[] = specs): object[] =>
    of.flatMap((one, index) => {
      const wanted = expected[specs.indexOf(one)] ?? [];
      const lines = said[index] ?? [];
      return JSON.stringify(lines) === JSON.stringify(wanted) ? [] : [{ ...one, spec: undefined, wanted, lines }];
    });

  it('are all there, and each with one mistake is refused with its field named', () => {
    expect(specs).toHaveLength(COUNT);
    expect(withOne).toBeGreaterThan(COUNT / 2);
    const unnamed = specs
      .slice(0, withOne)
      .filter(({ field }, index) => !(expected[index]?.[0] ?? '').startsWith(`${field}: `));
    expect(unnamed.map(({ from, kind, field }) => `${from} ${kind} ${field}`)).toEqual([]);
  });

  it.each<[string, (one: MutatedSpec) => Promise<string[]>]>([
    ['the typed client', typedClient],
    ['POST /experiments', http],
    ['a schedule that is made', schedule],
  ])('read the same from %s as from the first step of a workflow', async (_name, ask) => {
    expect(differences(await inBatches(specs, ask))).toEqual([]);
  });

  it('read the same from holdfast validate', async () => {
    expect(differences(await commandLine())).toEqual([]);
  });

  it('read the same from a workflow started as the UI and a schedule start it, tried with every tenth', async () => {
    const share = specs.filter((_one, index) => index % EACH === 0);

    const said = await inBatches(share, temporal);

    expect(share).toHaveLength(COUNT / EACH);
    expect(differences(said, share)).toEqual([]);
    expect((await lab.ledger()).calls).toEqual([]);
  });
});
