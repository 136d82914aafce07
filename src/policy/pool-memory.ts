/** Which pools refused lately, and until when are they left alone? A memory as plain data, passed in and returned. */
import {
  poolKey,
  type CapacityNews,
  type Pool,
  type PoolBlock,
  type PoolMemory,
  type Refusal,
  type RefusalScope,
} from '../contracts/capacity';
import { durationMs, POOL_CAP_MS } from './block-time';

export type { PoolBlock, PoolMemory } from '../contracts/capacity';

/** Strikes of a pool that nobody asked for a day say nothing any more; dropping them bounds the memory. */
const FORGET_MS = 24 * 60 * 60_000;
/**
 * How long after its block a pool is asked with care. As long as the longest block: by then two of three outages are
 * over (facts of scarce pools: down after 60 min .35), and a refusal costs one request.
 */
const HALF_OPEN_MS = POOL_CAP_MS;
/** A pool that gave this many at once is open: larger requests are split by AWS's own limits first. */
const OPEN_AT = 64;

/** A memory in which nothing is blocked. */
export function emptyMemory(): PoolMemory {
  return { blocks: {} };
}

/** What a reply taught, in a form that can be told: each refusal by the key of what it blocks, each key once. */
export function newsOf(
  from: string,
  came: readonly Pool[],
  refusals: readonly Refusal[],
  quotaFamilyOf: (instanceType: string) => string,
  atMs: number,
): CapacityNews {
  const refused = new Map<string, CapacityNews['refused'][number]>();
  for (const refusal of refusals) {
    const key = coveredBy(refusal, quotaFamilyOf(refusal.pool.instanceType));
    if (key === undefined) continue;
    refused.set(key, { key, class: refusal.class, scope: refusal.scope, code: refusal.code });
  }
  const pools = new Map(came.map((pool) => [poolKey(pool), pool]));
  return { from, atMs, came: [...pools.values()], refused: [...refused.values()] };
}

/** The memory after news. Success first: a pool that gave its last node and then refused is blocked, not cleared. */
export function recordNews(memory: PoolMemory, { came, refused, atMs }: CapacityNews): PoolMemory {
  return recordBlocks(recordSuccess(memory, came, atMs), refused, atMs);
}

/**
 * The memory after the refusals of one reply. Each blocks exactly what its scope covers; a pool's block doubles from
 * 3 minutes to 60 with each further outage. Refusals of one reply, or during a running block, are the same outage.
 *
 *     refused at 0:00 -> until 0:03; refused at 0:04 -> until 0:10; launched at 0:11 -> free; refused -> 3 min again
 *     refused at 0:00 -> until 0:03; refused at 0:02 (asked before the first reply) -> until 0:05, still one strike
 *     VcpuLimitExceeded for 20 pools of one family -> one block of the family's quota for 15 minutes
 *
 * When a reply both launched and refused, record its successes first: the pool gave what it had and is dry now.
 */
export function recordRefusals(
  memory: PoolMemory,
  refusals: readonly Refusal[],
  quotaFamilyOf: (instanceType: string) => string,
  nowMs: number,
): PoolMemory {
  return recordBlocks(memory, newsOf('', [], refusals, quotaFamilyOf, nowMs).refused, nowMs);
}

function recordBlocks(memory: PoolMemory, refused: CapacityNews['refused'], atMs: number): PoolMemory {
  const blocks = remembered(memory, atMs);
  for (const { key, code, ...kind } of refused) {
    const before = blocks[key];
    if (before !== undefined && before.atMs > atMs) continue;
    const strikes = before === undefined ? 1 : before.strikes + (before.untilMs > atMs ? 0 : 1);
    const untilMs = Math.max(atMs + durationMs(kind, strikes), before?.untilMs ?? 0);
    blocks[key] = { untilMs, strikes, class: kind.class, code, atMs };
  }
  return { blocks };
}

/**
 * The memory after instances came from these pools: their strikes, and what was held against their zone, are gone.
 * A pool that was blocked may be asked for twice as many as before, until it counts as open again. What
 * is no newer than what is remembered changes nothing, so that it may be told twice.
 */
