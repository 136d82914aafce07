/** What is everything called? Queues, workflow types and ids, tags, search attributes: permanent once in a history. */

/** The one task queue of Holdfast workers. */
export const TASK_QUEUE = 'holdfast';

/** Value of the `ManagedBy` tag; with `ExperimentID` it is what makes a resource ours. */
export const MANAGED_BY = 'holdfast';

/** Tag keys that Holdfast writes. Ownership needs both `ExperimentID` and `ManagedBy`. */
export const TAG = {
  experimentId: 'ExperimentID',
  component: 'Component',
  managedBy: 'ManagedBy',
  installation: 'HoldfastInstallation',
  project: 'Project',
  owner: 'Owner',
  expiresAt: 'ExpiresAt',
  launchId: 'LaunchID',
  slot: 'Slot',
  name: 'Name',
  /** Written by people, never by Holdfast: what carries it is kept and named. */
  doNotDelete: 'DoNotDelete',
  /** On what `provision` makes for callers who orchestrate themselves: only its expiry ends it. */
  alone: 'HoldfastAlone',
} as const;

/** Search attributes by name with their Temporal type; registered before any worker polls. */
export const SEARCH_ATTRIBUTES = {
  HoldfastOwner: 'Keyword',
  HoldfastPhase: 'Keyword',
  HoldfastReason: 'Keyword',
  HoldfastTemplate: 'Keyword',
  HoldfastRegion: 'Keyword',
  HoldfastTrigger: 'Keyword',
  HoldfastExpiresAt: 'Datetime',
  HoldfastCostUsd: 'Double',
  HoldfastNodesReady: 'Int',
  HoldfastInterruptions: 'Int',
} as const;

/** Memo fields of an experiment. The first and last are of one that was asked for under a request id. */
export const MEMO = {
  /** SHA-256 of the spec as it was given. */
  specDigest: 'holdfastSpecDigest',
  /** Of a run that only stands in the start form of the Temporal UI: the digest of its spec. */
  template: 'holdfastTemplate',
  /** True when the request id had been used before, for another spec: this run did nothing. */
  refused: 'holdfastRefused',
} as const;

/**
 * Ids a user may give: URL-safe, no wildcard of an EC2 filter, at most 128 characters.
 * AWS names and folders derive from a hash or an escaped form, never from the id itself.
 */
export const EXPERIMENT_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;

/** Request ids are UUIDs or names; what is longer is a mistake. */
export const REQUEST_ID_LENGTH = 255;

/** The id of the cleanup that belongs to an experiment. A slash cannot occur in an experiment id. */
export function cleanupWorkflowId(experimentId: string): string {
  return `${experimentId}/cleanup`;
}

/** The id of the run by which a template stands in the start form of the Temporal UI. */
export function templateWorkflowId(name: string): string {
  return `template-${name}`;
}

/** The id of the look that comes after a clean cleanup, when AWS shows nothing of the deleted any more. */
export function recheckWorkflowId(experimentId: string): string {
  return `${experimentId}/recheck`;
}

/** A plan's digest, or so much of its beginning that no other plan of an experiment shares it. */
export const PLAN_DIGEST = /^[0-9a-f]{12,64}$/;
/** So many digits name a plan: 48 bits, for the few plans of one experiment. */
export const PLAN_DIGITS = 12;

/**
 * The id of the workflow that remembers what the pools of an account and region answered: `capacity/<account>/<region>`.
 * Another endpoint than AWS's own has pools of its own, so what a simulator refuses blocks nothing at AWS.
 */
export function capacityWorkflowId(target: Place, region: string): string {
  return `capacity/${placeName(target)}/${region}`;
}

/** The id of the workflow that watches the nodes of an account and region: `sentinel/<account>/<region>`. */
export function sentinelWorkflowId(target: Place, region: string): string {
  return `sentinel/${placeName(target)}/${region}`;
}

/** The id of the workflow that takes an event of EC2 on; one for each content, so that a repeated event is one. */
export function awsEventWorkflowId(digest: string): string {
  return `aws-event/${digest.slice(0, 32)}`;
}

interface Place {
  account: string;
  /** Empty for AWS itself. */
  endpoint: string;
}

function placeName({ account, endpoint }: Place): string {
  return endpoint === '' ? account : `${account}@${endpoint.replace(/^\w+:\/\//, '')}`;
}

/** The id of the schedule that has experiments reaped by the workers of a queue; its rounds get the time appended. */
export function reaperScheduleId(taskQueue: string): string {
  return `reaper/${taskQueue}`;
}

/** The stable name of a member of a component: `broker-0`. */
export function slotName(component: string, ordinal: number): string {
  return `${component}-${String(ordinal)}`;
}

/** The name of a warm node that waits for a slot: `broker-standby-0`. */
export function standbyName(component: string, ordinal: number): string {
  return `${component}-standby-${String(ordinal)}`;
}

/** Whether a node waits for a slot of its component. */
export function isStandby({ component, slot }: { component: string; slot: string }): boolean {
  return slot.startsWith(`${component}-standby-`);
}

/** Who a resource belongs to; every creation carries all of it. */
export interface Ownership {
  experimentId: string;
  installation: string;
  project: string;
  owner: string;
  /** ISO time at which the lease ends. */
  expiresAt: string;
  /** The user's own tags; ownership keys in it are ignored. */
  extra: Record<string, string>;
}

/** The tags written at creation, ownership last so that nothing overrides it. */
export function ownershipTags(ownership: Ownership, more: Record<string, string> = {}): Record<string, string> {
  return {
    ...ownership.extra,
    ...more,
    [TAG.experimentId]: ownership.experimentId,
    [TAG.managedBy]: MANAGED_BY,
    [TAG.installation]: ownership.installation,
    [TAG.project]: ownership.project,
    [TAG.owner]: ownership.owner,
    [TAG.expiresAt]: ownership.expiresAt,
  };
}

/** Whether a resource with these tags is this experiment's: exact value, both tags. */
export function isOwned(tags: Record<string, string>, experimentId: string): boolean {
  return tags[TAG.experimentId] === experimentId && tags[TAG.managedBy] === MANAGED_BY;
}
