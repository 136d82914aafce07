/** What can be left behind, and how is its absence proven? The words of cleanup, as plain data. */

/** Every kind cleanup can delete; names are EC2's ResourceType values, of other services `service:kind` as in ARNs. */
export const RESOURCE_TYPES = [
  'instance',
  'spot-instances-request',
  'fleet',
  'volume',
  'snapshot',
  'image',
  'network-interface',
  'elastic-ip',
  'key-pair',
  'placement-group',
  'security-group',
  'launch-template',
  'natgateway',
  'vpc-endpoint',
  'internet-gateway',
  'route-table',
  'subnet',
  'vpc',
  'ssm:parameter',
] as const;
export type ResourceType = (typeof RESOURCE_TYPES)[number];

/** Something without the experiment's tags that holds a resource of the experiment. It is named and never touched. */
export interface Holder {
  type: string;
  id: string;
  tags: Record<string, string>;
}

/** Where the sources of a look disagree. Candidates only: each was read by its id before it counted. */
export interface Disagreement {
  /** Living resources that it should name, other sources did, and it did not: `volume vol-1`; the first 20. */
  missed?: string[];
  /** How many it named that are gone, or no longer the experiment's. */
  ghosts?: number;
}

/** What is seen of an id that AWS does not know: gone for an hour or more, or too new to be shown. */
export const NOT_FOUND = 'not found';

/** A resource that carries an experiment's tags, as confirmed by a Describe of its id. */
export interface TaggedResource {
  region: string;
  /** One of RESOURCE_TYPES, or any other type that the tag indexes named. */
  type: string;
  id: string;
  tags: Record<string, string>;
  /** `gone` covers terminated, deleted and not found. */
  state: 'live' | 'ending' | 'gone';
  /** The state in AWS's own word. */
  seen: string;
  /** Ids of resources that must be gone before this one can be deleted. */
  neededBy: string[];
  /** Why it must not be deleted, when something protects it. */
  protectedBy?: string;
  /** Living things that are not ours and hold it; it cannot be deleted while they do. */
  holders?: Holder[];
  /** Id of the owner whose end takes this untagged child along: it is waited for and never deleted by itself. */
  diesWith?: string;
  /** What AWS charges for while it exists; absent for what is free of charge. */
  bills?: Billing;
}

/** What is paid for, and how much: USD per hour, absent when the price is not known. */
export interface Billing {
  what: string;
  usdPerHour?: number;
}

/** What a workflow keeps of a resource: everything but its tags, which each deletion reads anew, and its price. */
export interface SeenResource extends Omit<TaggedResource, 'tags' | 'bills'> {
  /** It came after the plan that is applied, so it is not deleted. */
  unplanned?: true;
}

/** Ids by type. */
export type IdsByType = Record<string, string[]>;

/** The name of a resource in requests between workflow and activities. */
export interface ResourceRef {
  type: string;
  id: string;
}

/** The answer to asking for the deletion of one resource. */
export interface Removal {
  id: string;
  /** `denied`: the permission is missing. `failed`: AWS refused for a reason that no repetition heals. */
  outcome: 'asked' | 'gone' | 'in-use' | 'protected' | 'denied' | 'failed';
  /** AWS's code and words, or what was asked. */
  detail: string;
}

export type Verdict = 'clean' | 'blocked' | 'protected' | 'unproven';

/** One cell of the proof: an API read to its last page. */
export interface CertificateCell extends Disagreement {
  region: string;
  /** A resource type, or the name of an index: `DescribeTags`, `GetResources`. */
  subject: string;
  api: string;
  pages: number;
  live: number;
  at: string;
  /** AWS's code when it could not be read. */
  unreadable?: string;
  /** True when reading it again may help. */
  transient?: boolean;
}

/** What became of one resource. */
export interface CertificateEntry {
  region: string;
  type: string;
  id: string;
  state: TaggedResource['state'];
  /** AWS's last word on it, or why it is left. */
  evidence: string;
  at: string;
}

/** What a certificate calls its own shape; another number means another shape. */
export const CERTIFICATE_FORMAT = 'holdfast.certificate/1';

/** The result of cleanup. */
export interface Certificate {
  format: typeof CERTIFICATE_FORMAT;
  experimentId: string;
  account: string;
  verdict: Verdict;
  regions: string[];
  /** Every resource ever seen with its terminal evidence. */
  resources: CertificateEntry[];
  cells: CertificateCell[];
  /** What is left, one line each; empty exactly when the verdict is `clean`. */
  left: string[];
  /** When the two looks began that found nothing alive; absent without them. */
  passes?: { first: string; second: string };
  /** Digest of the plan that was applied. */
  plan?: string;
  startedAt: string;
  finishedAt: string;
}

/** What a later look found, when AWS has stopped to show what was deleted. It is kept beside the certificate. */
export interface Recheck {
  format: 'holdfast.recheck/1';
  experimentId: string;
  account: string;
  verdict: Verdict;
  /** Digest of the certificate that it looks after. */
  certificate: string;
  /** Resources looked at: every id that the certificate names, and whatever showed since. */
  resources: number;
  /** What lives again, or could not be read, one line each. */
  left: string[];
  at: string;
}

/** What a plan says of one resource. */
export interface PlannedResource {
  region: string;
  type: string;
  id: string;
  /** The tags that decide whose it is and whether it may go. */
  tags: Record<string, string>;
  /** `delete`: asked for by id. `ends`: goes with its owner. `keep`: protected, held by others, or of a foreign type. */
  fate: 'delete' | 'ends' | 'keep';
  /** Why it is kept, or with whom it ends. */
  why?: string;
  bills?: Billing;
}

/** What a cleanup would do. The digest is of account, regions, ids, types and tags, in an order of its own. */
export interface PlanDocument {
  format: 'holdfast.plan/1';
  digest: string;
  experimentId: string;
  account: string;
  endpoint: string;
  regions: string[];
  /** True when no regions were named, so that all enabled ones are meant. */
  everyRegion: boolean;
  resources: PlannedResource[];
  cells: CertificateCell[];
  madeAt: string;
}
