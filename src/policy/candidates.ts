/** Which pools could run a component, which of them are free, and which go into one request? */
import {
  poolKey,
  type LaunchedNode,
  type Market,
  type Pool,
  type PoolOffer,
  type RegionSurvey,
} from '../contracts/capacity';
import type { ComponentSpec } from '../schemas/experiment';
import { priceOf } from './cost';
import { blockOf, type PoolBlock, type PoolMemory } from './pool-memory';
import { fullPools } from './spread';
import type { MarketPolicy, Tier } from './tiers';

/** Everything a plan is made from. */
export interface LaunchQuestion {
  component: string;
  spec: ComponentSpec;
  survey: RegionSurvey;
  /** The component's market, or the experiment's when it names none. */
  policy: MarketPolicy;
  /** The markets of this pass; they limit only components that have a choice. */
  markets: readonly Market[];
  memory: PoolMemory;
  /** How many nodes are still wanted, at least 1. */
  missing: number;
  /** Keys of the pools asked in this pass: none of them is asked again in it. */
  asked: readonly string[];
  /** Members that live already; a quorum's next ones go elsewhere when they can. */
  members?: readonly Pick<LaunchedNode, 'zone' | 'instanceType' | 'market'>[];
  nowMs: number;
}

/**
 * Types in one request. CreateFleet answers that its body is too large when every type of a big list is named in
 * every zone; 60 types in all zones is what Karpenter sends, and more choice hardly raises the odds.
 */
const MAX_TYPES = 60;

/** The pools of a tier that could run the component: wanted type, allowed zone, image for the architecture. */
export function offersOf(tier: Tier, { component, spec, survey }: LaunchQuestion): PoolOffer[] {
  const types = new Set(tier.wide ? [...spec.instanceTypes, ...spec.widerTypes] : spec.instanceTypes);
  const images = survey.images[component] ?? {};
  // Zone names begin with their region. Zones limit the regions they are in; a region of which none is named is free.
  const zones = (spec.zones ?? []).filter((zone) => zone.slice(0, -1) === survey.region);
  return survey.offers.filter(
    (offer) =>
      types.has(offer.instanceType) &&
      images[offer.architecture] !== undefined &&
      (zones.length === 0 || zones.includes(offer.zone)),
  );
}

/** The key of an offer's pool in a market. */
export function keyOf(offer: PoolOffer, market: Market, { survey }: LaunchQuestion): string {
  return poolKey(poolOf(offer, market, survey.region));
}

/** What keeps the pool from being asked now. */
export function blockOfOffer(offer: PoolOffer, market: Market, question: LaunchQuestion): PoolBlock | undefined {
  const pool = poolOf(offer, market, question.survey.region);
  return blockOf(question.memory, pool, offer.subnetId, offer.quotaFamily, question.nowMs);
}

/** The pools of a tier to ask next, cheapest first, with a line for what was left out although it was free. */
export function requestOf(tier: Tier, question: LaunchQuestion): { offers: PoolOffer[]; notes: string[] } {
  const free = offersOf(tier, question).filter((offer) => isFree(offer, tier.market, question));
  const limit = dearAbove(tier, question);
  const worth = free.filter((offer) => (priceOf(offer, tier.market) ?? 0) <= limit);
  const dear = free.filter((offer) => !worth.includes(offer)).map((offer) => keyOf(offer, tier.market, question));
  const notes =
    dear.length === 0 ? [] : [`left out, dearer than on-demand (${limit.toFixed(4)} USD/h): ${dear.join(', ')}`];
  return { offers: oneRequest(preferSpread(worth, tier, question), tier.market), notes };
}

function isFree(offer: PoolOffer, market: Market, question: LaunchQuestion): boolean {
  return (
    !question.asked.includes(keyOf(offer, market, question)) && blockOfOffer(offer, market, question) === undefined
  );
}

/** Spot that costs more than on-demand only adds the risk of losing it. It stays where on-demand is not allowed. */
function dearAbove(tier: Tier, question: LaunchQuestion): number {
  if (tier.market !== 'spot' || question.policy !== 'spot-then-on-demand') return Infinity;
  const buyable = offersOf(tier, question).filter((offer) => isFree(offer, 'on-demand', question));
  return Math.min(...buyable.map((offer) => priceOf(offer, 'on-demand') ?? Infinity));
}

/** Pools that would hold too much of a quorum wait until the others have been asked. */
function preferSpread(offers: PoolOffer[], tier: Tier, question: LaunchQuestion): PoolOffer[] {
  const full = fullPools(question.spec, question.members ?? []);
  const roomy = offers.filter((offer) => !full.has(keyOf(offer, tier.market, question)));
  return roomy.length > 0 ? roomy : offers;
}

/** What fits in one request: by price, then zone; one subnet per zone (the survey's first), as EC2 Fleet demands. */
function oneRequest(offers: PoolOffer[], market: Market): PoolOffer[] {
  const subnets = new Map<string, string>();
  for (const { zone, subnetId } of offers) if (!subnets.has(zone)) subnets.set(zone, subnetId);
  const ordered = offers
    .filter((offer) => subnets.get(offer.zone) === offer.subnetId)
    .sort((a, b) => compare(rank(a, market), rank(b, market)) || compare(place(a), place(b)));
  const types = new Set([...new Set(ordered.map((offer) => offer.instanceType))].slice(0, MAX_TYPES));
  return ordered.filter((offer) => types.has(offer.instanceType));
}

/** A pool without a published price comes last. */
function rank(offer: PoolOffer, market: Market): number {
  return priceOf(offer, market) ?? Infinity;
}

function place({ zone, instanceType }: PoolOffer): string {
  return `${zone}/${instanceType}`;
}

function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function poolOf({ zone, instanceType }: PoolOffer, market: Market, region: string): Pool {
  return { region, zone, instanceType, market };
}
