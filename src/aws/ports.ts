/** Which AWS operations may Holdfast call? The permission list in our own words; adapters are behind it. */
import type { Architecture, LaunchedNode, Market, Refusal } from '../contracts/capacity';
import type { Disagreement, Removal, ResourceRef, TaggedResource } from '../contracts/inventory';
import type { OwnNetwork } from '../contracts/network';
import type { VolumeShape } from '../contracts/volumes';

/** Every method rejects with a `Failure` of contracts/failures.ts and stops waiting when the signal aborts. */
export interface Call {
  signal?: AbortSignal;
}

/** Where an image comes from: exactly one of the members is set. `{arch}` in a parameter is amd64 or arm64. */
export type ImageSource =
  { id: string } | { ssmParameter: string } | { namePattern: string; owner: string } | { tags: Record<string, string> };

export interface Subnet {
  subnetId: string;
  vpcId: string;
  zone: string;
  freeAddresses: number;
}

export interface SecurityGroupRule {
  protocol: 'tcp' | 'udp' | 'icmp' | '-1';
  fromPort: number;
  toPort: number;
  cidr: string;
}

export interface TemplateRequest {
  /** A name AWS accepts: 3 to 128 of letters, digits and `()./_-`. */
  name: string;
  securityGroupIds: string[];
  instanceProfile?: string;
  /** Plain text; the adapter encodes it. */
  userData?: string;
  keyName?: string;
  /** Data volumes made with the instance; `follows: slot` ones outlive it. */
  volumes: { device: string; sizeGiB: number; type: string; iops?: number; throughputMBps?: number; keep: boolean }[];
  tags: Record<string, string>;
}

export interface FleetRequest {
  templateName: string;
  market: Market;
  allocation: 'price-capacity-optimized' | 'diversified';
  /** At most one subnet per zone. */
  pools: { zone: string; subnetId: string; instanceType: string; imageId: string }[];
  count: number;
  /** Derived by the caller from the workflow; at most 64 ASCII characters. */
  clientToken: string;
  /** On instance, volume, network interface and fleet. */
  tags: Record<string, string>;
}

export interface FleetReply {
  fleetId?: string;
  nodes: LaunchedNode[];
  /** One per refused pool, classified. */
  refusals: Refusal[];
}

export interface InstanceView extends LaunchedNode {
  state: 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';
  /** AWS's StateReason code, when there is one: `Server.SpotInstanceTermination`. */
  stateReason?: string;
  privateIp?: string;
  hasProfile: boolean;
  launchedAt: string;
  tags: Record<string, string>;
}

/** What EC2 says about the spot request behind an instance: `fulfilled`, `marked-for-termination`... */
export interface SpotStatus {
  instanceId: string;
  /** AWS's own word. Source: https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-request-status.html */
  code: string;
  message: string;
  /** ISO time of the last change. */
  at: string;
}

/** An instance with a failed status check or a planned event. */
export interface InstanceTrouble {
  instanceId: string;
  /** True when a status check of AWS fails. */
  impaired: boolean;
  /** ISO time, when AWS says since when. */
  impairedSince?: string;
  /** `code` is AWS's own: `instance-retirement`; `notBefore` an ISO time. Events that are over are left out. */
  events: { code: string; notBefore?: string }[];
}

export interface RehearsalRequest {
  vpcId: string;
  zone: string;
  tags: Record<string, string>;
}

/** One creation that was tried without being made. */
export interface Rehearsal {
  operation: string;
  /** AWS's code and words; absent when it would have been made. */
  refused?: string;
}

