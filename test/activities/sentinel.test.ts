/** Does one look see what happens to nodes, at a price that does not grow with experiments? The simulator answers. */
import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { guard } from '../../src/activities/failure';
import { createSentinelActivities, type WatchReply } from '../../src/activities/sentinel';
import type { TemporalPort } from '../../src/activities/temporal-port';
import type { Ledger } from '../support/lab';
import { eventually, uniqueId } from '../support/lab';
import { startSimulated, type Simulated } from '../support/simulated';

const logger = new DefaultLogger('ERROR');
/** In seconds: nothing is due twice unless a test waits for it. */
const every = { spot: 0.02, instances: 0.02, status: 0.02, discovery: 0.02, agents: 0.02, idle: 60 };
const WATCHES = /^Describe(SpotInstanceRequests|Instances|InstanceStatus|InstanceInformation)$/;

let aws: Simulated;
let started: unknown[];

beforeAll(async () => {
  aws = await startSimulated();
});
afterAll(async () => {
  await aws.close();
});
beforeEach(async () => {
  started = [];
  await aws.control('reset', {});
});
afterEach(() => aws.control('faults', []));

const temporal: TemporalPort = {
  ensureWorkflow: (...args) => {
    started.push(args);
    return Promise.resolve();
  },
  signal: () => Promise.resolve(true),
  signalWithStart: () => Promise.resolve(),
  isRunning: () => Promise.resolve(false),
  standing: () => Promise.resolve(undefined),
  runningOf: () => Promise.resolve([]),
  update: () => Promise.resolve(false),
  reaperActs: () => Promise.resolve(true),
  query: () => Promise.resolve(undefined),
};

const activities = () => guard(createSentinelActivities({ cloud: aws.cloud, temporal, installation: 'test' }));

/** What one try gave: a reply, or the words of its NotReady, and the carry it leaves for the next try. */
interface Try {
  reply?: WatchReply;
  waits?: string;
  pauseMs?: number;
  beat?: unknown;
}

async function attempt(beat?: unknown, over: object = {}): Promise<Try> {
  const env = new MockActivityEnvironment({ heartbeatDetails: beat, attempt: 2 }, { logger });
  const left: Try = { beat };
  env.on('heartbeat', (details: unknown) => {
    left.beat = details;
  });
  const target = await aws.cloud.identity();
  const plan = { target, installation: 'test', region: 'us-west-2', every, ...over };
  try {
    left.reply = await env.run(activities().watchRegion, plan);
  } catch (error) {
    const { type, message, nextRetryDelay } = error as { type: string; message: string; nextRetryDelay: number };
    if (type !== 'NotReady') throw error;
    Object.assign(left, { waits: message, pauseMs: nextRetryDelay });
  }
  return left;
}

/** Tries until there is a reply, as Temporal does. */
async function untilNews(beat: unknown, over: object = {}): Promise<WatchReply> {
  let carry = beat;
  return eventually(async () => {
    const tried = await attempt(carry, over);
    carry = tried.beat;
    return tried.reply;
  });
}

const watchCalls = ({ calls }: Ledger, from: number): string[] =>
  calls.slice(from).flatMap(({ operation }) => (WATCHES.test(operation) ? [operation] : []));

