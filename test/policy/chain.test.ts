import type { PoolOffer } from '../../src/contracts/capacity';
import { planLaunch, regionPasses, tiersOf, type LaunchPlan } from '../../src/policy/chain';
import { emptyMemory, recordRefusals } from '../../src/policy/pool-memory';
import { component, keys, offer, offers, pool, question, refusal, REGION, survey, without } from './pools';

const A = 'us-west-2a';
const B = 'us-west-2b';

function asks(plan: LaunchPlan): { tier: string; pools: string[] } {
  if (plan.kind !== 'ask') throw new Error(`nothing to ask: ${plan.advice}`);
  return { tier: plan.tier, pools: keys(plan.offers, plan.market) };
}

function told(plan: LaunchPlan): { reason: string; advice: string } {
  if (plan.kind !== 'exhausted') throw new Error(`still asks ${plan.tier}`);
  return { reason: plan.reason, advice: plan.advice };
}

describe('tiers', () => {
  it.each([
    ['spot', false, ['spot']],
    ['spot', true, ['spot', 'spot-wide']],
    ['on-demand', true, ['on-demand', 'on-demand-wide']],
    ['spot-then-on-demand', false, ['spot', 'on-demand']],
    ['spot-then-on-demand', true, ['spot', 'spot-wide', 'on-demand', 'on-demand-wide']],
  ] as const)('of %s with wider types %s are %j', (policy, hasWider, names) => {
    const tiers = tiersOf(policy, hasWider);

    expect(tiers.map((tier) => tier.name)).toEqual(names);
    for (const tier of tiers) expect(tier.name).toBe(tier.wide ? `${tier.market}-wide` : tier.market);
  });
});

describe('passes', () => {
  it('try spot in every region before on-demand in any', () => {
    expect(regionPasses(['r1', 'r2'], 'spot-then-on-demand')).toEqual([
      { region: 'r1', markets: ['spot'] },
      { region: 'r2', markets: ['spot'] },
      { region: 'r1', markets: ['spot', 'on-demand'] },
      { region: 'r2', markets: ['spot', 'on-demand'] },
    ]);
  });

  it('are one for a single region, named once or twice', () => {
    const both = [{ region: 'r1', markets: ['spot', 'on-demand'] }];

    expect(regionPasses(['r1'], 'spot-then-on-demand')).toEqual(both);
    expect(regionPasses(['r1', 'r1'], 'spot-then-on-demand')).toEqual(both);
  });

  it.each(['spot', 'on-demand'] as const)('of %s alone visit each region once', (policy) => {
    expect(regionPasses(['r1', 'r2'], policy)).toEqual([
      { region: 'r1', markets: [policy] },
      { region: 'r2', markets: [policy] },
    ]);
  });
});

