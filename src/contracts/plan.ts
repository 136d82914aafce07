/** What is the plan of an experiment? What it would launch and cost if it began now; plain data. */
import type { ErrorClass, Market } from './capacity';
import type { Reason } from './messages';

/** The first launch request of a component, as the experiment would make it. */
export interface PlannedComponent {
  component: string;
  /** Members wanted. */
  count: number;
  /** Standbys bought with them. */
  standby: number;
  region: string;
  /** `spot`, `spot-wide`, `on-demand`, `on-demand-wide`. */
  tier: string;
  market: Market;
  /** Of the pool named first; AWS takes from any pool of the request. */
  instanceType: string;
  /** Other types the component may get, in the order of the spec. */
  alternatives: string[];
  /** Zones of the request, that of the first pool first. */
  zones: string[];
  /** Pools of the request by key, best first: `us-west-2a/t3.micro/spot`. */
  pools: string[];
  imageId: string;
  quotaFamily: string;
  /** Of one node. */
  vcpus: number;
  /** One node of the first pool, in USD; absent where AWS published no price. */
  usdPerHour?: number;
  onDemandUsdPerHour?: number;
  /** What was left out or put back in the order, one line each. */
  why: string[];
}

/** What the components want of one vCPU quota. */
export interface PlannedQuota {
  region: string;
  market: Market;
  quotaFamily: string;
  /** AWS's code of the quota, where it is known. */
  code?: string;
  vcpus: number;
  /** Why the limit is not beside it. */
  unread: string;
  /** The command that reads it. */
  command?: string;
}

/** What the shared memory keeps from being asked now. */
export interface BlockedPools {
  /** `pool:us-west-2a/t3.micro/spot`, `family:us-west-2/Standard/spot`, `region:us-west-2`. */
  what: string;
  class: ErrorClass;
  /** AWS's code of the latest refusal. */
  code: string;
  /** ISO time. */
  until: string;
}

export interface ExperimentPlan {
  name: string;
  owner: string;
  account: string;
  /** Empty for AWS itself. */
  endpoint: string;
  leaseSeconds: number;
  /** In the order of the spec; empty when the plan is refused. */
  components: PlannedComponent[];
  /** All nodes, with spot at its present price; instance hours only. */
  usdPerHour: number;
  /** The same nodes on-demand. */
  onDemandUsdPerHour: number;
  /** If all nodes live until the end of the lease. */
  atLeaseEndUsd: number;
  /** Components that AWS published no price for; they count as 0. */
  unpriced: string[];
  quotas: PlannedQuota[];
  blocked: BlockedPools[];
  /** What else was decided on the way, one line each. */
  notes: string[];
  /** ISO time of looking. */
  at: string;
  /** SHA-256 of the resolved spec and of which pools would be asked. Prices are not in it. */
  digest: string;
  /** Set when nothing would come of it: why, and what helps, one line each. */
  refused?: { reason: Reason; lines: string[] };
}
