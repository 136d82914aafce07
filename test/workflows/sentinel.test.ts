/** Does the watcher of a region tell each experiment of its own losses, once, and is it there whenever it is needed? */
import type { WorkflowHandle } from '@temporalio/client';
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { guard } from '../../src/activities/failure';
import { createSentinelActivities } from '../../src/activities/sentinel';
import { createTemporalPort } from '../../src/client/temporal-port';
import type { Interruption, SentinelStatus } from '../../src/contracts/interruptions';
import { sentinelWorkflowId } from '../../src/contracts/names';
import type { RunningWorker } from '../../src/worker';
import { eventually, labWorker, startLab, uniqueId, type Lab } from '../support/lab';
import { failureOf } from '../support/outcomes';
import { simulatedAt, type Simulated } from '../support/simulated';

const REGION = 'us-west-2';
/** So that a test sees in a second what takes AWS a minute. */
const every = {
  spot: '50ms',
  instances: '100ms',
  status: '200ms',
  discovery: '100ms',
  agents: '500ms',
  idle: '5m',
};

let lab: Lab;
let aws: Simulated;

beforeAll(async () => {
  lab = await startLab();
  aws = simulatedAt(lab.simulatorUrl);
});
afterAll(async () => {
  await aws.close();
  await lab.close();
});

/** Sentinels of a test, ended after it. */
const watching: WorkflowHandle[] = [];
beforeEach(() => lab.control('reset', {}));
afterEach(async () => {
  await Promise.all(watching.splice(0).map((one) => one.terminate().catch(() => undefined)));
});

async function startSentinel(over: object = {}): Promise<WorkflowHandle> {
  const handle = await lab.start('sentinel', { region: REGION, every, ...over });
  watching.push(handle);
  return handle;
}

/** An owner is any workflow with the id of its experiment: what counts is the signal in its history. */
async function owner(): Promise<WorkflowHandle> {
  const handle = await lab.start('capacity', {}, uniqueId('owner'));
  watching.push(handle);
  return handle;
}

/** Every `interruption` signal that a workflow got, in order. */
async function signalsOf(handle: WorkflowHandle): Promise<Interruption[][]> {
  const { events } = await handle.fetchHistory();
  return (events ?? []).flatMap(({ workflowExecutionSignaledEventAttributes: signal }) => {
    if (signal?.signalName !== 'interruption') return [];
    const data = signal.input?.payloads?.[0]?.data ?? new Uint8Array();
    return [JSON.parse(Buffer.from(data).toString()) as Interruption[]];
  });
}

async function signalled(handle: WorkflowHandle, count = 1): Promise<Interruption[][]> {
  return eventually(async () => {
    const signals = await signalsOf(handle);
    return signals.flat().length >= count ? signals : undefined;
  });
}

const statusOf = (handle: WorkflowHandle): Promise<SentinelStatus> => handle.query<SentinelStatus>('status');

async function isWatching(handle: WorkflowHandle, nodes: number): Promise<void> {
  await eventually(async () => {
    const { raw } = await handle.describe();
    const waits = raw.pendingActivities?.[0]?.lastFailure?.message ?? '';
    return waits.startsWith(`watching ${String(nodes)} nodes`) ? true : undefined;
  });
}

