import fc from 'fast-check';
import type { Node } from '../../src/contracts/messages';
import { costSummary, priceOf } from '../../src/policy/cost';
import { offer, without } from './pools';

const HOUR = 3_600_000;

function node(instanceId: string, over: Partial<Node> = {}): Node {
  return {
    slot: `broker-${instanceId}`,
    component: 'broker',
    generation: 1,
    instanceId,
    instanceType: 'm6i.large',
    region: 'us-west-2',
    zone: 'us-west-2a',
    market: 'spot',
    usdPerHour: 0.04,
    onDemandUsdPerHour: 0.1,
    ...over,
  };
}

function unpriced(instanceId: string, onDemandUsdPerHour?: number): Node {
  const rest = without(node(instanceId), 'usdPerHour', 'onDemandUsdPerHour');
  return onDemandUsdPerHour === undefined ? rest : { ...rest, onDemandUsdPerHour };
}

describe('the price of a pool', () => {
  it('is that of its market', () => {
    expect(priceOf(offer(), 'spot')).toBe(0.04);
    expect(priceOf(offer(), 'on-demand')).toBe(0.1);
  });

  it('is unknown when AWS published none', () => {
    expect(priceOf(without(offer(), 'spotUsd'), 'spot')).toBeUndefined();
  });
});

describe('the cost summary', () => {
  it('adds what was spent to what the lease will still cost', () => {
    expect(costSummary([node('a'), node('b')], { a: 0, b: HOUR }, {}, 2 * HOUR, 12 * HOUR)).toEqual({
      usdPerHour: 0.08,
      onDemandUsdPerHour: 0.2,
      spentUsd: 0.12,
      atExpiryUsd: 0.92,
      at: '1970-01-01T02:00:00.000Z',
    });
  });

  it('keeps the cost of a node that has ended and leaves it out of the rates', () => {
    const cost = costSummary([node('a'), node('b')], { a: 0, b: 0 }, { a: HOUR }, 10 * HOUR, 10 * HOUR);

    expect(cost.spentUsd).toBe(0.44);
    expect(cost.usdPerHour).toBe(0.04);
    expect(cost.onDemandUsdPerHour).toBe(0.1);
  });

  it('counts a minute for a node that lived for seconds', () => {
    expect(costSummary([node('a', { usdPerHour: 60 })], { a: 0 }, { a: 5000 }, HOUR, HOUR).spentUsd).toBe(1);
  });

  it('counts nothing for a node that has no launch time yet, except in the rates', () => {
    expect(costSummary([node('a')], {}, {}, HOUR, HOUR)).toMatchObject({ spentUsd: 0, usdPerHour: 0.04 });
  });

  it('takes the on-demand price as the ceiling of spot without a price, and 0 when there is none at all', () => {
    expect(costSummary([unpriced('a', 0.1)], { a: 0 }, {}, HOUR, HOUR)).toMatchObject({
      spentUsd: 0.1,
      usdPerHour: 0.1,
      onDemandUsdPerHour: 0.1,
    });
    expect(costSummary([unpriced('a')], { a: 0 }, {}, HOUR, HOUR).spentUsd).toBe(0);
  });

  it('expects nothing more once the lease is over', () => {
    const cost = costSummary([node('a')], { a: 0 }, {}, 2 * HOUR, HOUR);

    expect(cost.atExpiryUsd).toBe(cost.spentUsd);
  });

  it('is zero for an experiment without nodes', () => {
    expect(costSummary([], {}, {}, 0, HOUR)).toMatchObject({ usdPerHour: 0, spentUsd: 0, atExpiryUsd: 0 });
  });

  it('never falls with time and reaches what was expected at expiry', () => {
    const time = fc.integer({ min: 60_000, max: 48 * HOUR });
    fc.assert(
      fc.property(fc.array(time, { minLength: 1, maxLength: 8 }), time, time, (launches, one, other) => {
        const nodes = launches.map((_, index) => node(String(index)));
        const launchedAt = Object.fromEntries(launches.map((at, index) => [String(index), at]));
        const [early, late] = [Math.min(one, other) + 49 * HOUR, Math.max(one, other) + 49 * HOUR];
        const before = costSummary(nodes, launchedAt, {}, early, late);
        const after = costSummary(nodes, launchedAt, {}, late, late);

        expect(after.spentUsd).toBeGreaterThanOrEqual(before.spentUsd);
        expect(after.spentUsd).toBeCloseTo(before.atExpiryUsd, 4);
      }),
    );
  });
});
