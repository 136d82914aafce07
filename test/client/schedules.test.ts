/** Does Temporal do what a schedule of ours says? On the real server, with an experiment that ends at once. */
import { NativeConnection, Worker } from '@temporalio/worker';
import { connect, type Holdfast, type HoldfastError } from '../../src/client';
import { eventually } from '../support/lab';
import { sharedTemporal } from '../support/temporal';

const taskQueue = `schedules-${String(process.pid)}`;
const unique = (name: string): string => `${name}-${String(process.pid)}-${String(Date.now())}`;
const spec = { name: 'done', components: { a: {} } };

let holdfast: Holdfast;
let stop: () => Promise<void>;
const made: string[] = [];

beforeAll(async () => {
  const { address, namespace } = sharedTemporal();
  const connection = await NativeConnection.connect({ address });
  const workflowsPath = require.resolve('./stub-workflows');
  const worker = await Worker.create({ connection, namespace, taskQueue, workflowsPath });
  const running = worker.run();
  holdfast = await connect({ connection: { address }, namespace, taskQueue });
  stop = async () => {
    await Promise.all(made.map((id) => holdfast.schedules.delete(id).catch(() => undefined)));
    worker.shutdown();
    await running;
    await holdfast.close();
    await connection.close();
  };
});
afterAll(() => stop());

async function create(name: string, more: object = {}): Promise<string> {
  const id = unique(name);
  made.push(id);
  await holdfast.schedules.create({ id, spec, cron: ['0 2 * * *'], ...more });
  return id;
}

async function failureOf(promise: Promise<unknown>): Promise<HoldfastError> {
  return promise.then(
    () => Promise.reject(new Error('did not fail')),
    (error: unknown) => error as HoldfastError,
  );
}

describe('a schedule', () => {
  it('says when it starts what, in its time zone, and leaves out a run while one goes on', async () => {
    const id = await create('nightly', { timeZone: 'Asia/Tokyo', jitterSeconds: 60, catchUpSeconds: 600 });

    const details = await holdfast.schedules.show(id);

    expect(details).toMatchObject({
      ...{ when: '0 2 * * *', timeZone: 'Asia/Tokyo', overlap: 'skip', jitterSeconds: 60, catchUpSeconds: 600 },
      ...{ paused: false, taken: 0, skipped: 0, missed: 0 },
    });
    // Two in the morning in Tokyo is 17:00 UTC of the day before, all year; the jitter adds a minute at most.
    for (const time of details.next) expect(time).toMatch(/T17:0[01]:/);
  });

  it('starts runs whose ids are made of the time, shows them, and counts what it left out', async () => {
    const id = await create('now', { spec: { name: 'lasting', components: { a: {} } } });
    await holdfast.schedules.trigger(id);
    await eventually(async () => ((await holdfast.schedules.show(id)).running.length === 1 ? true : undefined));
    await holdfast.schedules.trigger(id);

    const details = await eventually(async () => {
      const seen = await holdfast.schedules.show(id);
      return seen.skipped === 1 && seen.experiments.length === 1 ? seen : undefined;
    });

    expect(details.taken).toBe(1);
    expect(details.running[0]).toMatch(new RegExp(`^${id}-\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\dZ$`));
    expect(details.experiments[0]?.id).toBe(details.running[0]);
    await holdfast.get(details.running[0] ?? '').stop();
  });

  it('names what was due and did not run, and the run that was in its way', async () => {
    const id = await create('busy', {
      ...{ spec: { name: 'lasting', components: { a: {} } }, cron: [], everySeconds: 1, jitterSeconds: 1 },
    });

    const { notRun, recent, running } = await eventually(async () => {
      const seen = await holdfast.schedules.show(id);
      return seen.notRun.length >= 2 && seen.experiments.length === 1 ? seen : undefined;
    });
    await holdfast.schedules.pause(id, 'enough seen');
    await holdfast.get(running[0] ?? '').stop();

    expect(recent).toHaveLength(1);
    for (const { dueAt, why } of notRun) {
      expect(why).toBe(`skipped: ${running[0] ?? ''} was running`);
      expect(Date.parse(dueAt)).toBeGreaterThan(Date.parse(recent[0]?.dueAt ?? ''));
    }
  });

  it('that stops another one is listed as such, with its time', async () => {
    const id = unique('evening');
    made.push(id);

    const details = await holdfast.schedules.createStop({
      ...{ id, schedule: 'lab', cron: ['0 18 * * 1-5'], timeZone: 'Europe/Berlin' },
    });

    expect(details).toMatchObject({ id, does: 'stop', when: '0 18 * * 1-5', timeZone: 'Europe/Berlin', notRun: [] });
    const listed = await eventually(async () => (await holdfast.schedules.list()).find((view) => view.id === id));
    expect(listed).toMatchObject({ does: 'stop' });
    expect(
      await failureOf(holdfast.schedules.createStop({ id: unique('never'), schedule: id, cron: [] })),
    ).toMatchObject({ kind: 'refused' });
  });

  it('starts what was due in a span of the past, one run for each time', async () => {
    const id = await create('past');

    await holdfast.schedules.backfill(id, { from: '2026-01-01T00:00:00Z', to: '2026-01-03T23:00:00Z' });

    const { experiments } = await eventually(async () => {
      const seen = await holdfast.schedules.show(id);
      return seen.experiments.length === 3 ? seen : undefined;
    });
    expect(experiments.map((run) => run.id).sort()).toEqual(
      ['2026-01-01', '2026-01-02', '2026-01-03'].map((day) => `${id}-${day}T02:00:00Z`),
    );
  });

  it('is paused with its reason, resumed, listed, and deleted', async () => {
    const id = await create('paused', { cron: [], everySeconds: 3600, paused: 'not yet' });

    expect(await holdfast.schedules.show(id)).toMatchObject({ paused: true, note: 'not yet', when: 'every 3600s' });
    await holdfast.schedules.resume(id, 'go');
    expect(await holdfast.schedules.show(id)).toMatchObject({ paused: false, note: 'go' });
    await holdfast.schedules.pause(id, 'release week');
    await eventually(async () =>
      (await holdfast.schedules.list()).find((view) => view.id === id && view.note === 'release week'),
    );
    await holdfast.schedules.delete(id);
    expect(await failureOf(holdfast.schedules.show(id))).toMatchObject({ kind: 'no-schedule' });
  });

  it.each([
    ['a spec that is wrong', { spec: { components: {} } }, /the spec is wrong/],
    ['no time', { cron: [] }, /has no time/],
    ['a cron string that is none', { cron: ['at noon'] }, /was refused/],
    ['a time zone that is none', { timeZone: 'Mars/Base' }, /was refused/],
    ['an id that leaves no room for the time', { id: 'a'.repeat(108) }, /is no id of a schedule/],
  ])('is not made of %s', async (_what, more, message) => {
    const id = unique('never');

    const problem = await failureOf(holdfast.schedules.create({ id, spec, cron: ['0 2 * * *'], ...more }));

    expect(problem).toMatchObject({ kind: 'refused', message: expect.stringMatching(message) });
  });

  it('is not made twice, since that would change what the first one does', async () => {
    const id = await create('twice');

    expect(await failureOf(holdfast.schedules.create({ id, spec, cron: ['@daily'] }))).toMatchObject({
      kind: 'schedule-exists',
    });
  });
});
