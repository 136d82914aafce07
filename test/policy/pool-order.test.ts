import type { PoolOffer } from '../../src/contracts/capacity';
import { emptyMemory, recordRefusals, recordSuccess } from '../../src/policy/pool-memory';
import { orderPools, type OrderQuestion } from '../../src/policy/pool-order';
import { offer, pool, refusal, REGION, without } from './pools';

const A = 'us-west-2a';
const B = 'us-west-2b';
const MINUTE = 60_000;

function order(offers: PoolOffer[], over: Partial<OrderQuestion> = {}, market: 'spot' | 'on-demand' = 'spot') {
  const { offers: ordered, why } = orderPools(offers, market, {
    survey: { region: REGION },
    memory: emptyMemory(),
    nowMs: MINUTE,
    ...over,
  });
  return { pools: ordered.map(({ zone, instanceType }) => `${zone}/${instanceType}`), why };
}

const dry = (zone: string, instanceType: string) =>
  recordRefusals(
    emptyMemory(),
    [refusal('UnfulfillableCapacity', { pool: pool({ zone, instanceType }) })],
    () => 'S',
    0,
  );

describe('pools without a past', () => {
  it('are ordered by price, then by name, those without a price last, and that needs no words', () => {
    const unpriced = without(offer({ zone: A, instanceType: 'a1.large' }), 'spotUsd');
    const all = [
      unpriced,
      offer({ zone: B, spotUsd: 0.05 }),
      offer({ zone: A, spotUsd: 0.05 }),
      offer({ spotUsd: 0.03, instanceType: 'm5.large' }),
    ];

    expect(order(all)).toEqual({
      pools: ['us-west-2a/m5.large', 'us-west-2a/m6i.large', 'us-west-2b/m6i.large', 'us-west-2a/a1.large'],
      why: [],
    });
  });

  it('are spread: of equal ones, first where fewer members are', () => {
    const members = [{ zone: A, instanceType: 'm6i.large', market: 'spot' as const }];

    expect(order([offer({ zone: A }), offer({ zone: B })], { members }).pools).toEqual([
      `${B}/m6i.large`,
      `${A}/m6i.large`,
    ]);
  });
});

describe('the price of a day', () => {
  it('counts where it is above the newest, and that is said', () => {
    const dip = offer({ zone: A, spotUsd: 0.04, spotDayUsd: 0.06 });
    const calm = offer({ zone: B, spotUsd: 0.05, spotDayUsd: 0.05 });

    expect(order([dip, calm])).toEqual({
      pools: [`${B}/m6i.large`, `${A}/m6i.large`],
      why: [`${A}/m6i.large cost 0.0600 USD/h over the last day, 0.0400 now`],
    });
  });

  it('says nothing about on-demand', () => {
    const dip = offer({ zone: A, spotDayUsd: 0.9, onDemandUsd: 0.1 });

    expect(order([offer({ zone: B, onDemandUsd: 0.2 }), dip], {}, 'on-demand').pools[0]).toBe(`${A}/m6i.large`);
  });
});

describe('an outage', () => {
  const m5 = offer({ zone: A, instanceType: 'm5.large', spotUsd: 0.04 });
  const m6i = offer({ zone: A, spotUsd: 0.05 });

  it('of a type in another zone puts its other zones behind types that are not much dearer', () => {
    expect(order([m5, m6i], { memory: dry(B, 'm5.large') })).toEqual({
      pools: ['us-west-2a/m6i.large', 'us-west-2a/m5.large'],
      why: ['m5.large is out in us-west-2b, so may be its other zones'],
    });
    expect(order([m5, { ...m6i, spotUsd: 0.09 }], { memory: dry(B, 'm5.large') }).pools[0]).toBe('us-west-2a/m5.large');
  });

  it('says nothing any more once its block has ended', () => {
    expect(order([m5, m6i], { memory: dry(B, 'm5.large'), nowMs: 3 * MINUTE }).pools[0]).toBe('us-west-2a/m5.large');
  });

  it('of the pool itself counts until it gave something again', () => {
    const memory = dry(A, 'm5.large');

    expect(order([m5, m6i], { memory, nowMs: 4 * MINUTE })).toEqual({
      pools: ['us-west-2a/m6i.large', 'us-west-2a/m5.large'],
      why: ['us-west-2a/m5.large refused lately (UnfulfillableCapacity)'],
    });
    const given = recordSuccess(memory, [pool({ instanceType: 'm5.large' })], 4 * MINUTE);
    expect(order([m5, m6i], { memory: given, nowMs: 5 * MINUTE }).pools[0]).toBe('us-west-2a/m5.large');
  });
});
