import type { PlannedComponent } from '../../src/contracts/plan';
import { planLaunch, type LaunchQuestion } from '../../src/policy/chain';
import { blockedNow, digested, plannedComponent, withTotals } from '../../src/policy/plan';
import { launchPlanDetails } from '../../src/policy/plan-details';
import { emptyMemory, recordRefusals } from '../../src/policy/pool-memory';
import { experimentSchema } from '../../src/schemas/experiment';
import { component, offer, offers, question, refusal, survey, without } from './pools';

function planned(of: LaunchQuestion): PlannedComponent {
  const order = planLaunch(of);
  if (order.kind !== 'ask') throw new Error(order.advice);
  const [first] = order.offers;
  if (first === undefined) throw new Error('nothing is offered');
  return plannedComponent(of, order, first);
}

const mixed = survey([
  offer({ instanceType: 'm6i.large', zone: 'us-west-2a', spotUsd: 0.05 }),
  offer({ instanceType: 'm6i.large', zone: 'us-west-2b', spotUsd: 0.04 }),
  offer({ instanceType: 'm5.large', zone: 'us-west-2b', spotUsd: 0.03 }),
  offer({ instanceType: 'c5.large', zone: 'us-west-2c', spotUsd: 0.01 }),
]);
const spec = component({ count: 3, standby: 1, instanceTypes: ['m6i.large', 'm5.large'], widerTypes: ['c5.large'] });
const one = (over: Partial<PlannedComponent> = {}): PlannedComponent => ({
  ...planned(question({ spec, survey: mixed, missing: 4 })),
  ...over,
});

describe('the plan of a component', () => {
  it('is its first request: the best pool in front, all zones of it, and the types that may come in its place', () => {
    expect(one()).toEqual({
      component: 'broker',
      count: 3,
      standby: 1,
      region: 'us-west-2',
      tier: 'spot',
      market: 'spot',
      instanceType: 'm5.large',
      alternatives: ['m6i.large', 'c5.large'],
      zones: ['us-west-2b', 'us-west-2a'],
      pools: ['us-west-2b/m5.large/spot', 'us-west-2b/m6i.large/spot', 'us-west-2a/m6i.large/spot'],
      imageId: 'ami-x86',
      quotaFamily: 'Standard',
      vcpus: 2,
      usdPerHour: 0.03,
      onDemandUsdPerHour: 0.1,
      why: [],
    });
  });

  it('is of the next tier when the memory blocks the first, and names no type that is not offered', () => {
    const dry = [refusal('InsufficientInstanceCapacity')];
    const memory = recordRefusals(emptyMemory(), dry, () => 'Standard', 0);
    const wanted = component({ instanceTypes: ['m6i.large', 'x1.large'] });

    const result = planned(
      question({ spec: wanted, survey: survey(offers(['m6i.large'], ['us-west-2a'])), memory, nowMs: 1000 }),
    );

    expect(result).toMatchObject({ tier: 'on-demand', market: 'on-demand', usdPerHour: 0.1, alternatives: [] });
  });

  it('has no price where AWS published none', () => {
    const unknown = survey([without(offer(), 'spotUsd', 'onDemandUsd')]);

    const result = planned(question({ survey: unknown, policy: 'spot', markets: ['spot'] }));

    expect(result).not.toHaveProperty('usdPerHour');
    expect(result).not.toHaveProperty('onDemandUsdPerHour');
  });
});

describe('what is blocked now', () => {
  const dry = [refusal('InsufficientInstanceCapacity'), refusal('VcpuLimitExceeded')];
  const memory = recordRefusals(emptyMemory(), dry, () => 'Standard', 0);

  it('is named once per block, with when it opens', () => {
    const of = question({ survey: survey(offers(['m6i.large'], ['us-west-2a', 'us-west-2b', 'us-west-2c'])), memory });

    expect(blockedNow({ ...of, nowMs: 1000 }).map(({ what, code, until }) => [what, code, until])).toEqual([
      ['family:us-west-2/Standard/spot', 'VcpuLimitExceeded', '1970-01-01T00:15:00.000Z'],
    ]);
  });

  it('holds neither what has opened again nor what the component would not ask', () => {
    const day = 24 * 3600_000;

    expect(blockedNow(question({ memory, nowMs: day }))).toEqual([]);
    expect(blockedNow(question({ memory, nowMs: 1000, policy: 'on-demand', markets: ['on-demand'] }))).toEqual([]);
  });
});