/** Launching and watching instances of one region. */
export interface ComputePort {
  /** Types that exist, with what planning needs; unknown types are absent from the answer. */
  instanceTypes(
    types: string[],
    call?: Call,
  ): Promise<
    { instanceType: string; vcpus: number; memoryMiB: number; architecture: Architecture; quotaFamily: string }[]
  >;
  /** Which of the types are offered in which zones. */
  offerings(types: string[], call?: Call): Promise<{ instanceType: string; zone: string }[]>;
  /** The given subnets, those EC2 does not know left out; or those of the default VPC when none are given. */
  subnets(ids: string[] | undefined, call?: Call): Promise<Subnet[]>;
  /** The newest available image for the architecture; undefined when there is none. */
  image(source: ImageSource, architecture: Architecture, call?: Call): Promise<string | undefined>;
  /** Newest Linux spot price per type and zone, in USD per hour. */
  spotPrices(
    types: string[],
    call?: Call,
  ): Promise<{ instanceType: string; zone: string; usd: number; dayUsd: number }[]>;
  /** On-demand Linux price in USD per hour; undefined when the table does not hold it. */
  onDemandPrice(instanceType: string): number | undefined;
  /** The group of that name in the VPC, made when it is missing: open inside, the given rules from outside. */
  ensureSecurityGroup(
    request: { name: string; vpcId: string; ingress: SecurityGroupRule[]; tags: Record<string, string> },
    call?: Call,
  ): Promise<string>;
  /** Lets members of the other groups connect to those of this one on everything; repeatable. */
  allowFrom(groupId: string, fromIds: string[], call?: Call): Promise<void>;
  /** VPCs and security groups with these ids; what EC2 does not know is absent. */
  vpcs(ids: string[], call?: Call): Promise<{ vpcId: string; tags: Record<string, string> }[]>;
  securityGroups(ids: string[], call?: Call): Promise<{ groupId: string; vpcId: string }[]>;
  /** The experiment's network in this region: found by its tags, made or completed where it is missing. */
  ensureNetwork(
    request: { cidr: string; zones: string[]; tags: Record<string, string> },
    call?: Call,
  ): Promise<OwnNetwork>;
  /** Creates the template, or keeps the one of that name. */
  ensureTemplate(request: TemplateRequest, call?: Call): Promise<void>;
  /** Rejects with NotAuthorized or InvalidRequest when the request could not succeed; buys nothing. */
  rehearseFleet(request: FleetRequest, call?: Call): Promise<void>;
  /** Dry runs of what an experiment makes beside its fleet; never rejects for a refusal. */
  rehearseCreations(request: RehearsalRequest, call?: Call): Promise<Rehearsal[]>;
  /** One CreateFleet of type instant. Partial success is a reply, not an error. */
  fleet(request: FleetRequest, call?: Call): Promise<FleetReply>;
  /** Instances of a launch by its LaunchID tag, ended ones left out. */
  launchedBy(launchId: string, call?: Call): Promise<InstanceView[]>;
  /** Instances that carry both ownership tags of the experiment; ended ones, while EC2 shows them, when wanted. */
  ofExperiment(experimentId: string, call?: Call & { withEnded?: boolean }): Promise<InstanceView[]>;
  /** The same for the tags of an installation, whichever experiment they belong to. */
  ofInstallation(installation: string, call?: Call & { withEnded?: boolean }): Promise<InstanceView[]>;
  /** Every instance of the region, whoever owns it, that AWS sees trouble with. A fixed number of calls but for pages. */
  troubles(call?: Call): Promise<InstanceTrouble[]>;
  /** The instances with these ids; ids EC2 does not know are absent. */
  instances(ids: string[], call?: Call): Promise<InstanceView[]>;
  /** Spot requests of these instances; on-demand and unknown ones are absent. A notice of interruption shows here first. */
  spotStatuses(ids: string[], call?: Call): Promise<SpotStatus[]>;
  /** Ends them; ids EC2 no longer knows count as ended. */
  terminate(ids: string[], call?: Call): Promise<void>;
  /** Adds tags to up to 1,000 resources at once. */
  tag(ids: string[], tags: Record<string, string>, call?: Call): Promise<void>;
}

export interface VolumeView {
  volumeId: string;
  zone: string;
  /** AWS's own word: `creating`, `available`, `in-use`, `deleting`, `error`. */
  state: string;
  /** `state` is AWS's own word: `attaching`, `attached`, `detaching`, `busy`. */
  attachment?: { instanceId: string; device: string; state: string };
  tags: Record<string, string>;
}

export interface VolumeRequest extends VolumeShape {
  zone: string;
  /** Copied from it when given; it must be complete. */
  snapshotId?: string;
  /** Derived by the caller from the workflow; at most 64 ASCII characters. */
  clientToken: string;
  tags: Record<string, string>;
}

export interface SnapshotView {
  snapshotId: string;
  /** AWS's own word: `pending`, `completed`, `error`. */
  state: string;
  /** ISO time. */
  startedAt: string;
  tags: Record<string, string>;
}

/** Moving and copying the data volumes of one region. */
export interface VolumesPort {
  /** The volumes with these ids; ids EC2 does not know are absent. */
  describe(ids: string[], call?: Call): Promise<VolumeView[]>;
  /** Volumes attached to these instances. */
  ofInstances(ids: string[], call?: Call): Promise<VolumeView[]>;
  /** Asks for an attachment to a running instance of the same zone; `InUse` while something holds the volume. */
  attach(request: { volumeId: string; instanceId: string; device: string }, call?: Call): Promise<void>;
  /** Makes a volume and answers with its id; a repeated token answers the same id. */
  create(request: VolumeRequest, call?: Call): Promise<string>;
  /** Begins a snapshot and answers with its id. EC2 takes no token for it: look by `LaunchID` before repeating. */
  snapshot(request: { volumeId: string; tags: Record<string, string> }, call?: Call): Promise<string>;
  /** Snapshots of ours that carry one of these `LaunchID` tags. */
  snapshots(launchIds: string[], call?: Call): Promise<SnapshotView[]>;
}

