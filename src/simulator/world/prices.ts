/** What does an hour cost? On demand by region; on the spot market by a path that depends on the seed and the time alone. */
import { hashed } from '../random';
import type { World } from './state';
import { priceFactor, priceTurns } from './weather';

/** US dollars an hour on demand, Linux. */
export function onDemandPrice(world: World, region: string, type: string): number {
  const { regionFactor } = world.scenario.prices;
  return rounded((world.scenario.instanceTypes[type]?.onDemandUsd ?? 0) * (regionFactor[region] ?? 1));
}

/**
 * The spot price of a pool at a moment. Invented: a level per pool with small steps around it, and what the weather
 * makes of that, which never passes the on-demand price.
 */
export function spotPrice(world: World, zone: string, region: string, type: string, at: number): number {
  const { spotShare, stepMs } = world.scenario.prices;
  const step = Math.floor(at / stepMs);
  // Three parts level, one part movement: pools keep their order most of the time, as real ones do.
  const share = 0.75 * hashed(world.seed, zone, type) + 0.25 * hashed(world.seed, zone, type, step);
  const factor = priceFactor(world, { region, zone, type, market: 'spot' }, at);
  const ceiling = onDemandPrice(world, region, type);
  return rounded(Math.min(ceiling, ceiling * (spotShare[0] + share * (spotShare[1] - spotShare[0])) * factor));
}

export interface PricePoint {
  at: number;
  usd: number;
}

/** The changes within [from, to], and the last one before: what DescribeSpotPriceHistory gives. Newest first. */
export function priceHistory(
  world: World,
  zone: string,
  region: string,
  type: string,
  from: number,
  to: number,
): PricePoint[] {
  const { stepMs } = world.scenario.prices;
  const points: PricePoint[] = [];
  for (let step = Math.floor(to / stepMs); step >= Math.floor(from / stepMs); step -= 1) {
    points.push({ at: step * stepMs, usd: spotPrice(world, zone, region, type, step * stepMs) });
  }
  for (const at of priceTurns(world, { region, zone, type, market: 'spot' }, from, to)) {
    points.push({ at, usd: spotPrice(world, zone, region, type, at) });
  }
  return points.sort((a, b) => b.at - a.at);
}

/** Six decimals, as AWS prints prices. */
function rounded(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}
