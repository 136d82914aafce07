/** How much room is left in a pool and in a quota? Rules of the control API first, then the scenario's, first match wins. */
import type { CapacityRule } from '../scenario';
import { matches } from '../wildcard';
import { quotaGroup } from './catalog';
import type { Market, SimInstance, World } from './state';

export interface Pool {
  region: string;
  zone: string;
  type: string;
  market: Market;
}

export function poolKey({ region, zone, type, market }: Pool): string {
  return `${region}/${zone}/${type}/${market}`;
}

/** How many more instances the pool can hold now. */
export function roomIn(world: World, pool: Pool): number {
  const rule = [...world.overrides.capacity, ...world.scenario.capacity].find((candidate) => covers(candidate, pool));
  const capacity = rule?.capacity ?? world.scenario.defaultCapacity;
  return Math.max(0, capacity - (world.occupancy.pools.get(poolKey(pool)) ?? 0));
}

/** Whether the zone has this type at all; otherwise AWS says `Unsupported`. */
export function isOffered(world: World, pool: Pick<Pool, 'region' | 'zone' | 'type'>): boolean {
  if (!world.scenario.instanceTypes[pool.type]) return false;
  return !world.scenario.notOffered.some(
    ({ region, zone, type }) => matches(region, pool.region) && matches(zone, pool.zone) && matches(type, pool.type),
  );
}

/** vCPUs that this account may still start of the type's family group in this market. */
export function quotaLeft(world: World, account: string, pool: Pick<Pool, 'region' | 'type' | 'market'>): number {
  const group = quotaGroup(pool.type);
  const rule = [...world.overrides.quotas, ...world.scenario.quotas].find(
    (quota) => matches(quota.region, pool.region) && matches(quota.group, group) && matches(quota.market, pool.market),
  );
  return (rule?.vcpus ?? 0) - (world.occupancy.vcpus.get(quotaKey(account, pool)) ?? 0);
}

/** Counts an instance in, from its launch or start. */
export function occupy(world: World, instance: SimInstance): void {
  count(world, instance, 1);
}

/** Counts an instance out, when it is gone or stopped. */
export function vacate(world: World, instance: SimInstance): void {
  count(world, instance, -1);
}

/** Whether a rule with wildcards means this pool. */
export function covers(rule: Omit<CapacityRule, 'capacity'>, pool: Pool): boolean {
  return (
    matches(rule.region, pool.region) &&
    matches(rule.zone, pool.zone) &&
    matches(rule.type, pool.type) &&
    matches(rule.market, pool.market)
  );
}

export function poolOf(instance: SimInstance): Pool {
  return { region: instance.region, zone: instance.zone, type: instance.instanceType, market: instance.market };
}

function count(world: World, instance: SimInstance, sign: 1 | -1): void {
  const { pools, vcpus } = world.occupancy;
  const pool = poolOf(instance);
  const [key, quota] = [poolKey(pool), quotaKey(instance.account, pool)];
  pools.set(key, (pools.get(key) ?? 0) + sign);
  vcpus.set(quota, (vcpus.get(quota) ?? 0) + sign * instance.vcpus);
}

function quotaKey(account: string, { region, type, market }: Pick<Pool, 'region' | 'type' | 'market'>): string {
  return `${account}/${region}/${quotaGroup(type)}/${market}`;
}
