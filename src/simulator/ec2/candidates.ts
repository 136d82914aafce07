/** Which pools does a launch try, and why might one refuse? Room, quota, price, offering, architecture and addresses. */
import { AwsError } from '../errors';
import { freeAddresses } from '../world/network';
import { poolKey, type Pool } from '../world/pool';
import { isOffered, quotaLeft, roomIn } from '../world/pools';
import { onDemandPrice, spotPrice } from '../world/prices';
import { quotaGroup } from '../world/catalog';
import type { HandlerContext, Market, SimSubnet } from '../world/state';
import type { LaunchBase } from './launch-spec';
import type { Input } from './input';

export interface Candidate {
  type: string;
  subnet: SimSubnet;
  base: LaunchBase;
  maxPrice?: number;
  priority: number;
  weight: number;
  /** What the caller wrote, for the answer. */
  override: Input;
  template?: { id: string; name: string; version: string };
}

/** What a plan has promised already, before anything is launched. */
export interface Tally {
  pools: Map<string, number>;
  vcpus: Map<string, number>;
  addresses: Map<string, number>;
}

export function emptyTally(): Tally {
  return { pools: new Map(), vcpus: new Map(), addresses: new Map() };
}

function poolFor(ctx: HandlerContext, candidate: Candidate, market: Market): Pool {
  return { region: ctx.region, zone: candidate.subnet.zone, type: candidate.type, market };
}

export function priceOf(ctx: HandlerContext, candidate: Candidate, market: Market): number {
  const { world, region } = ctx;
  return market === 'spot'
    ? spotPrice(world, candidate.subnet.zone, region, candidate.type, Date.now())
    : onDemandPrice(world, region, candidate.type);
}

export function roomFor(ctx: HandlerContext, candidate: Candidate, market: Market, tally: Tally): number {
  const pool = poolFor(ctx, candidate, market);
  return roomIn(ctx.world, pool) - (tally.pools.get(poolKey(pool)) ?? 0);
}

/** Why this pool gives no instance now, or undefined when it does. */
export function refusalOf(
  ctx: HandlerContext,
  candidate: Candidate,
  market: Market,
  tally: Tally,
): AwsError | undefined {
  const { type } = candidate;
  const facts = ctx.world.scenario.instanceTypes[type];
  if (!facts) return new AwsError('InvalidInstanceType', `The instance type '${type}' does not exist`);
  if (!isOffered(ctx.world, poolFor(ctx, candidate, market))) return notOffered(ctx, candidate);
  if (candidate.base.image.arch !== facts.arch) return wrongArchitecture(candidate, facts.arch);
  if (market === 'on-demand' && Object.keys(candidate.base.tags['spot-instances-request']).length > 0)
    return spotTagsOnDemand();
  return tooCheap(ctx, candidate, market) ?? lacking(ctx, candidate, market, facts.vcpus, tally);
}

/** The most the caller would pay is below the price of now. */
function tooCheap(ctx: HandlerContext, candidate: Candidate, market: Market): AwsError | undefined {
  const price = priceOf(ctx, candidate, market);
  if (market === 'spot' && candidate.maxPrice !== undefined && candidate.maxPrice < price) {
    return new AwsError(
      'SpotMaxPriceTooLow',
      `Your Spot request price of ${candidate.maxPrice} is lower than the minimum required Spot request fulfillment price of ${price}.`,
    );
  }
  return undefined;
}

/** Quota, addresses or room are used up. */
function lacking(
  ctx: HandlerContext,
  candidate: Candidate,
  market: Market,
  needed: number,
  tally: Tally,
): AwsError | undefined {
  const { type, subnet } = candidate;
  const vcpus =
    quotaLeft(ctx.world, ctx.account, { region: ctx.region, type, market }) -
    (tally.vcpus.get(`${quotaGroup(type)}/${market}`) ?? 0);
  if (vcpus < needed) return overQuota(market);
  if (freeAddresses(subnet) - (tally.addresses.get(subnet.id) ?? 0) < 1) return noAddresses(subnet);
  return roomFor(ctx, candidate, market, tally) < 1 ? noCapacity(ctx, candidate, market) : undefined;
}

/** Counts one instance of the candidate into the tally. */
export function promise(ctx: HandlerContext, candidate: Candidate, market: Market, tally: Tally): void {
  const add = (map: Map<string, number>, key: string, count: number): void => {
    map.set(key, (map.get(key) ?? 0) + count);
  };
  add(tally.pools, poolKey(poolFor(ctx, candidate, market)), 1);
  add(
    tally.vcpus,
    `${quotaGroup(candidate.type)}/${market}`,
    ctx.world.scenario.instanceTypes[candidate.type]?.vcpus ?? 0,
  );
  add(tally.addresses, candidate.subnet.id, 1);
}

function notOffered(ctx: HandlerContext, { type, subnet }: Candidate): AwsError {
  const zones = (ctx.world.scenario.regions[ctx.region]?.zones ?? []).filter((zone) =>
    isOffered(ctx.world, { region: ctx.region, zone, type }),
  );
  return new AwsError(
    'Unsupported',
    `Your requested instance type (${type}) is not supported in your requested Availability Zone (${subnet.zone}). ` +
      `Please retry your request by not specifying an Availability Zone or choosing ${zones.join(', ')}.`,
  );
}

function wrongArchitecture({ base, type }: Candidate, arch: string): AwsError {
  return new AwsError(
    'InvalidParameterValue',
    `The architecture '${arch}' of the specified instance type '${type}' does not match the architecture '${base.image.arch}' of the ` +
      'specified AMI. Specify an instance type and an AMI that have matching architectures, and try again.',
  );
}

function spotTagsOnDemand(): AwsError {
  return new AwsError(
    'InvalidParameterValue',
    "You can't specify tags for 'spot-instances-request' in an On-Demand request.",
  );
}

function overQuota(market: Market): AwsError {
  return market === 'spot'
    ? new AwsError('MaxSpotInstanceCountExceeded', 'Max spot instance count exceeded')
    : new AwsError(
        'VcpuLimitExceeded',
        'You have requested more vCPU capacity than your current vCPU limit allows for the instance bucket that the specified ' +
          'instance type belongs to. Please visit http://aws.amazon.com/contact-us/ec2-request to request an adjustment to this limit.',
      );
}

function noAddresses(subnet: SimSubnet): AwsError {
  return new AwsError(
    'InsufficientFreeAddressesInSubnet',
    `There are not enough free addresses in subnet '${subnet.id}' to satisfy the requested number of instances.`,
  );
}

/** Status 500: what EC2 answers for a lack of capacity, so that SDKs retry it. */
function noCapacity(ctx: HandlerContext, candidate: Candidate, market: Market): AwsError {
  const { type, subnet } = candidate;
  return new AwsError(
    'InsufficientInstanceCapacity',
    market === 'spot'
      ? 'There is no Spot capacity available that matches your request.'
      : `We currently do not have sufficient ${type} capacity in the Availability Zone you requested (${subnet.zone}). ` +
          'Our system will be working on provisioning additional capacity.',
    500,
  );
}
