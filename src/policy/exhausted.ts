/** Why has a chain no pool left in a region, and what would help? */
import type { Market, PoolOffer } from '../contracts/capacity';
import { capacityAdvice, quotaAdvice } from './advice';
import { blockOfOffer, offersOf, type LaunchQuestion } from './candidates';
import type { PoolBlock } from './pool-memory';
import type { Tier } from './tiers';

/** How a chain ended in a region. */
export interface Exhausted {
  reason: 'Quota' | 'Capacity';
  /** One line for people, with the next step in it. */
  advice: string;
}

interface PoolState {
  offer: PoolOffer;
  market: Market;
  block: PoolBlock | undefined;
}

/** `Quota` when a quota closes every pool of the last resort, since more of it would have helped; else `Capacity`. */
export function whyExhausted(tiers: readonly Tier[], question: LaunchQuestion): Exhausted {
  const last = tiers.at(-1);
  // The wide tier of a market holds its narrow one.
  const pools = tiers.filter((tier) => tier.wide === last?.wide).flatMap((tier) => statesOf(tier, question));
  const resort = pools.filter((pool) => pool.market === last?.market);
  const quotas = quotaLines(pools, question);
  if (resort.length > 0 && resort.every((pool) => pool.block?.class === 'quota')) {
    return { reason: 'Quota', advice: quotas.join(' ') };
  }
  return { reason: 'Capacity', advice: [capacityLine(pools, question), ...quotas].join(' ') };
}

function statesOf(tier: Tier, question: LaunchQuestion): PoolState[] {
  const { market } = tier;
  return offersOf(tier, question).map((offer) => ({ offer, market, block: blockOfOffer(offer, market, question) }));
}

function capacityLine(pools: PoolState[], { component, survey, missing, policy }: LaunchQuestion): string {
  return capacityAdvice({
    component,
    region: survey.region,
    missing,
    pools: pools.length,
    blocks: pools.flatMap(({ block }) => block ?? []),
    spotOnly: policy === 'spot',
  });
}

/** One line per quota that stands in the way, for its smallest type. */
function quotaLines(pools: PoolState[], { survey, missing }: LaunchQuestion): string[] {
  const smallest = new Map<string, PoolState>();
  for (const pool of pools.filter(({ block }) => block?.class === 'quota')) {
    const key = `${pool.offer.quotaFamily}/${pool.market}`;
    const known = smallest.get(key);
    if (known === undefined || pool.offer.vcpus < known.offer.vcpus) smallest.set(key, pool);
  }
  return [...smallest.values()].map(({ offer, market, block }) => {
    const { quotaFamily, instanceType, vcpus } = offer;
    const need = { region: survey.region, market, quotaFamily, instanceType, vcpus, count: missing };
    return quotaAdvice({ ...need, code: block?.code });
  });
}
