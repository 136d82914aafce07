/** What is an interruption, and who saw it? The words of detection, as plain data. */

/**
 * What happens to a node.
 *
 * - `reclaim`: AWS takes it back, or announced that it will.
 * - `ended`: it is shutting down, stopped or gone, whoever did it.
 * - `unhealthy`: it lives, and its own checks fail again and again.
 * - `impaired`: it runs, and AWS's status checks of it fail.
 * - `maintenance`: AWS has planned something for it: retirement, reboot, stop.
 * - `rebalance`: AWS thinks that it may be taken back some day. Never a reason to give it up.
 * - `at-risk`: its pool takes nodes back, and it is one of those that are left there.
 * - `return`: it was bought on-demand for want of spot, and spot has been calm.
 */
export const INTERRUPTION_KINDS = [
  'reclaim',
  'ended',
  'unhealthy',
  'impaired',
  'maintenance',
  'rebalance',
  'at-risk',
  'return',
] as const;
export type InterruptionKind = (typeof INTERRUPTION_KINDS)[number];

/** `spot-request`, `instance`, `instance-status`: asked of EC2. `aws-event`: EC2 said so. `checks`: the node's own. `policy`: our own decision. */
export const INTERRUPTION_SOURCES = [
  'spot-request',
  'instance',
  'instance-status',
  'aws-event',
  'checks',
  'policy',
  'person',
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
