/** Does an event of EC2 find the experiment that it concerns, and nobody else? The simulator delivers the events. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { createAwsEventActivities, type AwsEventVerdict } from '../../src/activities/aws-event';
import { guard } from '../../src/activities/failure';
import type { TemporalPort } from '../../src/activities/temporal-port';
import { eventually } from '../support/lab';
import { startSimulated, type Simulated } from '../support/simulated';

const logger = new DefaultLogger('ERROR');
const WARNING = 'EC2 Spot Instance Interruption Warning';
const STATE = 'EC2 Instance State-change Notification';

interface Event {
  'detail-type': string;
  time: string;
  detail: Record<string, string>;
}

let aws: Simulated;
let signals: unknown[];

beforeAll(async () => {
  aws = await startSimulated();
});
afterAll(async () => {
  await aws.close();
});
beforeEach(async () => {
  signals = [];
  await aws.control('reset', {});
});

const temporal: TemporalPort = {
  ensureWorkflow: () => Promise.resolve(),
  signal: (...args) => {
    signals.push(args);
    return Promise.resolve(args[0] !== 'exp-ended');
  },
  signalWithStart: () => Promise.resolve(),
  isRunning: () => Promise.resolve(false),
  standing: () => Promise.resolve(undefined),
  runningOf: () => Promise.resolve([]),
  update: () => Promise.resolve(false),
  reaperActs: () => Promise.resolve(true),
  query: () => Promise.resolve(undefined),
};

function accept(event: unknown, target?: { account: string; endpoint: string }): Promise<AwsEventVerdict> {
  const { acceptAwsEvent } = guard(createAwsEventActivities({ cloud: aws.cloud, temporal, installation: 'test' }));
  const input = { event, ...(target === undefined ? {} : { target }) };
  return new MockActivityEnvironment({}, { logger }).run(acceptAwsEvent, input);
}

/** The first event of that kind about the instance, as the simulator delivers it. */
async function delivered(instanceId: string, kind: string, state?: string): Promise<Event> {
  return eventually(async () => {
    const { events } = (await (await fetch(`${aws.url}/_sim/events`)).json()) as { events: Event[] };
    return events.find(
      ({ detail, ...event }) =>
        event['detail-type'] === kind &&
        detail['instance-id'] === instanceId &&
        (state === undefined || detail['state'] === state),
    );
  });
}

async function warningFor(experimentId: string, installation = 'test'): Promise<{ id: string; event: Event }> {
  const [id = ''] = await aws.buy(experimentId, 1, installation);
  await aws.control('interrupt', { instanceId: id, noticeSeconds: 120 });
  return { id, event: await delivered(id, WARNING) };
}

describe('acceptAwsEvent', () => {
  it('signals the owner of the instance once, with the times of the event', async () => {
    const { id, event } = await warningFor('exp-a');
    const verdict = await accept(event);

    const interruption = {
      instanceId: id,
      region: 'us-west-2',
      kind: 'reclaim',
      source: 'aws-event',
      reason: 'marked-for-termination',
      noticeAt: new Date(event.time).toISOString(),
      endsAt: new Date(Date.parse(event.time) + 120_000).toISOString(),
      detectedAt: expect.any(String) as string,
    };
    expect(verdict).toEqual({ accepted: true, experimentId: 'exp-a', interruption });
    expect(signals).toEqual([['exp-a', 'interruption', [interruption]]]);
  });

  it('leaves no time where there is none: hibernation begins at once', async () => {
    const { event } = await warningFor('exp-a');
    const verdict = await accept({ ...event, detail: { ...event.detail, 'instance-action': 'hibernate' } });
    expect(verdict).toMatchObject({ interruption: { endsAt: new Date(event.time).toISOString() } });
  });

  it('passes a recommendation on as the hint that it is', async () => {
    const { event } = await warningFor('exp-a');
    const verdict = await accept({ ...event, 'detail-type': 'EC2 Instance Rebalance Recommendation' });
    expect(verdict).toMatchObject({ accepted: true, interruption: { kind: 'rebalance' } });
  });

  it('reads the reason of an end from the instance, and passes over a beginning', async () => {
    const [id = ''] = await aws.buy('exp-a', 1);
    const start = await accept(await delivered(id, STATE, 'running'));
    await aws.cloud.compute('us-west-2').terminate([id]);
    const end = await accept(await delivered(id, STATE, 'shutting-down'));

    expect(start).toEqual({ accepted: false, why: `${id} loses nothing by this event` });
    expect(end).toMatchObject({ interruption: { kind: 'ended', reason: 'Client.UserInitiatedShutdown' } });
    expect(signals).toHaveLength(1);
  });

  it('refuses with one line what concerns nobody here, and changes nothing', async () => {
    const { id, event } = await warningFor('exp-a', 'another');
    const before = (await aws.ledger()).calls.length;
    const unknown = { ...event, detail: { ...event.detail, 'instance-id': 'i-00000000000000000' } };

    expect(await accept(event)).toEqual({
      accepted: false,
      why: `${id} belongs to installation another, not test`,
    });
    expect(await accept(unknown)).toEqual({ accepted: false, why: 'i-00000000000000000 is unknown in us-west-2' });
    expect(await accept({ ...event, account: '999999999999' })).toEqual({
      accepted: false,
      why: `${id} belongs to account 999999999999, not 123456789012`,
    });
    expect(signals).toEqual([]);
    const after = (await aws.ledger()).calls.slice(before);
    expect(after.map((call) => call.operation)).toEqual(['DescribeInstances', 'DescribeInstances']);
  });

  it('refuses an instance without our tags, and one whose experiment has ended', async () => {
    const { id, event } = await warningFor('exp-ended');
    expect(await accept(event)).toEqual({ accepted: false, why: `${id} belongs to exp-ended, which is not running` });

    await aws.cloud.compute('us-west-2').tag([id], { ManagedBy: 'somebody' });
    expect(await accept(event)).toEqual({ accepted: false, why: `${id} is not ours` });
  });

  it('fails a malformed event with one line per field, without a call', async () => {
    const before = (await aws.ledger()).calls.length;
    await expect(accept({ 'detail-type': WARNING, source: 'aws.ec2' })).rejects.toMatchObject({
      type: 'InvalidInput',
      nonRetryable: true,
      message: expect.stringMatching(/^(\S+: .+\n?)+$/) as string,
    });
    expect((await aws.ledger()).calls).toHaveLength(before);
    expect(signals).toEqual([]);
  });

  it('hands back what is meant for another endpoint', async () => {
    const { event } = await warningFor('exp-a');
    const target = { account: '123456789012', endpoint: '' };
    await expect(accept(event, target)).rejects.toMatchObject({ type: 'ForeignWorker' });
  });
});
