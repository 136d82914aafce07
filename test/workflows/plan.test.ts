/** Does a plan say what a run then does, and make nothing? Client, worker and simulator together. */
import { OPERATIONS } from '../../src/aws/operations';
import { connect, type ExperimentPlan, type Holdfast } from '../../src/client';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { startLab, uniqueId, type Lab } from '../support/lab';
import { failureOf, launchCalls, resultOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';
import { sharedTemporal } from '../support/temporal';

type Simulator = NonNullable<Parameters<typeof startLab>[0]>['simulator'];
const READS = new Set(OPERATIONS.filter(({ effect }) => effect === 'read').map(({ name }) => name));

let lab: Lab;
let holdfast: Holdfast;

async function open(simulator: Simulator = {}): Promise<void> {
  lab = await startLab({ simulator });
  const { address, namespace } = sharedTemporal();
  holdfast = await connect({ connection: { address }, namespace, taskQueue: lab.taskQueue });
}
afterEach(async () => {
  await holdfast.close();
  await lab.close();
});

async function plan(change: Partial<ExperimentInput> = {}): Promise<ExperimentPlan> {
  return holdfast.plan({ ...smallSpec(), ...change });
}

/** What a spec, run to its end, asked first for each component. */
async function firstAsked(spec: ExperimentInput): Promise<Record<string, string[]>> {
  const { attempts } = await resultOf(await lab.start('experiment', spec, uniqueId('planned')));
  const first = attempts.map(({ component, pools }): [string, string[]] => [component, pools]).reverse();
  return Object.fromEntries(first);
}

function pools({ components }: ExperimentPlan): Record<string, string[]> {
  return Object.fromEntries(components.map(({ component, pools }) => [component, pools]));
}

describe('a plan', () => {
  it('calls nothing that changes anything, and names what a run then asks first', async () => {
    await open();

    const drawn = await plan();
    const { calls, resources } = await lab.ledger();
    const first = await firstAsked(smallSpec());

    expect(calls.length).toBeGreaterThan(5);
    expect([...new Set(calls.map(({ operation }) => operation))].filter((name) => !READS.has(name))).toEqual([]);
    expect(resources.filter(({ tags }) => tags['ManagedBy'] !== undefined)).toEqual([]);
    expect(pools(drawn)).toEqual(first);
  });

  it('counts money and vCPUs of all nodes, standbys among them', async () => {
    await open();
    const zk = { count: 2, standby: 1, instanceTypes: ['t3.micro'], market: 'on-demand' as const };

    const drawn = await plan({ lease: '2h', components: { zk }, steps: [] });

    const [component] = drawn.components;
    const each = component?.usdPerHour ?? NaN;
    expect(component).toMatchObject({ count: 2, standby: 1, market: 'on-demand', instanceType: 't3.micro' });
    expect(drawn.usdPerHour).toBeCloseTo(3 * each, 6);
    expect(drawn.atLeaseEndUsd).toBeCloseTo(6 * each, 6);
    expect(drawn.quotas).toMatchObject([
      { quotaFamily: 'Standard', market: 'on-demand', code: 'L-1216C47A', vcpus: 6 },
    ]);
  });

  it('has the same digest for as long as the same would be asked, and another for another spec', async () => {
    await open();

    const [one, same, other] = [await plan(), await plan(), await plan({ lease: '11m' })];

    expect(same.digest).toBe(one.digest);
    expect(other.digest).not.toBe(one.digest);
  });

  it('leaves alone what refused lately, as the next run does, and says until when', async () => {
    const spot = { region: '*', zone: '*', type: 't3.micro', market: 'spot', capacity: 0 };
    await open({ scenario: { extends: 'quick', capacity: [spot] } as never });
    await firstAsked(smallSpec());

    const drawn = await plan();

    expect(drawn.components.find(({ component }) => component === 'zk')).toMatchObject({
      market: 'on-demand',
      tier: 'on-demand',
    });
    expect(drawn.blocked.map(({ what }) => what)).toContain('pool:us-west-2a/t3.micro/spot');
    expect(drawn.blocked.every(({ until }) => Date.parse(until) > Date.now())).toBe(true);
    expect(await firstAsked(smallSpec())).toEqual(pools(drawn));
  });

  it('moves on from a region that gave nothing lately, and says why', async () => {
    const dry = { region: 'us-west-2', zone: '*', type: 't3.micro', market: '*', capacity: 0 };
    await open({ scenario: { extends: 'quick', capacity: [dry] } as never });
    const spec = { ...smallSpec(), regions: ['us-west-2', 'us-east-1'] };
    const { nodes } = await resultOf(await lab.start('experiment', spec));

    const { components, notes } = await holdfast.plan(spec);

    expect(components.map(({ region }) => region)).toEqual(['us-east-1', 'us-east-1']);
    expect(new Set(nodes.map(({ region }) => region))).toEqual(new Set(['us-east-1']));
    expect(notes).toContainEqual(expect.stringMatching(/^Capacity: zk misses 3 in us-west-2; all 4 pools/));
  });

  it('asks in the zones of a network that is still to be made', async () => {
    await open();
    const spec = { ...smallSpec(), network: { create: true as const } };

    const drawn = await holdfast.plan(spec);
    const { resources } = await lab.ledger();

    expect(drawn.notes).toEqual([expect.stringMatching(/^us-west-2: a network of its own would be made, 10\./)]);
    expect(resources.filter(({ type, tags }) => type === 'vpc' && tags['ManagedBy'] !== undefined)).toEqual([]);
    expect(await firstAsked(spec)).toEqual(pools(drawn));
  });
});

describe('a start that keeps to a plan', () => {
  it('goes on while the plan holds, and is refused when something else would be launched', async () => {
    await open();
    const spec = smallSpec({ steps: [] });
    const { digest } = await holdfast.plan(spec);
    const other = { ...spec, market: 'on-demand' as const };

    await expect(holdfast.start(other, { plan: digest })).rejects.toMatchObject({
      kind: 'plan-changed',
      lines: [expect.stringMatching(/^plan: is [0-9a-f]{12} now: /)],
    });
    await expect(holdfast.start(spec, { plan: 'latest' })).rejects.toMatchObject({ kind: 'plan-changed' });
    expect(launchCalls(await lab.ledger())).toEqual([]);
    const experiment = await holdfast.start(spec, { plan: digest.slice(0, 12).toUpperCase() });
    await experiment.stop();
    expect(await experiment.result()).toMatchObject({ experimentId: experiment.id });
  });
});

describe('a plan that nothing would come of', () => {
  it('is refused by a quota that refused the last run, with what to ask for', async () => {
    const quotas = [{ region: '*', group: 'Standard', market: '*', vcpus: 2 }];
    await open({ scenario: { extends: 'quick', quotas } as never });
    const handle = await lab.start('experiment', smallSpec());
    expect(await failureOf(handle)).toMatchObject({ type: 'Quota' });

    const { refused, components } = await plan();

    expect(refused).toMatchObject({ reason: 'Quota', lines: [expect.stringMatching(/^Quota: .*aws service-quotas/)] });
    expect(components).toEqual([]);
  });

  it('is refused for a type that the region does not offer, in the words of a run', async () => {
    await open();
    const components = { big: { instanceTypes: ['u-24tb1.metal'] } };

    const { refused } = await plan({ components, steps: [] });
    const failed = await failureOf(await lab.start('experiment', { ...smallSpec(), components, steps: [] }));

    expect(refused?.reason).toBe('Spec');
    expect(refused?.lines).toEqual(failed.message.split('\n'));
  });

  it('is not waited for where no worker would make it', async () => {
    await open();
    const { address, namespace } = sharedTemporal();
    const lonely = await connect({ connection: { address }, namespace, taskQueue: 'nobody-polls-here' });

    const asked = lonely.plan(smallSpec()).finally(() => lonely.close());

    await expect(asked).rejects.toMatchObject({ kind: 'no-worker' });
  });

  it('rejects with the mistakes of a spec, those too that only the worker knows', async () => {
    await open();

    await expect(plan({ market: 'cheap' as never })).rejects.toMatchObject({
      kind: 'refused',
      lines: [expect.stringMatching(/^market: /)],
    });
    await expect(plan({ lease: '8d' })).rejects.toMatchObject({
      kind: 'refused',
      lines: [expect.stringMatching(/^lease: 8d is longer than 7d/)],
    });
    expect((await lab.ledger()).calls).toEqual([]);
  });
});
