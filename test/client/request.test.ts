import { connect, HoldfastError, type ExperimentHandle, type ExperimentInput, type Holdfast } from '../../src/client';
import { requestExperimentId, specDigest } from '../../src/client/request';
import { EXPERIMENT_ID } from '../../src/contracts/names';
import { expectNoTrace, launchCalls } from '../support/outcomes';
import { eventually, startLab, uniqueId, type Lab } from '../support/lab';
import { sharedTemporal } from '../support/temporal';

const spec: ExperimentInput = {
  name: 'asked',
  lease: '10m',
  poll: '50ms',
  settle: '300ms',
  instanceProfile: 'holdfast-node',
  components: { a: { instanceTypes: ['t3.micro'] } },
  steps: [{ name: 'work', on: 'a', run: 'true' }],
};
const other: ExperimentInput = { ...spec, lease: '11m' };

describe('the id of a request', () => {
  it.each(['nightly-4711', 'Ünïcode/ with spaces', '日本', '../..', 'x'.repeat(255), '-'])(
    'is an experiment id, whatever the request is called: %s',
    (requestId) => {
      expect(requestExperimentId(requestId)).toMatch(EXPERIMENT_ID);
      expect(requestExperimentId(requestId)).toBe(requestExperimentId(requestId));
    },
  );

  it('keeps apart requests that read alike', () => {
    const ids = ['a b', 'a-b', 'A-B', 'a/b', 'a', ''].map(requestExperimentId);
    expect(new Set(ids).size).toBe(ids.length);
  });
});

describe('the digest of a spec', () => {
  it('does not depend on the order of fields, and on everything else', () => {
    expect(specDigest({ a: 1, b: { c: [1, 2], d: undefined } })).toBe(specDigest({ b: { c: [1, 2] }, a: 1 }));
    const others = [{ a: 1, b: { c: [2, 1] } }, { a: 1, b: { c: [1] } }, { a: '1', b: { c: [1, 2] } }, {}];
    for (const one of others) expect(specDigest(one)).not.toBe(specDigest({ a: 1, b: { c: [1, 2] } }));
  });
});

describe('a request', () => {
  let lab: Lab;
  let holdfast: Holdfast;
  beforeAll(async () => {
    lab = await startLab();
    const { address, namespace, uiUrl } = sharedTemporal();
    holdfast = await connect({ connection: { address }, namespace, uiUrl, taskQueue: lab.taskQueue });
  });
  afterAll(async () => {
    await holdfast.close();
    await lab.close();
  });

  it('makes one experiment, also when it is sent by many at once', async () => {
    const requestId = uniqueId('Many at once');
    const launches = launchCalls(await lab.ledger()).length;

    const started = await Promise.all(Array.from({ length: 20 }, () => holdfast.start(spec, { requestId })));

    expect(new Set(started.map(({ id }) => id)).size).toBe(1);
    const results = await Promise.all(started.slice(0, 3).map((one) => one.result()));
    expect(results.map(({ phase }) => phase)).toEqual(['Done', 'Done', 'Done']);
    expect(launchCalls(await lab.ledger()).length - launches).toBe(1);
    await expectNoTrace(lab, started[0]?.id ?? '');
  });

  it('is refused with another spec, while it runs and after its end', async () => {
    const requestId = uniqueId('conflict');
    const first = await holdfast.start(spec, { requestId });

    expect(await failureOf(holdfast.start(other, { requestId }))).toMatchObject({ kind: 'conflict' });
    await first.result();
    expect(await failureOf(holdfast.start(other, { requestId }))).toMatchObject({ kind: 'conflict' });
    expect((await holdfast.start(spec, { requestId })).id).toBe(first.id);
  });

  it('is remembered when Temporal has forgotten it', async () => {
    const requestId = uniqueId('forgotten');
    const first = await holdfast.start(spec, { requestId });
    const result = await first.result();
    await forget(first);
    const launches = launchCalls(await lab.ledger()).length;

    expect(await failureOf(holdfast.start(other, { requestId }))).toMatchObject({
      kind: 'conflict',
      message: expect.stringContaining('requestId: was used for another spec'),
    });
    const again = await holdfast.start(spec, { requestId });

    expect(again.id).toBe(first.id);
    expect(await again.result()).toEqual(result);
    expect((await again.status()).phase).toBe('Done');
    expect(launchCalls(await lab.ledger())).toHaveLength(launches);
  }, 200_000);

  it('is taken where no worker could say whether it was there before', async () => {
    const { address, namespace, uiUrl } = sharedTemporal();
    const alone = await connect({ connection: { address }, namespace, uiUrl, taskQueue: uniqueId('nobody') });
    const requestId = uniqueId('alone');

    const { id } = await alone.start(spec, { requestId });

    expect((await alone.start(spec, { requestId })).id).toBe(id);
    expect(await failureOf(alone.start(other, { requestId }))).toMatchObject({ kind: 'conflict' });
    await lab.client.workflow.getHandle(id).terminate('test');
    await alone.close();
  });

  it.each([{ requestId: '' }, { requestId: 'x'.repeat(256) }, { requestId: 'a', id: 'b' }])(
    'is refused when it is wrongly named: %j',
    async (options) => {
      expect(await failureOf(holdfast.start(spec, options))).toMatchObject({ kind: 'refused' });
    },
  );

  /** What retention does after days. */
  async function forget({ id }: ExperimentHandle): Promise<void> {
    const { namespace } = sharedTemporal();
    const handle = lab.client.workflow.getHandle(id);
    await lab.client.workflowService.deleteWorkflowExecution({ namespace, workflowExecution: { workflowId: id } });
    await eventually(
      () =>
        handle.describe().then(
          () => undefined,
          () => true,
        ),
      150_000,
    );
  }
});

describe('following', () => {
  let lab: Lab;
  let holdfast: Holdfast;
  beforeAll(async () => {
    lab = await startLab();
    const { address, namespace, uiUrl } = sharedTemporal();
    holdfast = await connect({ connection: { address }, namespace, uiUrl, taskQueue: lab.taskQueue });
  });
  afterAll(async () => {
    await holdfast.close();
    await lab.close();
  });

  it('tells every event once and in order, and goes on where a reader left off', async () => {
    const experiment = await holdfast.start(spec);
    const all = [];
    for await (const event of experiment.events()) all.push(event);
    const late = [];
    for await (const event of experiment.events({ after: 3 })) late.push(event);

    expect(all.map(({ seq }) => seq)).toEqual(all.map((_one, index) => index + 1));
    const phases = all.flatMap(({ phase }) => phase ?? []);
    expect(phases).toEqual(['Provisioning', 'Configuring', 'Ready', 'Running', 'Collecting', 'TearingDown', 'Done']);
    expect(late).toEqual(all.slice(3));
  });

  it('waits for a phase, also for one that is over, and says when it never came', async () => {
    const experiment = await holdfast.start(spec);

    expect((await experiment.wait('Ready')).reached.Ready).toBeDefined();
    await experiment.result();
    expect((await experiment.wait('Provisioning')).phase).toBe('Done');
    expect(await failureOf(experiment.wait('Held'))).toMatchObject({
      kind: 'ended',
      message: `experiment ${experiment.id} is Done and never came to Held`,
    });
  });

  it('stops when the reader does', async () => {
    const experiment = await holdfast.start({ ...spec, steps: [] });
    const reading = new AbortController();
    const seen = [];

    for await (const event of experiment.events({ signal: reading.signal })) {
      seen.push(event);
      if (event.phase === 'Ready') reading.abort();
    }

    expect(seen.at(-1)?.phase).toBe('Ready');
    await experiment.stop();
    await experiment.result();
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
