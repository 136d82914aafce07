/** What is a scenario? Everything about the simulated AWS that can be chosen, as data; see docs/simulator.md. */
import type { FaultPlan } from './faults';
import type { Range } from './random';
import type { ScenarioName } from './scenario-names';
import type { LossPlan, PoolPattern, TraceRule, WeatherRule } from './scenario-weather';
import type { Market } from './world/state';

export interface Scenario {
  name: string;
  seed: number;
  account: string;
  /** `notOptedIn`: a region that the account has not enabled: listed only when all are asked for, and refusing every call. */
  regions: Record<string, { zones: string[]; notOptedIn?: boolean }>;
  instanceTypes: Record<string, InstanceTypeFacts>;
  /** Types that a zone does not offer; patterns with `*`. */
  notOffered: { region: string; zone: string; type: string }[];
  capacity: CapacityRule[];
  /** Live instances of a pool that no rule names. */
  defaultCapacity: number;
  quotas: QuotaRule[];
  /** Instances that die while pending, with this StateReason. */
  launchFailures: LaunchFailureRule[];
  prices: PriceFacts;
  /** Outages, drains, price moves and hints over time. */
  weather: WeatherRule[];
  /** Losses by chance; each plan draws its own. */
  losses: LossPlan[];
  /** Pools that follow recorded availability. */
  traces: TraceRule[];
  delays: Delays;
  listings: Listings;
  limits: { /** Elastic addresses of a region. */ addresses: number };
  api: ApiLimits;
  faults: FaultPlan;
  images: ScenarioImage[];
  /** Names of instance profiles that do not exist (patterns); all others do. */
  missingProfiles: string[];
  /** SSM parameters of the account, by name; the public ones are always there. */
  parameters: Record<string, string>;
  nodes: NodesPart;
}

export interface InstanceTypeFacts {
  vcpus: number;
  memoryMiB: number;
  arch: 'x86_64' | 'arm64';
  /** US dollars an hour on demand, Linux, us-east-1. */
  onDemandUsd: number;
  gpus?: number;
}

/** How many live instances a pool can hold. First rule that matches wins; `*` is a wildcard in each field. */
export interface CapacityRule extends PoolPattern {
  capacity: number;
}

/** A pool whose instances go from pending to terminated (`times` instances, all when left out). */
export interface LaunchFailureRule extends PoolPattern {
  code: string;
  message?: string;
  times?: number;
}

/** vCPUs allowed for a family group and market in a region (`*` for all). */
export interface QuotaRule {
  region: string;
  group: QuotaGroup | '*';
  market: Market | '*';
  vcpus: number;
}

/** The families that share a vCPU quota: AWS's "Standard" (A, C, D, H, I, M, R, T, Z), G and VT, P, and the rest by letter. */
export type QuotaGroup = 'Standard' | 'G' | 'P' | 'X' | 'F' | 'Inf' | 'Trn' | 'HighMem';

export interface PriceFacts {
  /** Spot price as a share of on-demand, between these ends, by a seeded path. */
  spotShare: Range;
  /** Milliseconds between two price changes of a pool. */
  stepMs: number;
  /** On-demand price of a region relative to us-east-1. */
  regionFactor: Record<string, number>;
}

/** Milliseconds, drawn uniformly from each range. */
export interface Delays {
  launchCall: Range;
  pendingToRunning: Range;
  runningToAgent: Range;
  serviceStart: Range;
  terminate: Range;
  stop: Range;
  start: Range;
  commandDelivery: Range;
  visibilityLag: Range;
  tagIndexLag: Range;
  volumeReady: Range;
  /** From AttachVolume to attached, from DetachVolume to available. */
  volumeAttach: Range;
  volumeDetach: Range;
  /** From CreateSnapshot to completed. */
  snapshotReady: Range;
  /** How long a network interface outlives its terminated instance, its NAT gateway or its endpoint. */
  interfaceLinger: Range;
  /** From CreateNatGateway to available, from DeleteNatGateway to deleted. */
  natGatewayReady: Range;
  natGatewayDelete: Range;
  /** The same of an interface endpoint. */
  endpointReady: Range;
  endpointDelete: Range;
  /** From CreateImage to available. */
  imageReady: Range;
  /** How long a terminated instance, and a deleted NAT gateway, is still described. */
  terminatedVisible: Range;
  /** How long a describe still shows what was deleted; acting on it fails all the same. */
  deleteLag: Range;
  /** How long after a change of tags DescribeTags shows those before it. */
  describeTagsLag: Range;
  /** From DetachNetworkInterface to available. */
  interfaceDetach: Range;
  /** From running until both status checks say ok. */
  statusChecks: Range;
  /** From the warning until the spot request's status shows it. */
  spotStatusLag: Range;
  /** From what happens until its event is delivered. */
  eventDelivery: Range;
}