describe('one request', () => {
  it('asks all pools of the tier, the cheapest first and equal prices by zone', () => {
    const all = [
      offer({ zone: B, spotUsd: 0.03 }),
      offer({ zone: A, spotUsd: 0.03 }),
      offer({ zone: 'us-west-2c', spotUsd: 0.01 }),
    ];

    expect(asks(planLaunch(question({ survey: survey(all) })))).toEqual({
      tier: 'spot',
      pools: ['us-west-2c/m6i.large/spot', 'us-west-2a/m6i.large/spot', 'us-west-2b/m6i.large/spot'],
    });
  });

  it('puts pools without a price last and keeps them', () => {
    const unpriced = without(offer({ zone: A }), 'spotUsd');
    const plan = planLaunch(question({ survey: survey([unpriced, offer({ zone: B, spotUsd: 0.09 })]) }));

    expect(asks(plan).pools).toEqual(['us-west-2b/m6i.large/spot', 'us-west-2a/m6i.large/spot']);
  });

  it('orders on-demand by the on-demand price', () => {
    const all = [
      offer({ instanceType: 'm6i.large', onDemandUsd: 0.2, spotUsd: 0.01 }),
      offer({ instanceType: 'm5.large', onDemandUsd: 0.1, spotUsd: 0.02 }),
    ];
    const spec = component({ instanceTypes: ['m6i.large', 'm5.large'] });
    const plan = planLaunch(question({ spec, survey: survey(all), policy: 'on-demand' }));

    expect(asks(plan).pools).toEqual(['us-west-2a/m5.large/on-demand', 'us-west-2a/m6i.large/on-demand']);
  });

  it('names one subnet per zone, the first of the survey that is not full', () => {
    const all = [
      offer({ zone: A, subnetId: 'subnet-1' }),
      offer({ zone: A, subnetId: 'subnet-2' }),
      offer({ zone: B, subnetId: 'subnet-3' }),
    ];
    const full = recordRefusals(
      emptyMemory(),
      [refusal('InsufficientFreeAddressesInSubnet', { subnetId: 'subnet-1' })],
      () => 'Standard',
      0,
    );
    const subnets = (plan: LaunchPlan): string[] =>
      plan.kind === 'ask' ? plan.offers.map((entry: PoolOffer) => entry.subnetId) : [];

    expect(subnets(planLaunch(question({ survey: survey(all) })))).toEqual(['subnet-1', 'subnet-3']);
    expect(subnets(planLaunch(question({ survey: survey(all), memory: full })))).toEqual(['subnet-2', 'subnet-3']);
  });

  it('names at most 60 types and leaves the dearest for the next request of the tier', () => {
    const types = Array.from({ length: 70 }, (_, index) => `m${String(index)}.large`);
    const all = types.flatMap((instanceType, index) => offers([instanceType], [A, B], { spotUsd: 0.01 + index / 1e4 }));
    const spec = component({ instanceTypes: types.slice(0, 60), widerTypes: types.slice(60) });
    const wide = question({ spec, survey: survey(all), asked: keys(all.slice(0, 2), 'spot') });
    const first = planLaunch(wide);
    const second = planLaunch({ ...wide, asked: [...wide.asked, ...asks(first).pools] });

    expect(asks(first).pools).toHaveLength(59 * 2);
    expect(asks(second)).toMatchObject({ tier: 'spot-wide' });
    expect(asks(second).pools).toHaveLength(10 * 2);
  });

  it('cuts a tier of more than 60 types', () => {
    const types = Array.from({ length: 70 }, (_, index) => `m${String(index)}.large`);
    const spec = { ...component(), instanceTypes: types };
    const plan = planLaunch(question({ spec, survey: survey(offers(types, [A, B])) }));

    expect(asks(plan).pools).toHaveLength(60 * 2);
  });

  it('asks only types that have an image for their architecture', () => {
    const all = [offer({ instanceType: 'm7g.large', architecture: 'arm64' }), offer()];
    const spec = component({ instanceTypes: ['m7g.large', 'm6i.large'] });
    const images = { broker: { x86_64: 'ami-x86' } };

    expect(asks(planLaunch(question({ spec, survey: survey(all, { images }) }))).pools).toEqual([
      'us-west-2a/m6i.large/spot',
    ]);
  });

  it('keeps to the zones that the component names, but only in the region they are in', () => {
    const here = survey(offers(['m6i.large'], [A, B]));
    const zoned = (zones: string[]) => planLaunch(question({ spec: component({ zones }), survey: here }));

    expect(asks(zoned([B, 'us-east-1a'])).pools).toEqual(['us-west-2b/m6i.large/spot']);
    expect(asks(zoned(['us-east-1a'])).pools).toHaveLength(2);
    expect(told(zoned(['us-west-2d'])).reason).toBe('Capacity');
  });

  it('spreads a quorum and takes the best pools for everything else', () => {
    expect(planLaunch(question({ spec: component({ quorum: true, count: 3 }) }))).toMatchObject({
      allocation: 'diversified',
    });
    expect(planLaunch(question())).toMatchObject({ allocation: 'price-capacity-optimized' });
  });

  it('sends further members of a quorum to pools that hold fewer, and to full ones only when nothing else is left', () => {
    const quorum = question({
      spec: component({ quorum: true, count: 3 }),
      members: [{ zone: A, instanceType: 'm6i.large', market: 'spot' }],
    });
    const first = planLaunch(quorum);
    const second = planLaunch({ ...quorum, asked: asks(first).pools });

    expect(asks(first)).toEqual({ tier: 'spot', pools: ['us-west-2b/m6i.large/spot'] });
    expect(asks(second)).toEqual({ tier: 'spot', pools: ['us-west-2a/m6i.large/spot'] });
  });
});

