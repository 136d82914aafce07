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
