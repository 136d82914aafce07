/** Which pools refused lately, and until when are they left alone? A memory as plain data, passed in and returned. */
import { poolKey, type ErrorClass, type Pool, type Refusal, type RefusalScope } from '../contracts/capacity';

/** One thing that is not asked for until a time. */
export interface PoolBlock {
  /** Epoch milliseconds. */
  untilMs: number;
  /** Outages in a row, without a success in between. */
  strikes: number;
  class: ErrorClass;
  /** AWS's code of the latest refusal. */
  code: string;
}

/** Blocks by what they cover: `pool:us-west-2a/t3.micro/spot`, `family:us-west-2/Standard/spot`, `subnet:subnet-1`. */
export interface PoolMemory {
  blocks: Record<string, PoolBlock>;
}

const MINUTE = 60_000;
/** A pool that went down is nearly always still down after this long, so a shorter block only repeats the refusal. */
const POOL_MS = 3 * MINUTE;
/** The median outage of scarce pools is 29 minutes: above an hour a block mostly hides capacity that came back. */
const POOL_CAP_MS = 60 * MINUTE;
/** A quota moves when an instance of the family ends and leaves the count, or when AWS raises it. */
const FAMILY_QUOTA_MS = 15 * MINUTE;
/** Quotas of a whole region move by request, which takes longer. */
const REGION_QUOTA_MS = 30 * MINUTE;
/** AWS adds a type to a zone a few times a year. */
const NOT_OFFERED_MS = 24 * 60 * MINUTE;
/** Addresses come back when instances end. */
const SUBNET_MS = 5 * MINUTE;
/** A missing right needs a person; this often it is worth to see whether there was one. */
const RIGHT_MS = 30 * MINUTE;
/** Strikes of a pool that nobody asked for a day say nothing any more; dropping them bounds the memory. */
const FORGET_MS = 24 * 60 * MINUTE;

/** A memory in which nothing is blocked. */
export function emptyMemory(): PoolMemory {
  return { blocks: {} };
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
  const blocks = remembered(memory, nowMs);
  for (const refusal of refusals) {
    const key = coveredBy(refusal, quotaFamilyOf(refusal.pool.instanceType));
    if (key === undefined) continue;
    const before = blocks[key];
    const strikes = before === undefined ? 1 : before.strikes + (before.untilMs > nowMs ? 0 : 1);
    const untilMs = Math.max(nowMs + durationMs(refusal, strikes), before?.untilMs ?? 0);
    blocks[key] = { untilMs, strikes, class: refusal.class, code: refusal.code };
  }
  return { blocks };
}

/** The memory after instances came from these pools: their strikes, and what was held against their zone, are gone. */
export function recordSuccess(memory: PoolMemory, pools: readonly Pool[], nowMs: number): PoolMemory {
  const cleared = new Set(
    pools.flatMap((pool) => [`pool:${poolKey(pool)}`, `zone:${pool.zone}`, marketKey(pool), `region:${pool.region}`]),
  );
  const kept = Object.entries(remembered(memory, nowMs)).filter(([key]) => !cleared.has(key));
  return { blocks: Object.fromEntries(kept) };
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

function durationMs(refusal: Refusal, strikes: number): number {
  if (refusal.class === 'not-offered') return NOT_OFFERED_MS;
  if (refusal.class === 'auth') return RIGHT_MS;
  if (refusal.class === 'quota') return refusal.scope === 'family' ? FAMILY_QUOTA_MS : REGION_QUOTA_MS;
  if (refusal.scope === 'subnet') return SUBNET_MS;
  return Math.min(POOL_CAP_MS, POOL_MS * 2 ** (strikes - 1));
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