export function recordSuccess(memory: PoolMemory, pools: readonly Pool[], nowMs: number): PoolMemory {
  const own = new Set(pools.map((pool) => `pool:${poolKey(pool)}`));
  const around = new Set(pools.flatMap((pool) => [`zone:${pool.zone}`, marketKey(pool), `region:${pool.region}`]));
  const kept = Object.entries(remembered(memory, nowMs)).flatMap(([key, block]): [string, PoolBlock][] => {
    if (block.atMs >= nowMs) return [[key, block]];
    if (around.has(key)) return [];
    if (!own.has(key)) return [[key, block]];
    const allowed = 2 * (block.allowed ?? 1);
    return allowed >= OPEN_AT ? [] : [[key, { ...block, untilMs: nowMs, strikes: 0, atMs: nowMs, allowed }]];
  });
  return { blocks: Object.fromEntries(kept) };
}

/** Both memories in one: of what both know, the newer news; of news of one moment, the longer block. */
export function mergeMemories(one: PoolMemory, other: PoolMemory): PoolMemory {
  const blocks = { ...one.blocks };
  for (const [key, block] of Object.entries(other.blocks)) {
    const known = blocks[key];
    if (known === undefined || isNewer(block, known)) blocks[key] = block;
  }
  return { blocks };
}

function isNewer(block: PoolBlock, known: PoolBlock): boolean {
  return block.atMs === known.atMs ? block.untilMs > known.untilMs : block.atMs > known.atMs;
}

/** The memory without what says nothing any more. */
export function compactMemory(memory: PoolMemory, nowMs: number): PoolMemory {
  return { blocks: remembered(memory, nowMs) };
}

/** What keeps this pool from being asked now: of several blocks the one that lasts longest; undefined when free. */
export function blockOf(
  memory: PoolMemory,
  pool: Pool,
  subnetId: string,
  quotaFamily: string,
  nowMs: number,
): PoolBlock | undefined {
  return [
    `pool:${poolKey(pool)}`,
    `subnet:${subnetId}`,
    `zone:${pool.zone}`,
    familyKey(pool, quotaFamily),
    marketKey(pool),
    `region:${pool.region}`,
    'account',
  ]
    .flatMap((key) => memory.blocks[key] ?? [])
    .filter((block) => block.untilMs > nowMs)
    .sort((a, b) => b.untilMs - a.untilMs)[0];
}

/**
 * How many instances one request may ask of a pool that is not blocked: one after an outage, twice as many after each
 * success, any number once the pool is open.
 *
 *     refused at 0:00 -> from 0:03 on 1; came -> 2; came -> 4; ... 32; came -> any; refused -> blocked, then 1
 *     refused at 0:00, not asked until 1:03 -> any
 */
export function allowanceOf(memory: PoolMemory, pool: Pool, nowMs: number): number {
  const block = memory.blocks[`pool:${poolKey(pool)}`];
  return block === undefined || !isHalfOpen(block, nowMs) ? Infinity : (block.allowed ?? 1);
}

function isHalfOpen({ untilMs }: PoolBlock, nowMs: number): boolean {
  return untilMs + HALF_OPEN_MS > nowMs;
}

/** The key of what a refusal blocks; undefined when it says nothing about later requests. */
function coveredBy(refusal: Refusal, quotaFamily: string): string | undefined {
  if (endsTheRun(refusal)) return undefined;
  const { pool, subnetId } = refusal;
  const keys: Record<RefusalScope, string | undefined> = {
    pool: `pool:${poolKey(pool)}`,
    subnet: subnetId === undefined ? `pool:${poolKey(pool)}` : `subnet:${subnetId}`,
    zone: `zone:${pool.zone}`,
    family: familyKey(pool, quotaFamily),
    market: marketKey(pool),
    region: `region:${pool.region}`,
    account: 'account',
    request: undefined,
    none: undefined,
  };
  return keys[refusal.scope];
}

/** A missing right or a wrong request stops the run; only what is narrower than the run is worth remembering. */
function endsTheRun({ class: word, scope }: Refusal): boolean {
  return word === 'auth' ? scope !== 'market' : ['config', 'shape', 'idempotency'].includes(word);
}

function familyKey(pool: Pool, quotaFamily: string): string {
  return `family:${pool.region}/${quotaFamily}/${pool.market}`;
}

function marketKey(pool: Pool): string {
  return `market:${pool.region}/${pool.market}`;
}

function remembered(memory: PoolMemory, nowMs: number): Record<string, PoolBlock> {
  return Object.fromEntries(Object.entries(memory.blocks).filter(([, block]) => block.untilMs + FORGET_MS > nowMs));
}