describe('watchRegion', () => {
  it('waits as NotReady while nothing happens, and says what it watches', async () => {
    await aws.buy('exp-a', 2);
    const { waits, pauseMs } = await attempt();
    expect(waits).toBe('watching 2 nodes of 1 experiments');
    expect(pauseMs).toBeLessThanOrEqual(20);
  });

  it('returns a reclaim by its notice, while the instance still runs', async () => {
    const [lost = ''] = await aws.buy('exp-a', 2);
    await aws.buy('exp-b', 1);
    const { beat } = await attempt();
    const noticedAt = Date.now();
    await aws.control('interrupt', { instanceId: lost, noticeSeconds: 30 });

    const { news, idle } = await untilNews(beat);

    expect(idle).toBe(false);
    expect(news).toMatchObject([
      {
        owner: 'exp-a',
        interruptions: [
          {
            instanceId: lost,
            region: 'us-west-2',
            kind: 'reclaim',
            source: 'spot-request',
            reason: 'instance-terminated-no-capacity',
          },
        ],
      },
    ]);
    const [notice] = news[0]?.interruptions ?? [];
    expect(Date.parse(notice?.noticeAt ?? '')).toBeGreaterThanOrEqual(noticedAt - 1000);
    expect((await aws.cloud.compute('us-west-2').instances([lost]))[0]?.state).toBe('running');
  });

  it('tells the same notice once, through its end, and goes on from the result as from the heartbeat', async () => {
    const [lost = ''] = await aws.buy('exp-a', 2);
    const { beat } = await attempt();
    await aws.control('interrupt', { instanceId: lost, noticeSeconds: 0.3 });
    const { carry } = await untilNews(beat);

    const after = await attempt(undefined, { carry });
    let last = after.beat;
    const told = await eventually(async () => {
      const tried = await attempt(last);
      last = tried.beat;
      if (tried.reply !== undefined) return tried.reply.news;
      return tried.waits === 'watching 1 nodes of 1 experiments' ? [] : undefined;
    });

    expect(after.reply).toBeUndefined();
    expect(told).toEqual([]);
  });

  it('returns the end of a node that nobody announced', async () => {
    const [lost = ''] = await aws.buy('exp-a', 1);
    const { beat } = await attempt();
    await aws.cloud.compute('us-west-2').terminate([lost]);
    const { news } = await untilNews(beat);
    expect(news[0]?.interruptions).toMatchObject([{ instanceId: lost, kind: 'ended' }]);
    expect(news[0]?.interruptions[0]?.reason).toMatch(/user/i);
  });

  it('returns what ended while no sentinel ran', async () => {
    const owner = uniqueId('owner');
    const [lost = '', other = ''] = await aws.buy(owner, 2);
    await aws.control('interrupt', { instanceId: lost, noticeSeconds: 0 });
    await eventually(async () => {
      const [view] = await aws.cloud.compute('us-west-2').instances([lost]);
      return view?.state === 'terminated' ? true : undefined;
    });

    const { news, carry } = await untilNews(undefined);

    expect(news).toMatchObject([{ owner, interruptions: [{ instanceId: lost, kind: 'ended' }] }]);
    expect(Object.keys(carry.nodes)).toEqual([other]);
  });

  it('returns planned events and failed status checks of its nodes', async () => {
    const [planned = '', impaired = ''] = await aws.buy('exp-a', 2);
    const [foreign = ''] = await aws.buy('exp-x', 1, 'another');
    const { beat } = await attempt();
    await aws.control('schedule', { instanceId: planned, code: 'instance-retirement', inSeconds: 600 });
    for (const instanceId of [impaired, foreign]) await aws.control('impair', { instanceId });

    const told: unknown[] = [];
    let last = beat;
    await eventually(async () => {
      const { reply, beat: next } = await attempt(last);
      last = reply?.carry ?? next;
      told.push(...(reply?.news ?? []).flatMap((news) => news.interruptions.map((one) => [one.instanceId, one.kind])));
      return told.length >= 2 ? true : undefined;
    });

    expect(told.sort()).toEqual(
      [
        [planned, 'maintenance'],
        [impaired, 'impaired'],
      ].sort(),
    );
  });

  it('asks for the spot request of a new node with its discovery, and not only when that is due', async () => {
    await aws.buy('exp-a', 1);
    const slow = { every: { ...every, spot: 600, instances: 600, status: 600, agents: 600 } };
    const { beat } = await attempt(undefined, slow);
    const [late = ''] = await aws.buy('exp-b', 1);
    await aws.control('interrupt', { instanceId: late, noticeSeconds: 30 });

    const { news } = await untilNews(beat, slow);

    expect(news).toMatchObject([{ owner: 'exp-b', interruptions: [{ instanceId: late, kind: 'reclaim' }] }]);
  });

  it('takes an agent that falls silent for a reason to look at once, and for nothing more', async () => {
    const [node = ''] = await aws.buy('exp-a', 1);
    const slow = { every: { ...every, instances: 600, status: 600 } };
    let last: unknown;
    await eventually(async () => {
      last = (await attempt(last, slow)).beat;
      return (last as { agents: string[] }).agents.includes(node) ? true : undefined;
    });
    const quiet = (await attempt(last, slow)).reply;
    await aws.control('impair', { instanceId: node, agentLost: true });
    const { news } = await untilNews(last, slow);

    expect(quiet).toBeUndefined();
    expect(news[0]?.interruptions).toMatchObject([{ instanceId: node, kind: 'impaired', reason: 'impaired' }]);
  });

  it('does not see nodes of another installation', async () => {
    const [foreign = ''] = await aws.buy('exp-x', 1, 'another');
    await aws.buy('exp-a', 1);
    const { waits, beat } = await attempt();
    await aws.control('interrupt', { instanceId: foreign, noticeSeconds: 30 });
    const next = await attempt(beat);
    expect([waits, next.waits]).toEqual(Array(2).fill('watching 1 nodes of 1 experiments'));
  });

  it('makes as many calls for twenty experiments as for one', async () => {
    const callsOfALook = async (): Promise<string[]> => {
      const before = (await aws.ledger()).calls.length;
      await attempt();
      return watchCalls(await aws.ledger(), before).sort();
    };
    await aws.buy(uniqueId('one'), 1);
    const one = await callsOfALook();
    for (let index = 1; index < 20; index += 1) await aws.buy(uniqueId('more'), 1);
    const twenty = await callsOfALook();

    expect(one.length).toBeGreaterThanOrEqual(6);
    expect(twenty).toEqual(one);
  });

  it('asks each source at its own pace, and nothing but for nodes while there are none', async () => {
    const slow = { every: { ...every, instances: 600, status: 600, agents: 600 } };
    const before = (await aws.ledger()).calls.length;
    const empty = await attempt(undefined, slow);
    expect(watchCalls(await aws.ledger(), before)).toEqual(['DescribeInstances']);

    await aws.buy('exp-a', 1);
    const first = await attempt(undefined, slow);
    const between = (await aws.ledger()).calls.length;
    await new Promise((resolve) => setTimeout(resolve, first.pauseMs ?? 0));
    await attempt(first.beat, slow);

    expect(empty.waits).toBe('watching 0 nodes of 0 experiments');
    expect(watchCalls(await aws.ledger(), between).sort()).toEqual([
      'DescribeInstances',
      'DescribeSpotInstanceRequests',
    ]);
  });

  it('goes on with the other sources when one cannot be read, and says so', async () => {
    const [lost = ''] = await aws.buy('exp-a', 1);
    await aws.control('faults', [
      { operation: 'DescribeInstanceStatus', effect: { error: 'UnauthorizedOperation', status: 403 } },
    ]);
    const { waits, beat } = await attempt();
    await aws.control('interrupt', { instanceId: lost, noticeSeconds: 30 });
    const { news } = await untilNews(beat);

    expect(waits).toMatch(/^watching 1 nodes of 1 experiments; status unreadable: .*UnauthorizedOperation/);
    expect(news).toHaveLength(1);
  });

  it('is idle when nothing has lived for the given time, and not when it could not look', async () => {
    const idle = { every: { ...every, idle: 0.05 } };
    await aws.control('faults', [{ operation: 'DescribeInstances', effect: { throttle: true } }]);
    const startedAt = Date.now();
    let last: unknown;
    const blind = await eventually(async () => {
      const tried = await attempt(last, idle);
      last = tried.beat;
      return Date.now() - startedAt > 100 ? tried : undefined;
    });
    await aws.control('faults', []);
    const reply = await untilNews(last, idle);

    expect(blind.waits).toMatch(/discovery unreadable/);
    expect(reply).toMatchObject({ idle: true, news: [] });
  });

  it('hands the task back when it is meant for another account', async () => {
    const target = { account: '999999999999', endpoint: '' };
    await expect(attempt(undefined, { target })).rejects.toMatchObject({ type: 'ForeignWorker' });
  });
});

