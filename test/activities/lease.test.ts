/** Do nodes learn of a longer lease, and does a node end itself when everybody else is gone? */
import { attempts, startBench, type Bench } from '../support/activity-bench';
import { eventually } from '../support/lab';
import { simulatedAt, type Simulated } from '../support/simulated';
import { DEAD_MAN_GRACE_SECONDS } from '../../src/contracts/lease';

const REGION = 'us-west-2';
let bench: Bench;
let aws: Simulated;

async function open(exec: boolean): Promise<void> {
  bench = await startBench({ exec });
  aws = simulatedAt(bench.target.endpoint);
}
afterEach(async () => {
  await aws.close();
  await bench.close();
});

/** An end of lease whose dead-man grace is over in so many seconds. */
const graceEndsIn = (seconds: number): string =>
  new Date(Date.now() + (seconds - DEAD_MAN_GRACE_SECONDS) * 1000).toISOString();

async function online(ids: string[]): Promise<void> {
  const commands = bench.cloud.commands(REGION);
  await eventually(async () => ((await commands.online(ids)).length === ids.length ? true : undefined));
}

async function statesOf(ids: string[]): Promise<string[]> {
  return (await bench.cloud.compute(REGION).instances(ids)).map((view) => view.state);
}

it('a node that runs real commands ends itself at lease plus grace, with nobody left to end it', async () => {
  await open(true);
  const [doomed = '', kept = ''] = await aws.buy('exp-1', 2);
  await online([doomed, kept]);
  const rearm = (id: string, expiresAt: string) =>
    attempts(bench, 'rearmNodes', {
      target: bench.target,
      region: REGION,
      experimentId: 'exp-1',
      expiresAt,
      ids: [id],
    });

  const both = [await rearm(doomed, graceEndsIn(2)), await rearm(kept, graceEndsIn(2))];
  const moved = await rearm(kept, graceEndsIn(3600));

  expect([...both, moved].map(({ value }) => value)).toEqual(Array(3).fill({ armed: 1, missed: [] }));
  await eventually(async () => ((await statesOf([doomed]))[0] === 'terminated' ? true : undefined));
  expect(await statesOf([kept])).toEqual(['running']);
});

describe('on scripted nodes', () => {
  it('timers of all nodes of the experiment are moved, 50 per command, and those out of reach are named', async () => {
    await open(false);
    const ids = await aws.buy('exp-1', 52);
    const [other = ''] = await aws.buy('exp-10', 1);
    await online([...ids, other]);
    const [away = ''] = ids;
    await bench.cloud.compute(REGION).terminate([away]);
    const before = (await bench.ledger()).calls.length;

    const expiresAt = graceEndsIn(3600);
    const { value } = await attempts(bench, 'rearmNodes', {
      target: bench.target,
      region: REGION,
      experimentId: 'exp-1',
      expiresAt,
      ids,
    });

    expect(value).toEqual({ armed: 51, missed: [away] });
    const calls = (await bench.ledger()).calls.slice(before);
    expect(calls.filter((call) => call.operation === 'SendCommand')).toHaveLength(2);
  });

  it('the end of lease is written on what lacks it and on nothing of another experiment', async () => {
    await open(false);
    await aws.buy('exp-1', 2);
    await aws.buy('exp-10', 1);
    const input = { target: bench.target, region: REGION, experimentId: 'exp-1', expiresAt: graceEndsIn(3600) };

    const moved = await bench.run('moveExpiry', input);
    const again = await bench.run('moveExpiry', input);

    const tagged = (await bench.ledger()).resources.filter((one) => one.tags['ExpiresAt'] === input.expiresAt);
    expect({ moved, again }).toEqual({ moved: tagged.length, again: 0 });
    expect(new Set(tagged.map((one) => one.tags['ExperimentID']))).toEqual(new Set(['exp-1']));
    const calls = (await bench.ledger()).calls.filter((call) => call.operation === 'CreateTags');
    expect(calls).toHaveLength(1);
  });
});
