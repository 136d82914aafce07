/** Does a workflow of another namespace run, lengthen and end experiments as through any other door? */
import type { WorkflowHandle } from '@temporalio/client';
import { connect, HoldfastError, type ExperimentInput, type Holdfast } from '../../src/client';
import { requestExperimentId } from '../../src/client/request';
import { eventually, startLab, uniqueId, type Lab } from '../support/lab';
import { startOtherNamespace, type OtherNamespace } from '../support/other-namespace';
import { expectNoTrace, launchCalls, reaches } from '../support/outcomes';
import { sharedTemporal } from '../support/temporal';
import type { Told } from './caller-workflows';

const spec: ExperimentInput = {
  name: 'elsewhere',
  lease: '10m',
  poll: '50ms',
  settle: '300ms',
  instanceProfile: 'holdfast-node',
  components: { a: { instanceTypes: ['t3.micro'] } },
  steps: [{ name: 'work', on: 'a', run: 'true' }],
};
const endless: ExperimentInput = { ...spec, steps: [] };
const failing: ExperimentInput = { ...spec, steps: [{ name: 'work', on: 'a', run: 'broken' }] };

let lab: Lab;
let holdfast: Holdfast;
let elsewhere: OtherNamespace;
beforeAll(async () => {
  const nodes = { default: { steps: [{ match: 'broken', exitCode: 3 }] } };
  lab = await startLab({ simulator: { scenario: { extends: 'quick', nodes } as never } });
  elsewhere = await startOtherNamespace(lab.taskQueue, require.resolve('./caller-workflows'));
  const { address, namespace } = sharedTemporal();
  holdfast = await connect({ connection: { address }, namespace, taskQueue: lab.taskQueue });
}, 120_000);
afterAll(async () => {
  await holdfast.close();
  await elsewhere.close();
  await lab.close();
});

/** Starts a workflow in the other namespace that calls the operation. */
function begin(operation: string, ...args: unknown[]): Promise<WorkflowHandle> {
  const { client, taskQueue, endpoint } = elsewhere;
  return client.workflow.start(operation, { taskQueue, workflowId: uniqueId(operation), args: [endpoint, ...args] });
}

async function call(operation: string, ...args: unknown[]): Promise<Told> {
  return (await (await begin(operation, ...args)).result()) as Told;
}

const launches = async (): Promise<number> => launchCalls(await lab.ledger()).length;

/** What the other namespace caught under the failure of its operation. */
const causeIn = ({ failures = [] }: Told): unknown => failures[1];

describe('run', () => {
  it('is one experiment for one request, from however many callers and doors, with its typed result for each', async () => {
    const requestId = uniqueId('Many at once');
    const before = await launches();

    const [handle, ...callers] = await Promise.all([
      holdfast.start(spec, { requestId }),
      ...Array.from({ length: 5 }, () => call('run', { spec, requestId })),
    ]);
    const late = await call('run', { spec, requestId });

    const result = await handle.result();
    expect(result).toMatchObject({ phase: 'Done', experimentId: handle.id, certificate: { verdict: 'clean' } });
    expect([...callers, late].map((told) => told.result)).toEqual(Array(6).fill(result));
    expect((await launches()) - before).toBe(1);
    await expectNoTrace(lab, handle.id);
  });

  it('makes an experiment of its own for each operation that names no request', async () => {
    const before = await launches();

    const [one, two] = await Promise.all([call('run', { spec }), call('run', { spec })]);

    expect(one.result?.experimentId).toMatch(/^elsewhere-/);
    expect(two.result?.experimentId).toMatch(/^elsewhere-/);
    expect(two.result?.experimentId).not.toBe(one.result?.experimentId);
    expect((await launches()) - before).toBe(2);
  });

  it('is refused under the request of another spec, while that runs and after its end', async () => {
    const requestId = uniqueId('conflict');
    const first = await begin('run', { spec, requestId });
    await eventuallyStarted(requestId);
    const conflict = { type: 'CONFLICT', message: expect.stringContaining('was started with another spec') };

    expect(causeIn(await call('run', { spec: { ...spec, lease: '11m' }, requestId }))).toMatchObject(conflict);
    await first.result();
    expect(causeIn(await call('run', { spec: { ...spec, lease: '11m' }, requestId }))).toMatchObject(conflict);
  });

  it('says the mistakes of a spec in the words of the client, and starts nothing', async () => {
    const wrong = { leese: '1h', components: { a: { count: 0 } } };
    const refusal: unknown = await holdfast.start(wrong as never).catch((error: unknown) => error);
    const lines = refusal instanceof HoldfastError ? refusal.lines : [];
    const before = await launches();

    expect(causeIn(await call('run', { spec: wrong }))).toMatchObject({
      name: 'HandlerError',
      type: 'BAD_REQUEST',
      message: lines.join('\n'),
    });
    expect(lines).toHaveLength(2);
    expect(causeIn(await call('run', { spec, requestid: 'a' }))).toMatchObject({
      type: 'BAD_REQUEST',
      message: 'requestid: is no known field; did you mean "requestId"?',
    });
    expect(causeIn(await call('run', 'spec'))).toMatchObject({ type: 'BAD_REQUEST' });
    expect(await launches()).toBe(before);
  });

  it('fails as the experiment does, with its result, also when it is asked again', async () => {
    const requestId = uniqueId('broken');

    const first = await call('run', { spec: failing, requestId });
    const again = await call('run', { spec: failing, requestId });

    expect(causeIn(first)).toMatchObject({ name: 'ApplicationFailure', type: 'Workload' });
    expect(first.result).toMatchObject({ phase: 'Failed', reason: 'Workload', certificate: { verdict: 'clean' } });
    // The SDK puts a failure of its own around what an answer fails with.
    expect(again.failures?.at(-1)).toEqual(first.failures?.at(-1));
    expect(again.result).toEqual(first.result);
  });

  it('ends in order when its caller is cancelled, which hears of it after the teardown', async () => {
    const requestId = uniqueId('cancelled');
    const caller = await begin('run', { spec: endless, requestId });
    const experiment = await eventuallyStarted(requestId);
    await reaches(experiment, 'Ready');

    await caller.cancel();

    expect(await caller.result()).toMatchObject({ cancelled: true });
    expect((await holdfast.get(experiment.workflowId).result()).phase).toBe('Cancelled');
    await expectNoTrace(lab, experiment.workflowId);
    expect(await call('run', { spec: endless, requestId })).toMatchObject({ cancelled: true });
  });

  it('goes on when its caller is gone', async () => {
    const requestId = uniqueId('alone');
    const caller = await begin('run', { spec, requestId });
    const experiment = await eventuallyStarted(requestId);

    await caller.terminate('gone');

    expect(await experiment.result()).toMatchObject({ phase: 'Done' });
    await expectNoTrace(lab, experiment.workflowId);
  });
});

