/** How much room is left in a pool and in a quota? Rules of the control API first, then weather, then the scenario's. */
import { matches } from '../wildcard';
import { quotaGroup } from './catalog';
import { covers, poolKey, poolOf, type Pool } from './pool';
import type { SimInstance, World } from './state';
import { weatherCapacity } from './weather';

/** How many more instances the pool can hold now. */
export function roomIn(world: World, pool: Pool): number {
  return Math.max(0, capacityOf(world, pool) - (world.occupancy.pools.get(poolKey(pool)) ?? 0));
}

/** How many live instances the pool can hold now. Of each list the first rule that matches wins. */
function capacityOf(world: World, pool: Pool): number {
  const { capacity, defaultCapacity } = world.scenario;
  return (
    world.overrides.capacity.find((rule) => covers(rule, pool))?.capacity ??
    weatherCapacity(world, pool, Date.now()) ??
    capacity.find((rule) => covers(rule, pool))?.capacity ??
    defaultCapacity
  );
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
