/** What is a pool, and which rules mean it? */
import type { PoolPattern } from '../scenario-weather';
import { matches } from '../wildcard';
import type { Market, SimInstance } from './state';

export interface Pool {
  region: string;
  zone: string;
  type: string;
  market: Market;
}

export function poolKey({ region, zone, type, market }: Pool): string {
  return `${region}/${zone}/${type}/${market}`;
}

export function poolOf(instance: SimInstance): Pool {
  return { region: instance.region, zone: instance.zone, type: instance.instanceType, market: instance.market };
}

/** Whether a rule with wildcards means this pool. */
export function covers(rule: PoolPattern, pool: Pool): boolean {
  return (
    matches(rule.region, pool.region) &&
    matches(rule.zone, pool.zone) &&
    matches(rule.type, pool.type) &&
    matches(rule.market, pool.market)
  );
}