describe('ensureSentinel', () => {
  it('starts a sentinel per region under its id, and comes back to it for ever', async () => {
    const target = { account: '123456789012', endpoint: aws.url };
    const input = { target, regions: ['us-west-2', 'eu-west-1'], pollMs: 30_000, every: { spot: '1s' } };
    const run = new MockActivityEnvironment({}, { logger }).run(activities().ensureSentinel, input);

    await expect(run).rejects.toMatchObject({ type: 'NotReady', nextRetryDelay: 30_000 });
    const place = `123456789012@${new URL(aws.url).host}`;
    expect(started).toEqual(
      ['us-west-2', 'eu-west-1'].map((region) => [
        'sentinel',
        `sentinel/${place}/${region}`,
        { region, target, every: { spot: '1s' } },
      ]),
    );
  });
});

describe('admitSentinel', () => {
  const admit = (input: unknown) => new MockActivityEnvironment({}, { logger }).run(activities().admitSentinel, input);

  it('fills in the pace and whose account it is', async () => {
    await expect(admit({ region: 'us-west-2' })).resolves.toEqual({
      region: 'us-west-2',
      installation: 'test',
      target: await aws.cloud.identity(),
      every: { spot: 5, instances: 15, status: 60, discovery: 15, agents: 60, idle: 300 },
    });
  });

  it.each([
    [undefined, 'region: is missing'],
    [{ region: 'mars' }, 'region: is no region'],
    [{ region: 'us-west-2', every: { spot: 'often' } }, 'every.spot: is no duration'],
    [{ region: 'us-west-2', evry: {} }, 'evry: is no known field; did you mean "every"?'],
  ])('refuses %j with one line', async (input, line) => {
    await expect(admit(input)).rejects.toMatchObject({
      type: 'InvalidInput',
      nonRetryable: true,
      message: expect.stringContaining(line) as string,
    });
  });
});
