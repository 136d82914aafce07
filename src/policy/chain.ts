/** Which pools are asked next? The plan of one launch request. */
import type { Market, PoolOffer } from '../contracts/capacity';
import { keyOf, offersOf, requestOf, type LaunchQuestion } from './candidates';
import { whyExhausted, type Exhausted } from './exhausted';
import { tiersOf, type Tier, type TierName } from './tiers';

export { quotaAdvice } from './advice';
export { afterReply } from './reply';
export { spreadProblems } from './spread';
export { regionPasses, tiersOf, type RegionPass, type TierName } from './tiers';
export type { LaunchQuestion } from './candidates';
export type { LaunchReply, NextMove } from './reply';

/** What to do next for a component in a region. `notes` say what was left out and why, one line each. */
export type LaunchPlan =
  | {
      kind: 'ask';
      tier: TierName;
      market: Market;
      /** Best first, at most one subnet per zone, all neither asked in this pass nor blocked. */
      offers: PoolOffer[];
      /** How many to ask for: all that are missing, or fewer when the pools gave nothing lately. */
      count: number;
      /** Whether a pool is among them that refused lately: it is asked by one request at a time. */
      probes: boolean;
      /** Why the pools are in this order, one line each. */
      why: string[];
      allocation: 'price-capacity-optimized' | 'diversified';
      notes: string[];
    }
  | ({ kind: 'exhausted'; notes: string[] } & Exhausted);

/**
 * The next request of a pass: all pools of the first tier that has any which are neither asked nor blocked.
 *
 *     spot of m6i in a and b -> both refuse -> spot-wide: m5 in a and b -> 2 of 3 came -> on-demand: m6i for 1
 *     spot blocked by the memory of an earlier launch -> on-demand at once
 *     spot refused by quota -> the family's spot pools are out, wider types too -> on-demand
 *     spot was refused an hour ago, 3 wanted -> 1 of spot -> came -> 2 of spot
 *
 * Within a pass tiers only go forward once one came short, and no pool that refused is asked twice, so a pass ends after at most as many
 * requests as it has pools and nodes; requests whose reply judged no pool (see `afterReply`) do not count.
 */
export function planLaunch(question: LaunchQuestion): LaunchPlan {
  const tiers = tiersInPass(question);
  const notes: string[] = [];
  for (const tier of tiers.slice(tierReached(tiers, question))) {
    const request = requestOf(tier, question);
    notes.push(...request.notes);
    if (request.offers.length === 0) continue;
    const allocation = question.spec.quorum ? 'diversified' : 'price-capacity-optimized';
    return { kind: 'ask', tier: tier.name, market: tier.market, allocation, ...request, notes };
  }
  return { kind: 'exhausted', ...whyExhausted(tiers, question), notes };
}

function tiersInPass({ policy, spec, markets }: LaunchQuestion): Tier[] {
  const all = tiersOf(policy, spec.widerTypes.length > 0);
  const here = all.filter((tier) => markets.includes(tier.market));
  return here.length > 0 ? here : all;
}

/** The last tier that was asked in this pass: a block that runs out meanwhile must not lead back before it. */
function tierReached(tiers: readonly Tier[], question: LaunchQuestion): number {
  const asked = new Set(question.asked);
  const earlier = new Set<string>();
  return tiers.reduce((reached, tier, index) => {
    const keys = offersOf(tier, question).map((offer) => keyOf(offer, tier.market, question));
    const own = keys.filter((key) => !earlier.has(key));
    for (const key of own) earlier.add(key);
    return own.some((key) => asked.has(key)) ? index : reached;
  }, 0);
}