export interface Invocation {
  instanceId: string;
  status: 'Pending' | 'InProgress' | 'Delayed' | 'Success' | 'Cancelled' | 'TimedOut' | 'Failed' | 'Cancelling';
  exitCode?: number;
  /** At most 2,500 characters here; see `output`. */
  stdout: string;
}

/** Running commands on nodes of one region through SSM. */
export interface CommandsPort {
  /** Ids of those whose agent answers, with the agent's version. */
  online(ids: string[], call?: Call): Promise<{ instanceId: string; agentVersion: string }[]>;
  /**
   * Sends a bash script to at most 50 nodes and answers with the command id.
   * `NotYetVisible` when an agent has not registered yet.
   */
  send(
    request: { ids: string[]; script: string; timeoutSeconds: number; comment: string },
    call?: Call,
  ): Promise<string>;
  /** Every invocation of the command, all pages. Empty right after `send`. */
  invocations(commandId: string, call?: Call): Promise<Invocation[]>;
  /** Up to 24,000 characters of output of one node. `NotYetVisible` right after `send`. */
  output(commandId: string, instanceId: string, call?: Call): Promise<Invocation & { stderr: string }>;
  cancel(commandId: string, ids: string[], call?: Call): Promise<void>;
}

export interface Discovery {
  resources: TaggedResource[];
  /** What was read, page by page to the last token. */
  sources: DiscoverySource[];
}

/** One API read to its last page, or why it could not be. */
export interface DiscoverySource extends Disagreement {
  api: string;
  /** A resource type, or the name of a tag index. */
  subject: string;
  pages: number;
  live: number;
  /** AWS's code and words. A source that could not be read never counts as empty. */
  unreadable?: string;
  /** True when reading it again may help. */
  transient?: boolean;
}

export interface DiscoverOptions extends Call {
  /**
   * `full` (default): both indexes, and by tag every kind that Holdfast makes; all kinds where any of these found
   * something. `index`: the two indexes only. `seen`: only the resources of `seen`, and what holds them.
   */
  depth?: 'full' | 'index' | 'seen';
  /** Resources found before; each is confirmed again by its id. */
  seen?: ResourceRef[];
}

/** Finding and deleting what carries an experiment's tags in one region. */
export interface InventoryPort {
  /**
   * Both tag indexes and a Describe by tag of every kind Holdfast creates, confirmed by a Describe of each id.
   * What cannot be read is said in `sources` and does not reject.
   */
  discover(experimentId: string, options?: DiscoverOptions): Promise<Discovery>;
  /** The present state of resources found before, `gone` for ids AWS no longer knows. */
  describe(resources: ResourceRef[], call?: Call): Promise<TaggedResource[]>;
  /**
   * Asks AWS to delete resources of one type (batched where the API batches). One answer per id.
   * Rejects with `NotOurs` when a resource lacks an ownership tag of the experiment.
   */
  remove(experimentId: string, resources: TaggedResource[], call?: Call): Promise<Removal[]>;
}

/** A living resource that carries our tag, of whichever experiment and installation. */
export interface Holding {
  type: string;
  id: string;
  tags: Record<string, string>;
  /** ISO; only instances and launch templates are dated. */
  createdAt?: string;
}

export interface Holdings {
  holdings: Holding[];
  /** What was read to its last page, and what could not be. */
  sources: DiscoverySource[];
}

export interface Identity {
  account: string;
  /** Empty for AWS itself, else the URL of the endpoint. */
  endpoint: string;
}

/** Everything activities may do to AWS. Clients inside do not retry: Temporal does. */
export interface Cloud {
  identity(call?: Call): Promise<Identity>;
  regions(call?: Call): Promise<string[]>;
  compute(region: string): ComputePort;
  commands(region: string): CommandsPort;
  inventory(region: string): InventoryPort;
  /** Everything alive in a region that carries our tag. What cannot be read is said in `sources` and does not reject. */
  holdings(region: string, call?: Call): Promise<Holdings>;
  volumes(region: string): VolumesPort;
  /** The value of an own SSM parameter; undefined when there is none. */
  secret(parameter: string, call?: Call): Promise<string | undefined>;
}
