/** What is a pool, a refusal, an attempt? The words of provisioning, as plain data. */

export type Market = 'spot' | 'on-demand';
export type Architecture = 'x86_64' | 'arm64';

/** The unit that has or lacks capacity. The account is the experiment's. */
export interface Pool {
  region: string;
  zone: string;
  instanceType: string;
  market: Market;
}

/** The key of a pool in maps: `us-west-2a/t3.micro/spot`. Zone names contain the region. */
export function poolKey(pool: Pool): string {
  return `${pool.zone}/${pool.instanceType}/${pool.market}`;
}

/** What an AWS error code means for the caller (facts: EC2 API errors overview). */
export type ErrorClass =
  | 'capacity'
  | 'not-offered'
  | 'quota'
  | 'shape'
  | 'throttle'
  | 'transient'
  | 'price'
  | 'auth'
  | 'auth-refresh'
  | 'config'
  | 'idempotency'
  | 'consistency'
  | 'paging'
  | 'done'
  | 'unknown';

/** How much a refusal blocks. `family` is a vCPU quota: (region, quota group, market). */
export type RefusalScope = 'pool' | 'subnet' | 'zone' | 'family' | 'market' | 'region' | 'account' | 'request' | 'none';

/** AWS said no to a pool. */
export interface Refusal {
  pool: Pool;
  /** The subnet of the pool, when AWS named one. */
  subnetId?: string;
  /** AWS's own code and words. */
  code: string;
  message: string;
  class: ErrorClass;
  scope: RefusalScope;
}

/** One instance that came. */
export interface LaunchedNode {
  instanceId: string;
  instanceType: string;
  zone: string;
  market: Market;
}

/** One launch request with its reply, as shown to users and kept in the result. */
export interface Attempt {
  component: string;
  region: string;
  /** `spot`, `spot-wide`, `on-demand`. */
  tier: string;
  market: Market;
  /** Pools asked, by key. */
  pools: string[];
  asked: number;
  launched: number;
  refusals: Refusal[];
  /** From sending the request to its reply. */
  seconds: number;
  /** ISO time of the request. */
  at: string;
  /** Why these pools, in this order, this many: one line each. */
  why?: string[];
}

/** A pool that can be asked for in a region, with everything a request for it needs. */
export interface PoolOffer {
  zone: string;
  subnetId: string;
  instanceType: string;
  architecture: Architecture;
  vcpus: number;
  /** The vCPU quota group the type counts against, e.g. `Standard`, `G`. */
  quotaFamily: string;
  /** Newest spot price in USD per hour; absent when AWS published none. */
  spotUsd?: number;
  /** Mean spot price of the last 24 hours, in USD per hour; absent when AWS published none. */
  spotDayUsd?: number;
  /** On-demand price in USD per hour; absent when unknown. */
  onDemandUsd?: number;
}

/** What a region can offer to an experiment; resolved anew for each region, never carried over. */
export interface RegionSurvey {
  region: string;
  vpcId: string;
  /** All pools of all wanted types that are offered in a zone with a usable subnet. */
  offers: PoolOffer[];
  /** Image per component and architecture: `images[component][architecture]`. */
  images: Record<string, Partial<Record<Architecture, string>>>;
  /** What stands against provisioning here, one line each; empty when nothing does. */
  problems: string[];
}

/** One thing that is not asked for until a time, and then carefully. */
export interface PoolBlock {
  /** Epoch milliseconds. */
  untilMs: number;
  /** Outages in a row, without a success in between. */
  strikes: number;
  class: ErrorClass;
  /** AWS's code of the latest refusal. */
  code: string;
  /** When the latest news of it came from AWS, epoch milliseconds: of two memories the newer news counts. */
  atMs: number;
  /** Instances a request may ask for once the block has ended; doubled by each success, absent: 1. */
  allowed?: number;
}

/** Blocks by what they cover: `pool:us-west-2a/t3.micro/spot`, `family:us-west-2/Standard/spot`, `subnet:subnet-1`. */
export interface PoolMemory {
  blocks: Record<string, PoolBlock>;
}

/** What one reply to a launch request taught, as experiments tell it to each other. Plain data, without AWS's words. */
export interface CapacityNews {
  /** Id of the experiment that asked. */
  from: string;
  /** When AWS answered, epoch milliseconds. */
  atMs: number;
  /** Pools that instances came from. */
  came: Pool[];
  /** What is blocked, by its key in the memory. */
  refused: { key: string; class: ErrorClass; scope: RefusalScope; code: string }[];
  /** Keys of the pools that the experiment asks next, at once. */
  asks?: string[];
}

/** The answer of the `memory` query of a `capacity` workflow. */
export interface CapacityView extends PoolMemory {
  /** Messages heard since it was first started, and those among them that were no news. */
  told: number;
  ignored: number;
  /** Pools that an answer is on its way for, by key, until when in epoch milliseconds. */
  open: Record<string, number>;
}
