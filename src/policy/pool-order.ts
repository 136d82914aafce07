/** In which order are pools named in a request, and why? By price for a node that stays, not by price alone. */
import {
  poolKey,
  type LaunchedNode,
  type Market,
  type Pool,
  type PoolBlock,
  type PoolMemory,
  type PoolOffer,
} from '../contracts/capacity';
import { priceOf } from './cost';
import { allowanceOf } from './pool-memory';

/** What an order is made from. */
export interface OrderQuestion {
  survey: { region: string };
  memory: PoolMemory;
  members?: readonly Pick<LaunchedNode, 'zone' | 'instanceType' | 'market'>[];
  nowMs: number;
}

/**
 * How often a zone is out while a sibling zone of its region is, for one type: mean of nine zones over 45 days in the
 * public spot traces (github.com/skypilot-org/spot-traces, V100, 2023).
 */
const SIBLING_RISK = 0.43;
/** Still out 30 minutes after an outage began, in the same traces; a pool that was blocked has had about that long. */
const RELAPSE_RISK = 0.5;
/** A day that was less than this much dearer than now is not worth a word. */
const NOTABLE = 1.05;

interface Judged {
  offer: PoolOffer;
  /** USD per hour divided by the odds to get and keep it. */
  worth: number;
  members: number;
  why: string[];
}

/**
 * Best first: cheapest for what it is likely to hold; then where fewer members of the component are already, since one
 * outage takes nearly all nodes of a pool; then by name. A pool without a published price comes last.
 *
 *     a 0.040, b 0.041, c 0.090; the type is blocked in c        -> still a, b: both share the risk
 *     m5 in a 0.040, m6i in a 0.050; m5 is blocked in b          -> m6i 0.050, then m5 0.040 / 0.57 = 0.070
 *     a 0.040 now, 0.060 on average of the day; b 0.050 all day  -> b, a
 */
export function orderPools(
  offers: readonly PoolOffer[],
  market: Market,
  question: OrderQuestion,
): { offers: PoolOffer[]; why: string[] } {
  const judged = offers.map((offer) => judge(offer, market, question));
  judged.sort(
    (a, b) => compare(a.worth, b.worth) || compare(a.members, b.members) || compare(place(a.offer), place(b.offer)),
  );
  const ordered = judged.map(({ offer }) => offer);
  return { offers: ordered, why: [...new Set(judged.flatMap(({ why }) => why))] };
}

function judge(offer: PoolOffer, market: Market, question: OrderQuestion): Judged {
  const pool: Pool = { ...offer, region: question.survey.region, market };
  const price = market === 'spot' ? dayPrice(offer) : { usd: priceOf(offer, market) ?? Infinity };
  const { risk, why } = market === 'spot' ? riskOf(pool, question) : { risk: 0 };
  const members = (question.members ?? []).filter((member) => poolKey({ region: '', ...member }) === poolKey(pool));
  const reasons = [price.why, why].filter((reason) => reason !== undefined);
  return { offer, worth: price.usd / (1 - risk), members: members.length, why: reasons };
}

/** The newest price or that of the last day, whichever is higher: a dip rarely outlasts an experiment. */
function dayPrice({ spotUsd, spotDayUsd, ...offer }: PoolOffer): { usd: number; why?: string } {
  if (spotUsd === undefined) return { usd: Infinity };
  if (spotDayUsd === undefined || spotDayUsd < spotUsd * NOTABLE) return { usd: Math.max(spotUsd, spotDayUsd ?? 0) };
  const why = `${place(offer)} cost ${spotDayUsd.toFixed(4)} USD/h over the last day, ${spotUsd.toFixed(4)} now`;
  return { usd: spotDayUsd, why };
}

/** On-demand has no part in it: its pools are far deeper and nothing is known of how their outages go together. */
function riskOf(pool: Pool, { memory, nowMs }: OrderQuestion): { risk: number; why?: string } {
  const own = memory.blocks[`pool:${poolKey(pool)}`];
  if (own !== undefined && own.strikes > 0 && allowanceOf(memory, pool, nowMs) < Infinity) {
    return { risk: RELAPSE_RISK, why: `${place(pool)} refused lately (${own.code})` };
  }
  const sibling = Object.entries(memory.blocks).find(([key, block]) => isSibling(key, pool) && isOut(block, nowMs));
  if (sibling === undefined) return { risk: 0 };
  const why = `${pool.instanceType} is out in ${zoneOf(sibling[0])}, so may be its other zones`;
  return { risk: SIBLING_RISK, why };
}

function isSibling(key: string, { region, instanceType, market }: Pool): boolean {
  return key.startsWith(`pool:${region}`) && key.endsWith(`/${instanceType}/${market}`);
}

function isOut(block: PoolBlock, nowMs: number): boolean {
  return block.class === 'capacity' && block.untilMs > nowMs;
}

function zoneOf(key: string): string {
  return key.slice('pool:'.length).split('/')[0] ?? '';
}

function place({ zone, instanceType }: Pick<Pool, 'zone' | 'instanceType'>): string {
  return `${zone}/${instanceType}`;
}

function compare<T extends number | string>(a: T, b: T): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
