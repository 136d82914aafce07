/** What is an interruption, and who saw it? The words of detection, as plain data. */

/**
 * What happens to a node.
 *
 * - `reclaim`: AWS takes it back, or announced that it will.
 * - `ended`: it is shutting down, stopped or gone, whoever did it.
 * - `unhealthy`: it lives, and its own checks fail again and again, or AWS's for five minutes.
 * - `impaired`: it runs, and AWS's status checks of it fail.
 * - `maintenance`: AWS has planned something for it: retirement, reboot, stop.
 * - `rebalance`: AWS thinks that it may be taken back some day. Never a reason to give it up.
 * - `replace`: somebody wants another node in its slot.
 * - `return`: its slot was bought on-demand, and spot is to be tried again.
 * - `at-risk`: a sibling in its pool was just taken back, and it is likely to be the next.
 */
export const INTERRUPTION_KINDS = [
  'reclaim',
  'ended',
  'unhealthy',
  'impaired',
  'maintenance',
  'rebalance',
  'replace',
  'return',
  'at-risk',
] as const;
export type InterruptionKind = (typeof INTERRUPTION_KINDS)[number];

/** Kinds in which the node is going or gone, whatever we do. */
export const FORCED_KINDS: readonly InterruptionKind[] = ['reclaim', 'ended'];
/** Kinds in which a working node is replaced by our own choice: nothing is lost when that comes to nothing. */
export const PLANNED_KINDS: readonly InterruptionKind[] = ['replace', 'return', 'at-risk'];
/** Kinds that replace a node; a rebalance recommendation or planned maintenance alone never costs it its slot. */
export const ACTED_KINDS: readonly InterruptionKind[] = [...FORCED_KINDS, 'unhealthy', ...PLANNED_KINDS];

/**
 * `spot-request`, `instance`, `instance-status`: asked of EC2. `aws-event`: EC2 said so. `checks`: the node's own.
 * `policy`: concluded from other notices.
 */
export const INTERRUPTION_SOURCES = [
  'spot-request',
  'instance',
  'instance-status',
  'aws-event',
  'checks',
  'person',
  'policy',
] as const;
export type InterruptionSource = (typeof INTERRUPTION_SOURCES)[number];

/** One notice about one node. The payload of the `interruption` signal is a list of these. */
export interface Interruption {
  instanceId: string;
  region: string;
  kind: InterruptionKind;
  source: InterruptionSource;
  /** ISO time that AWS gives for it; that of its detection when AWS gives none. */
  noticeAt: string;
  detectedAt: string;
  /** ISO time at which the node is expected to end, when that is known. */
  endsAt?: string;
  /** AWS's own code: `instance-terminated-no-capacity`, `Server.SpotInstanceTermination`; `NotReady` of failed checks. */
  reason: string;
}

/** The answer of a sentinel's `status` query, and its result: as of the last time that there was news. */
export interface SentinelStatus {
  region: string;
  /** Nodes watched. */
  nodes: number;
  /** Ids of the experiments that have some. */
  owners: string[];
  /** Signals that found their owner. */
  told: number;
  /** The last notices; `heard` is false when the owner had ended. */
  last: (Interruption & { owner: string; heard: boolean })[];
}
