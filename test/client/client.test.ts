import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { Client, Connection } from '@temporalio/client';
import { connect, HoldfastError, type Holdfast, type ProblemKind } from '../../src/client';
import { sharedTemporal } from '../support/temporal';

const taskQueue = `client-${String(process.pid)}`;
const unique = (name: string): string => `${name}-${String(process.pid)}-${String(Date.now())}`;
const spec = (name: string): { name: string; components: { a: object } } => ({ name, components: { a: {} } });

let holdfast: Holdfast;
let raw: Client;
let stop: () => Promise<void>;

beforeAll(async () => {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const { address, uiUrl, namespace } = sharedTemporal();
  const native = await NativeConnection.connect({ address });
  const worker = await Worker.create({
    connection: native,
    namespace,
    taskQueue,
    workflowsPath: require.resolve('./stub-workflows'),
  });
  const running = worker.run();
  const connection = await Connection.connect({ address });
  raw = new Client({ connection, namespace });
  holdfast = await connect({ connection: { address }, namespace, uiUrl, taskQueue });
  stop = async () => {
    worker.shutdown();
    await running;
    await Promise.all([holdfast.close(), connection.close()]);
    await native.close();
  };
});
afterAll(() => stop());

describe('starting', () => {
  it('names an experiment after its spec and the time, and tells the Temporal UI what it is', async () => {
    const experiment = await holdfast.start({ ...spec('done'), owner: 'ada', lease: '90m' });

    expect(experiment.id).toMatch(/^done-\d{6}-\d{4}-[a-z2-9]{4}$/);
    expect(experiment.url).toContain(`/namespaces/default/workflows/${experiment.id}`);
    const description = await raw.workflow.getHandle(experiment.id).describe();
    expect(await description.staticSummary()).toBe('done 1 a · spot-then-on-demand · us-west-2 · ada · lease 1.5h');
    expect(await description.staticDetails()).toContain('| a | 1 |');
  });

  it('refuses a wrong spec and a wrong id without starting anything', async () => {
    const id = unique('never');

    const bad = await failureOf(holdfast.start({ ...spec('x'), lease: 'soon' }, { id }));
    const badId = await failureOf(holdfast.start(spec('x'), { id: 'a/b' }));

    expect(bad).toMatchObject({ kind: 'refused', lines: [expect.stringContaining('lease: is no duration')] });
    expect(badId).toMatchObject({ kind: 'refused' });
    expect((await failureOf(holdfast.resolve(id))).kind).toBe('not-found');
  });

  it('refuses an id that is running', async () => {
    const id = unique('twice');
    const first = await holdfast.start(spec('waits'), { id });

    expect((await failureOf(holdfast.start(spec('waits'), { id }))).kind).toBe('exists');
    await first.stop();
    expect((await first.result()).phase).toBe('Cancelled');
  });
});

describe('the end', () => {
  it.each(['done', 'failed'])('is a result when the experiment is %s', async (name) => {
    const experiment = await holdfast.start(spec(name));

    expect(await experiment.result()).toMatchObject({
      experimentId: experiment.id,
      phase: /done/.test(name) ? 'Done' : 'Failed',
    });
  });

  it('is a result when it was cancelled through Temporal', async () => {
    const experiment = await holdfast.start(spec('waits'));
    await experiment.status();
    await experiment.cancel();

    expect(await experiment.result()).toMatchObject({
      phase: 'Cancelled',
      certificate: { left: [`${experiment.id}/cleanup`] },
    });
  });

  it('has one line per mistake when the worker refused the spec', async () => {
    const experiment = await holdfast.start(spec('refused'));

    expect(await failureOf(experiment.result())).toMatchObject({
      kind: 'refused',
      lines: ['a: is wrong', 'b: is wrong'],
    });
  });

  it.each<[string, ProblemKind]>([
    ['broken', 'no-result'],
    ['waits', 'no-result'],
  ])('is said to have no result when there is none (%s)', async (name, kind) => {
    const experiment = await holdfast.start(spec(name));
    if (name === 'waits') await raw.workflow.getHandle(experiment.id).terminate('test');

    expect((await failureOf(experiment.result())).kind).toBe(kind);
  });
});

describe('a running experiment', () => {
  it('answers, takes notes, and gives the reason when it refuses', async () => {
    const experiment = await holdfast.start(spec('waits'));

    await experiment.note('hello');
    expect((await experiment.status()).timeline).toEqual(['hello']);
    expect(await experiment.extend('2h')).toBe('later by 2h');
    expect(await failureOf(experiment.extend('soon'))).toMatchObject({
      kind: 'refused',
      message: 'by: "soon" is no duration',
    });
    await experiment.stop();
    await experiment.result();
    expect((await failureOf(experiment.stop())).kind).toBe('not-found');
  });

  it('is found by a prefix when only one fits, and as the latest', async () => {
    const base = unique('prefix');
    for (const id of [`${base}-one`, `${base}-two`]) await (await holdfast.start(spec('done'), { id })).result();

    expect(await holdfast.resolve(`${base}-o`)).toBe(`${base}-one`);
    expect(await failureOf(holdfast.resolve(base))).toMatchObject({
      kind: 'ambiguous',
      lines: expect.arrayContaining([`${base}-one`, `${base}-two`]),
    });
    expect((await failureOf(holdfast.resolve(`${base}-three`))).kind).toBe('not-found');
    const listed = await holdfast.list({ query: `WorkflowId STARTS_WITH '${base}'` });
    expect(listed.map((one) => one.id)).toEqual([`${base}-two`, `${base}-one`]);
    expect(await holdfast.historyEvents(`${base}-one`)).toBeGreaterThan(4);
  });
});

describe('cleanup', () => {
  it('answers with the certificate also when something is left, and never lets a plan be joined', async () => {
    const id = unique('left');

    expect(await holdfast.cleanup({ experimentId: id })).toMatchObject({ verdict: 'blocked', left: [`${id}/cleanup`] });
    expect(await holdfast.planCleanup({ experimentId: id })).toMatchObject({ left: [`${id}/cleanup/plan`] });
  });
});

describe('closing', () => {
  it('rejects who still waits for a result, and the process goes on', async () => {
    const { address, namespace } = sharedTemporal();
    const other = await connect({ connection: { address }, namespace, taskQueue });
    const experiment = await other.start(spec('waits'));
    const waiting = experiment.result();

    await Promise.all([expect(waiting).rejects.toThrow(), other.close()]);

    await holdfast.get(experiment.id).stop();
    expect((await holdfast.get(experiment.id).result()).phase).toBe('Cancelled');
  });
});

describe('without a server', () => {
  it('says where nothing answers', async () => {
    expect(await failureOf(connect({ connection: { address: '127.0.0.1:1', connectTimeout: '1s' } }))).toMatchObject({
      kind: 'unreachable',
      message: 'no Temporal server answers at 127.0.0.1:1',
    });
  });
});

async function failureOf(promise: Promise<unknown>): Promise<HoldfastError> {
  const error: unknown = await promise.then(
    (value) => new Error(`resolved with ${JSON.stringify(value)}`),
    (thrown: unknown) => thrown,
  );
  if (error instanceof HoldfastError) return error;
  throw error;
}