describe('the sentinel', () => {
  it('tells two owners of their own nodes, each once per notice, and costs no history while it waits', async () => {
    const [a, b] = [await owner(), await owner()];
    const [lostOfA = ''] = await aws.buy(a.workflowId, 2);
    const [lostOfB = ''] = await aws.buy(b.workflowId, 1);
    const sentinel = await startSentinel();
    await isWatching(sentinel, 3);
    const waited = (await sentinel.describe()).historyLength;

    // Long enough that a busy machine looks before they end.
    await lab.control('interrupt', { instanceId: lostOfA, noticeSeconds: 5 });
    await lab.control('interrupt', { instanceId: lostOfB, noticeSeconds: 5 });
    const [toA, toB] = await Promise.all([signalled(a), signalled(b)]);
    // Both notices end, and are nothing new.
    await isWatching(sentinel, 1);

    expect(waited).toBeLessThanOrEqual(13);
    expect(toA.flat()).toMatchObject([{ instanceId: lostOfA, kind: 'reclaim', region: REGION }]);
    expect(toB.flat()).toMatchObject([{ instanceId: lostOfB, kind: 'reclaim', region: REGION }]);
    expect(await signalsOf(a)).toHaveLength(1);
    expect(await signalsOf(b)).toHaveLength(1);
    expect(await statusOf(sentinel)).toMatchObject({ region: REGION, told: 2 });
  });

  it('sends one signal for all losses of an owner in one look', async () => {
    const a = await owner();
    const lost = await aws.buy(a.workflowId, 5);
    const sentinel = await startSentinel({
      every: { ...every, spot: '2s', discovery: '2s', instances: '2s', agents: '2s' },
    });
    await isWatching(sentinel, 5);

    await Promise.all(lost.map((instanceId) => lab.control('interrupt', { instanceId, noticeSeconds: 60 })));
    const signals = await signalled(a, 5);

    expect(signals.map((list) => list.length)).toEqual([5]);
  });

  it('goes on when an owner has ended', async () => {
    const [gone, a] = [uniqueId('gone'), await owner()];
    const [first = ''] = await aws.buy(gone, 1);
    const [second = ''] = await aws.buy(a.workflowId, 1);
    const sentinel = await startSentinel();
    await isWatching(sentinel, 2);
    await lab.control('interrupt', { instanceId: first, noticeSeconds: 60 });
    await eventually(async () => ((await statusOf(sentinel)).last.length > 0 ? true : undefined));
    await lab.control('interrupt', { instanceId: second, noticeSeconds: 60 });

    expect((await signalled(a)).flat()).toMatchObject([{ instanceId: second }]);
    const status = await statusOf(sentinel);
    expect(status.last.map(({ owner: who, heard }) => [who, heard])).toContainEqual([gone, false]);
  });

  it('ends when nothing has lived for a while', async () => {
    const sentinel = await startSentinel({ every: { ...every, idle: '300ms' } });
    expect(await sentinel.result()).toMatchObject({ region: REGION, nodes: 0, told: 0 });
  });

  it('carries what it told into its next run', async () => {
    const a = await owner();
    const [first = '', second = ''] = await aws.buy(a.workflowId, 2);
    const sentinel = await startSentinel({ newsPerRun: 1 });
    await isWatching(sentinel, 2);
    const { runId } = await sentinel.describe();
    await lab.control('interrupt', { instanceId: first, noticeSeconds: 60 });
    await signalled(a);
    await eventually(async () => ((await sentinel.describe()).runId === runId ? undefined : true));
    await isWatching(sentinel, 2);
    await lab.control('interrupt', { instanceId: second, noticeSeconds: 60 });
    const signals = await signalled(a, 2);

    expect(signals.flat().map((one) => one.instanceId)).toEqual([first, second]);
  });

  it.each([
    ['nothing', undefined],
    ['a text', 'us-west-2'],
    ['an unknown region', { region: 'mars' }],
  ])('fails %s as InvalidInput, without an AWS call', async (_, input) => {
    const before = (await lab.ledger()).calls.length;
    const { type, message } = await failureOf(await lab.start('sentinel', input));
    expect(type).toBe('InvalidInput');
    expect(message).toMatch(/^(\S+: .+\n?)+$/);
    expect((await lab.ledger()).calls.length).toBe(before);
  });
});

describe('a sentinel that dies', () => {
  it('is started again by whoever makes sure of it, and left alone while it runs', async () => {
    const target = await aws.cloud.identity();
    const temporal = createTemporalPort(lab.client, lab.taskQueue);
    const { ensureSentinel } = guard(createSentinelActivities({ cloud: aws.cloud, temporal, installation: 'test' }));
    const ensure = (): Promise<unknown> =>
      new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
        .run(ensureSentinel, { target, regions: [REGION], pollMs: 1000, every })
        .catch((error: unknown) => {
          expect(error).toMatchObject({ type: 'NotReady', nextRetryDelay: 1000 });
        });
    const sentinel = lab.client.workflow.getHandle(sentinelWorkflowId(target, REGION));
    watching.push(sentinel);
    const a = await owner();
    const [lost = ''] = await aws.buy(a.workflowId, 1);

    await ensure();
    await isWatching(sentinel, 1);
    const first = await sentinel.describe();
    await ensure();
    const still = await sentinel.describe();
    await sentinel.terminate('killed by a test');
    await ensure();
    await isWatching(sentinel, 1);
    const second = await sentinel.describe();
    await lab.control('interrupt', { instanceId: lost, noticeSeconds: 60 });

    expect(still.runId).toBe(first.runId);
    expect(second.runId).not.toBe(first.runId);
    expect((await signalled(a)).flat()).toMatchObject([{ instanceId: lost }]);
  });

  it('goes on with another worker where the one that died had stopped, and tells what happened meanwhile', async () => {
    const own = await startLab({ worker: false });
    const buyer = simulatedAt(own.simulatorUrl);
    const where = { taskQueue: own.taskQueue, url: own.simulatorUrl, results: own.results };
    const first = await labWorker(where);
    let second: RunningWorker | undefined;
    try {
      const a = await own.start('capacity', {}, uniqueId('owner'));
      const sentinel = await own.start('sentinel', { region: REGION, every });
      watching.push(a, sentinel);
      const [early = '', late = ''] = await buyer.buy(a.workflowId, 2);
      await isWatching(sentinel, 2);
      await own.control('interrupt', { instanceId: early, noticeSeconds: 600 });
      await signalled(a);
      await isWatching(sentinel, 2);
      await first.stop();
      await own.control('interrupt', { instanceId: late, noticeSeconds: 600 });
      second = await labWorker(where);

      expect((await signalled(a, 2)).flat().map((one) => one.instanceId)).toEqual([early, late]);
      await Promise.all(watching.splice(0).map((one) => one.terminate()));
    } finally {
      await first.stop();
      await second?.stop();
      await buyer.close();
      await own.close();
    }
  });
});