describe('plan', () => {
  it('says what run would launch, as the client does, and makes nothing', async () => {
    const before = await launches();
    const planned = await holdfast.plan(spec);

    const told = await call('plan', spec);

    expect(told).toMatchObject({ digest: planned.digest, components: planned.components });
    expect(planned.components).toHaveLength(1);
    expect(await launches()).toBe(before);
    expect(causeIn(await call('plan', { leese: '1h' }))).toMatchObject({
      type: 'BAD_REQUEST',
      message: expect.stringContaining('did you mean "lease"?'),
    });
  });
});

describe('extend and cancel', () => {
  it('lengthen and end an experiment, by its request or its id', async () => {
    const requestId = uniqueId('changed');
    const caller = await begin('run', { spec: endless, requestId });
    const experiment = await eventuallyStarted(requestId);
    const { expiresAt } = await reaches(experiment, 'Ready');
    const id = experiment.workflowId;

    const later = (hours: number): string => new Date(Date.parse(expiresAt) + hours * 3_600_000).toISOString();
    expect(await call('extend', { requestId }, '1h')).toEqual({ expiresAt: later(1) });
    expect(await call('extend', { id }, '2h')).toEqual({ expiresAt: later(3) });
    expect(causeIn(await call('extend', { id }, '300d'))).toMatchObject({
      type: 'BAD_REQUEST',
      message: expect.stringContaining('by: 300d is too long'),
    });
    expect(await call('cancel', { requestId })).toEqual({ asked: true });

    expect(await caller.result()).toMatchObject({ cancelled: true });
    await expectNoTrace(lab, id);
    expect(causeIn(await call('cancel', { id: uniqueId('nobody') }))).toMatchObject({ type: 'NOT_FOUND' });
  });

  it('lengthens once, however often the server repeats a request that takes long', async () => {
    const requestId = uniqueId('slow');
    const caller = await begin('run', { spec: endless, requestId });
    const { expiresAt } = await reaches(await eventuallyStarted(requestId), 'Ready');
    // Longer than the server waits for one request.
    await lab.control('faults', [{ operation: 'CreateTags', times: 1, effect: { delayMs: 12_000 } }]);

    const told = await call('extend', { requestId }, '1h');

    const later = new Date(Date.parse(expiresAt) + 3_600_000).toISOString();
    expect(told).toEqual({ expiresAt: later });
    expect((await holdfast.get(requestExperimentId(requestId)).status()).expiresAt).toBe(later);
    await caller.cancel();
    expect(await caller.result()).toMatchObject({ cancelled: true });
  });

  it.each([
    ['nothing', {}, 'id: is missing'],
    ['both', { id: 'a', requestId: 'a' }, 'requestId: belongs to another form'],
    ['what is no id', { id: 'reaper/holdfast' }, 'id: is no experiment id'],
  ])('are refused when they name %s', async (_what, named, message) => {
    expect(causeIn(await call('extend', named, '1h'))).toMatchObject({
      type: 'BAD_REQUEST',
      message: expect.stringContaining(message),
    });
  });
});

/** The experiment of a request, once its caller has been heard. */
function eventuallyStarted(requestId: string): Promise<WorkflowHandle> {
  const handle = lab.client.workflow.getHandle(requestExperimentId(requestId));
  return eventually(() =>
    handle.describe().then(
      () => handle,
      () => undefined,
    ),
  );
}