describe('the totals', () => {
  it('count every node, now and until the end of the lease, beside the same on-demand', () => {
    const other = one({ component: 'client', count: 1, standby: 0, usdPerHour: 0.5, onDemandUsdPerHour: 0.7 });

    expect(withTotals([one(), other], 7200)).toMatchObject({
      usdPerHour: 0.62,
      onDemandUsdPerHour: 1.1,
      atLeaseEndUsd: 1.24,
      unpriced: [],
    });
  });

  it('count spot without a price as on-demand, and name what has no price at all', () => {
    const ceiling = without(one(), 'usdPerHour');
    const nothing = { ...without(one(), 'usdPerHour', 'onDemandUsdPerHour'), component: 'odd' };

    expect(withTotals([ceiling, nothing], 3600)).toMatchObject({ usdPerHour: 0.4, unpriced: ['odd'] });
  });

  it('add up what is wanted of each quota, and say which one that is', () => {
    const gpu = one({ component: 'gpu', count: 1, standby: 0, quotaFamily: 'G', vcpus: 8, market: 'on-demand' });
    const odd = one({ component: 'odd', count: 1, standby: 0, quotaFamily: 'Odd', vcpus: 1 });

    const { quotas } = withTotals([one(), one({ component: 'client', count: 2, standby: 0 }), gpu, odd], 3600);

    expect(quotas.map(({ quotaFamily, market, code, vcpus }) => [quotaFamily, market, code, vcpus])).toEqual([
      ['Standard', 'spot', 'L-34B43A08', 12],
      ['G', 'on-demand', 'L-DB2E81BA', 8],
      ['Odd', 'spot', undefined, 1],
    ]);
    expect(quotas[0]?.command).toContain('--quota-code L-34B43A08 --region us-west-2');
  });
});

describe('what the Temporal UI shows of a plan', () => {
  const plan = {
    ...{ name: 'lab', owner: 'ada', account: '123456789012', endpoint: '', leaseSeconds: 7200, at: '', digest: '3f9a' },
    ...withTotals([one()], 7200),
    notes: ['us-west-2: a network of its own would be made'],
    blocked: [{ what: 'account', class: 'capacity' as const, code: 'Full', until: '2026-01-02T15:07:04.000Z' }],
  };

  it('is the money first, then a row per component, then what was decided', () => {
    expect(launchPlanDetails(plan).split('\n')).toEqual([
      '**lab** in account 123456789012: 0.1200 USD per hour now, 0.2400 USD at the end of the lease; plan 3f9a',
      '',
      expect.stringMatching(/^\| component /),
      expect.stringMatching(/^\|---/),
      '| broker | 4 | m5.large | m6i.large, c5.large | spot | us-west-2b, us-west-2a | 0.0300 USD |',
      '',
      '- us-west-2: a network of its own would be made',
      '- left alone until 2026-01-02T15:07:04.000Z: account, Full',
    ]);
  });

  it('is why nothing would come of it', () => {
    const refused = { reason: 'Capacity' as const, lines: ['Capacity: broker misses 4'] };

    expect(launchPlanDetails({ ...plan, components: [], refused })).toMatch(
      /^\*\*lab\*\* in account 123456789012: refused, Capacity\n\n- Capacity: broker misses 4\n/,
    );
  });
});

describe('what the digest is made of', () => {
  const target = { account: '123456789012', endpoint: '' };
  const resolved = experimentSchema.parse({ components: { broker: {} } });
  const text = (components: PlannedComponent[], more: object = {}): string =>
    JSON.stringify(digested({ spec: resolved, target, components, ...more }));

  it('stays the same when prices change, and with them remarks and the order of pools', () => {
    const { pools } = one();

    const dearer = one({ usdPerHour: 1, onDemandUsdPerHour: 2, why: ['dearer'], pools: pools.toReversed() });

    expect(text([dearer])).toBe(text([one()]));
  });

  it.each<[string, string]>([
    ['pools', text([one({ pools: ['us-west-2a/m6i.large/spot'] })])],
    ['the image', text([one({ imageId: 'ami-other' })])],
    ['the region', text([one({ region: 'us-east-1' })])],
    ['the account', text([one()], { target: { ...target, account: '210987654321' } })],
    ['the spec', text([one()], { spec: { ...resolved, lease: 60 } })],
  ])('is another with other %s', (_what, other) => {
    expect(other).not.toBe(text([one()]));
  });
});