describe('the chain', () => {
  const spec = component({ instanceTypes: ['m6i.large'], widerTypes: ['m5.large'] });
  const wide = question({ spec, survey: survey(offers(['m6i.large', 'm5.large'], [A, B])) });

  it('walks spot, wider spot, on-demand and wider on-demand, each pool once', () => {
    const asked: string[] = [];
    const tiers: string[] = [];
    for (let plan = planLaunch(wide); plan.kind === 'ask'; plan = planLaunch({ ...wide, asked: [...asked] })) {
      tiers.push(`${plan.tier} ${String(plan.offers.length)}`);
      asked.push(...asks(plan).pools);
    }

    expect(tiers).toEqual(['spot 2', 'spot-wide 2', 'on-demand 2', 'on-demand-wide 2']);
    expect(new Set(asked).size).toBe(8);
  });

  it('skips what the memory blocks', () => {
    const memory = recordRefusals(
      emptyMemory(),
      [refusal('InsufficientInstanceCapacity', { pool: pool({ zone: A }) })],
      () => 'Standard',
      0,
    );

    expect(asks(planLaunch({ ...wide, memory })).pools).toEqual(['us-west-2b/m6i.large/spot']);
    expect(asks(planLaunch({ ...wide, memory, nowMs: 3 * 60_000 })).pools).toHaveLength(2);
  });

  it('asks a tier that refused lately for one, and says so; what is blocked needs no words', () => {
    const refusals = [A, B].map((zone) => refusal('InsufficientInstanceCapacity', { pool: pool({ zone }) }));
    const dry = { memory: recordRefusals(emptyMemory(), refusals, () => 'Standard', 0), missing: 3 };

    const blocked = planLaunch(question(dry));
    const later = planLaunch(question({ ...dry, nowMs: 4 * 60_000 }));

    expect(blocked).toMatchObject({ kind: 'ask', tier: 'on-demand', count: 3, probes: false, notes: [] });
    expect(later).toMatchObject({
      kind: 'ask',
      tier: 'spot',
      count: 1,
      probes: true,
      notes: [
        '1 of 3 first, to see whether there is capacity again: us-west-2a/m6i.large/spot, us-west-2b/m6i.large/spot',
      ],
    });
  });

  it('goes from a spot quota straight to on-demand, past the wider types of the family', () => {
    const memory = recordRefusals(emptyMemory(), [refusal('MaxSpotInstanceCountExceeded')], () => 'Standard', 0);

    expect(asks(planLaunch({ ...wide, memory })).tier).toBe('on-demand');
  });

  it('does not return to spot in a pass when a block runs out', () => {
    const memory = recordRefusals(
      emptyMemory(),
      [refusal('InsufficientInstanceCapacity', { pool: pool({ zone: B }) })],
      () => 'Standard',
      0,
    );
    const asked = ['us-west-2a/m6i.large/spot', 'us-west-2a/m5.large/spot', 'us-west-2b/m5.large/spot'];
    const onDemand = [...asked, 'us-west-2a/m6i.large/on-demand'];
    const later = { ...wide, memory, nowMs: 60 * 60_000 };

    expect(asks(planLaunch({ ...later, asked }))).toEqual({ tier: 'spot-wide', pools: ['us-west-2b/m6i.large/spot'] });
    expect(asks(planLaunch({ ...later, asked: onDemand }))).toEqual({
      tier: 'on-demand',
      pools: ['us-west-2b/m6i.large/on-demand'],
    });
  });

  it('ends when the markets of the pass are used up', () => {
    const asked = keys(wide.survey.offers, 'spot');

    expect(told(planLaunch({ ...wide, markets: ['spot'], asked })).reason).toBe('Capacity');
    expect(asks(planLaunch({ ...wide, asked })).tier).toBe('on-demand');
  });

  it('gives a component without a choice its own market in every pass', () => {
    expect(asks(planLaunch({ ...wide, policy: 'on-demand', markets: ['spot'] })).tier).toBe('on-demand');
    expect(asks(planLaunch({ ...wide, policy: 'spot', markets: ['on-demand'] })).tier).toBe('spot');
  });
});

