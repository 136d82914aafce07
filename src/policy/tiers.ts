/** In which order are markets, types and regions tried? */
import type { Market } from '../contracts/capacity';

export type MarketPolicy = 'spot' | 'on-demand' | 'spot-then-on-demand';
export type TierName = 'spot' | 'spot-wide' | 'on-demand' | 'on-demand-wide';

/** One step of the chain; a wide tier holds the wanted types as well as the wider ones. */
export interface Tier {
  name: TierName;
  market: Market;
  wide: boolean;
}

/** One visit to a region. */
export interface RegionPass {
  region: string;
  markets: Market[];
}

/** The tiers of a market policy in the order in which they are tried. */
export function tiersOf(policy: MarketPolicy, hasWider: boolean): Tier[] {
  const markets: Market[] = policy === 'spot-then-on-demand' ? ['spot', 'on-demand'] : [policy];
  return markets.flatMap((market): Tier[] => {
    const wanted: Tier = { name: market, market, wide: false };
    return hasWider ? [wanted, { name: `${market}-wide`, market, wide: true }] : [wanted];
  });
}

/**
 * The visits to regions in order. With a choice of market, spot is tried in every region before on-demand in any; the
 * second visit asks the spot pools that are free again first, so that a move of region does not buy all on-demand.
 *
 *     r1, r2, spot-then-on-demand: r1 spot, r2 spot, r1 spot and on-demand, r2 spot and on-demand
 *     r1, spot-then-on-demand:     r1 spot and on-demand
 */
export function regionPasses(regions: readonly string[], policy: MarketPolicy): RegionPass[] {
  const visits = [...new Set(regions)];
  if (policy !== 'spot-then-on-demand') return visits.map((region) => ({ region, markets: [policy] }));
  const both = visits.map((region): RegionPass => ({ region, markets: ['spot', 'on-demand'] }));
  if (visits.length === 1) return both;
  return [...visits.map((region): RegionPass => ({ region, markets: ['spot'] })), ...both];
}
