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
import { allowanceOf, blockOf, type PoolBlock, type PoolMemory } from './pool-memory';
import { orderPools } from './pool-order';
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
export function offersOf(tier: Pick<Tier, 'wide'>, { component, spec, survey }: LaunchQuestion): PoolOffer[] {
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

/** What one request would ask, and why: `notes` for the timeline, `why` about the order. */
export interface TierRequest {
  offers: PoolOffer[];
  /** At most what is missing; fewer when the pools gave nothing lately. */
  count: number;
  /** Whether a pool is among them that refused lately, so that nobody else should ask it at the same time. */
  probes: boolean;
  notes: string[];
  why: string[];
}

/** The pools of a tier to ask next, best first, with a line for what was left out although it was free. */
export function requestOf(tier: Tier, question: LaunchQuestion): TierRequest {
  const free = offersOf(tier, question).filter((offer) => isFree(offer, tier.market, question));
  const limit = dearAbove(tier, question);
  const worth = free.filter((offer) => (priceOf(offer, tier.market) ?? 0) <= limit);
  const dear = free.filter((offer) => !worth.includes(offer)).map((offer) => keyOf(offer, tier.market, question));
  const notes =
    dear.length === 0 ? [] : [`left out, dearer than on-demand (${limit.toFixed(4)} USD/h): ${dear.join(', ')}`];
  const care = withCare(preferSpread(worth, tier, question), tier, question);
  return { ...care, ...oneRequest(care.offers, tier.market, question), notes: [...notes, ...care.notes] };
}

/**
 * Pools that refused lately are asked for few at a time: one, then twice as many after each success. They join a
 * request that is no larger than that, and make one of their own when a tier has no other pool.
 */
function withCare(offers: PoolOffer[], tier: Tier, question: LaunchQuestion): Omit<TierRequest, 'why'> {
  const { memory, missing, nowMs, survey } = question;
  const allowance = (offer: PoolOffer): number => allowanceOf(memory, poolOf(offer, tier.market, survey.region), nowMs);
  const most = offers.length === 0 ? missing : Math.max(...offers.map(allowance));
  const count = Math.min(missing, most);
  const joining = offers.filter((offer) => allowance(offer) >= count);
  const probes = joining.some((offer) => allowance(offer) < Infinity);
  const keys = joining.map((offer) => keyOf(offer, tier.market, question)).join(', ');
  const note = `${String(count)} of ${String(missing)} first, to see whether there is capacity again: ${keys}`;
  return { offers: joining, count, probes, notes: count === missing ? [] : [note] };
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

/** What fits in one request: the best pools first; one subnet per zone (the survey's first), as EC2 Fleet demands. */
function oneRequest(
  offers: PoolOffer[],
  market: Market,
  question: LaunchQuestion,
): { offers: PoolOffer[]; why: string[] } {
  const subnets = new Map<string, string>();
  for (const { zone, subnetId } of offers) if (!subnets.has(zone)) subnets.set(zone, subnetId);
  const usable = offers.filter((offer) => subnets.get(offer.zone) === offer.subnetId);
  const { offers: ordered, why } = orderPools(usable, market, question);
  const types = new Set([...new Set(ordered.map((offer) => offer.instanceType))].slice(0, MAX_TYPES));
  return { offers: ordered.filter((offer) => types.has(offer.instanceType)), why };
}

function poolOf({ zone, instanceType }: PoolOffer, market: Market, region: string): Pool {
  return { region, zone, instanceType, market };
}