describe('spot that costs more than on-demand', () => {
  const dear = [offer({ zone: A, spotUsd: 0.12 }), offer({ zone: B, spotUsd: 0.04 })];

  it('is left out, and that is said', () => {
    const plan = planLaunch(question({ survey: survey(dear) }));

    expect(asks(plan).pools).toEqual(['us-west-2b/m6i.large/spot']);
    expect(plan.notes).toEqual(['left out, dearer than on-demand (0.1000 USD/h): us-west-2a/m6i.large/spot']);
  });

  it('is compared with the cheapest type that would do', () => {
    const all = [
      offer({ instanceType: 'm6i.4xlarge', spotUsd: 0.3, onDemandUsd: 0.8 }),
      offer({ instanceType: 'm6i.large', spotUsd: 0.04, onDemandUsd: 0.1 }),
    ];
    const spec = component({ instanceTypes: ['m6i.4xlarge', 'm6i.large'] });

    expect(asks(planLaunch(question({ spec, survey: survey(all) }))).pools).toEqual(['us-west-2a/m6i.large/spot']);
  });

  it('leads to on-demand with the note when all of it is dear', () => {
    const plan = planLaunch(question({ survey: survey(offers(['m6i.large'], [A], { spotUsd: 0.12 })) }));

    expect(asks(plan).tier).toBe('on-demand');
    expect(plan.notes).toHaveLength(1);
  });

  it('is asked all the same when on-demand may not or cannot be bought', () => {
    const memory = recordRefusals(
      emptyMemory(),
      [refusal('VcpuLimitExceeded', { pool: pool({ market: 'on-demand' }) })],
      () => 'Standard',
      0,
    );

    expect(asks(planLaunch(question({ survey: survey(dear), policy: 'spot' }))).pools).toHaveLength(2);
    expect(asks(planLaunch(question({ survey: survey(dear), memory }))).pools).toHaveLength(2);
  });
});

describe('a chain without a pool left', () => {
  const all = keys(question().survey.offers, 'spot').concat(keys(question().survey.offers, 'on-demand'));

  it('says what every pool answered, when one opens again and what would widen it', () => {
    const refusals = question().survey.offers.map(({ zone }) =>
      refusal('InsufficientInstanceCapacity', { pool: pool({ zone }) }),
    );
    const memory = recordRefusals(emptyMemory(), refusals, () => 'Standard', 0);

    expect(told(planLaunch(question({ memory, asked: all, missing: 2 })))).toEqual({
      reason: 'Capacity',
      advice:
        'Capacity: broker misses 2 in us-west-2; all 4 pools were asked or are blocked (InsufficientInstanceCapacity ' +
        'x 2; the first opens at 1970-01-01T00:03:00.000Z). Add instanceTypes, widerTypes, zones or regions.',
    });
  });

  it('ends with Quota when a quota closes the last resort', () => {
    const onDemand = refusal('VcpuLimitExceeded', { pool: pool({ market: 'on-demand' }) });
    const memory = recordRefusals(emptyMemory(), [onDemand], () => 'Standard', 0);
    const plan = told(planLaunch(question({ memory, asked: all, missing: 3 })));

    expect(plan.reason).toBe('Quota');
    expect(plan.advice).toContain('Quota: 3 x m6i.large need 6 vCPU of L-1216C47A (Standard, on-demand, us-west-2)');
  });

  it('names a spot quota beside the missing capacity when on-demand was merely dry', () => {
    const memory = recordRefusals(emptyMemory(), [refusal('VcpuLimitExceeded')], () => 'Standard', 0);
    const plan = told(planLaunch(question({ memory, asked: all })));

    expect(plan.reason).toBe('Capacity');
    expect(plan.advice).toContain('L-34B43A08 (Standard, spot, us-west-2)');
  });

  it('counts a quota in its smallest type, once per family', () => {
    const memory = recordRefusals(emptyMemory(), [refusal('VcpuLimitExceeded')], () => 'Standard', 0);
    const all = [
      offer({ instanceType: 'm6i.2xlarge', vcpus: 8 }),
      offer({ instanceType: 'm6i.large', vcpus: 2 }),
      offer({ instanceType: 'm6i.xlarge', vcpus: 4 }),
    ];
    const spec = component({ instanceTypes: all.map((each) => each.instanceType) });
    const plan = told(planLaunch(question({ spec, survey: survey(all), policy: 'spot', memory, missing: 3 })));

    expect(plan.advice.match(/need \d+ vCPU/g)).toEqual(['need 6 vCPU']);
  });

  it('names a limit of the region by its code', () => {
    const memory = recordRefusals(emptyMemory(), [refusal('MaxFleetCountExceeded')], () => 'Standard', 0);
    const plan = told(planLaunch(question({ memory })));

    expect(plan.reason).toBe('Quota');
    expect(plan.advice).toContain(`${REGION} answers MaxFleetCountExceeded`);
  });

  it('suggests on-demand when only spot is allowed', () => {
    expect(told(planLaunch(question({ policy: 'spot', asked: all }))).advice).toContain(
      'or allow market spot-then-on-demand',
    );
  });

  it('says so when no type is offered or has an image', () => {
    const plan = told(planLaunch(question({ survey: survey([offer()], { images: {} }) })));

    expect(plan.reason).toBe('Capacity');
    expect(plan.advice).toContain('none of its types is offered in a usable zone with an image');
  });
});