/** How listings mislead those who read them. Shares of pages are drawn by the seed. */
export interface Listings {
  /** Share of pages that come with half of what they could hold, and a token. */
  shortPages: { ec2: number; tagging: number };
  /** Share of pages that come with nothing but a token. */
  emptyPages: { ec2: number; tagging: number };
  /** How long a token of the tagging API is good for. */
  tagTokenSeconds: number;
  /** How long GetResources still returns what has ended, by type; `*` for all that are not named. */
  tagGhostSeconds: Record<string, number>;
}

export interface ApiLimits {
  /** Whether calls are refused with RequestLimitExceeded when a bucket is empty. */
  throttle: boolean;
  /** Tokens and refill a second per operation; the first pattern that matches wins. */
  buckets: { service: string; operation: string; uncontrolled?: boolean; size: number; refill: number }[];
  /** The resource bucket of RunInstances and CreateFleet, TerminateInstances, StartInstances, StopInstances. */
  resourceBuckets: { operations: string[]; size: number; refill: number }[];
}

export interface ScenarioImage {
  name: string;
  arch: 'x86_64' | 'arm64';
  /** `self` or an account number. */
  owner: string;
  regions?: string[];
  tags?: Record<string, string>;
  createdAt?: string;
}

/** How the machines behave; component names are values of the `Component` tag. */
export interface NodesPart {
  default: NodeScript;
  components: Record<string, NodeScript>;
  /** `ordinal` counts the instances of a component in one experiment in the order they were launched, from 0. */
  overrides: { component: string; ordinal: number; script: NodeScript }[];
  /** How often a scripted node repeats its readiness checks; 1,000 when left out, as the real script does. */
  checkEveryMs?: number;
}

/** All parts optional: what is missing is taken from the default script, then from the built-in behaviour. */
export interface NodeScript {
  services?: Record<string, ServiceScript>;
  commands?: { match: string; exitCode?: number; stdout?: string; stderr?: string; seconds?: number }[];
  steps?: { match: string; exitCode?: number; stdout?: string; stderr?: string; result?: string; seconds?: number }[];
  /** Files put into the node's folder in exec mode, by path; those under `bin/` are executable. */
  files?: Record<string, string>;
  /** The agent never registers. */
  agentNever?: boolean;
}

export interface ServiceScript {
  autostart?: boolean;
  /** From running (autostart) or from `systemctl start` to active; milliseconds. */
  delay?: Range;
  fails?: boolean;
  /** Goes up and down: seconds of each. */
  flaps?: { upSeconds: number; downSeconds: number };
  ports?: PortScript[];
}

export interface PortScript {
  port: number;
  tcp?: { replies: Record<string, string> };
  http?: Record<string, { status: number; body?: string }>;
}

/** What a caller may give: any part of a scenario, over the one it `extends` (`quick` when it does not say). */
export type ScenarioPatch = Partial<Omit<Scenario, 'delays' | 'listings' | 'limits' | 'prices' | 'api' | 'nodes'>> & {
  extends?: ScenarioName;
  delays?: Partial<Delays>;
  listings?: Partial<Listings>;
  limits?: Partial<Scenario['limits']>;
  prices?: Partial<PriceFacts>;
  api?: Partial<ApiLimits>;
  nodes?: Partial<NodesPart>;
};
