/** What exists in the simulated AWS? Plain records; times are epoch milliseconds of Date.now(). */
import type { Agenda } from './agenda';
import type { CallLedger } from '../ledger';
import type { Random } from '../random';
import type { FaultState } from '../faults';
import type { CapacityRule, QuotaRule, Scenario } from '../scenario';
import type { Buckets } from '../throttle';
import type { TokenStore } from '../tokens';
import type { SimEvent } from './events';
import type { SimImage } from './images';
import type { Spell } from './weather';

export type Market = 'spot' | 'on-demand';

/**
 * The resource types of the EC2 `ResourceType` enumeration that this simulator makes, plus `parameter` (of SSM),
 * `foreign` (what a test put into the tag index) and `step` (a run of a node script).
 */
export type ResourceType =
  | 'instance'
  | 'volume'
  | 'snapshot'
  | 'network-interface'
  | 'security-group'
  | 'security-group-rule'
  | 'subnet'
  | 'vpc'
  | 'launch-template'
  | 'fleet'
  | 'spot-instances-request'
  | 'elastic-ip'
  | 'key-pair'
  | 'placement-group'
  | 'natgateway'
  | 'vpc-endpoint'
  | 'route-table'
  | 'internet-gateway'
  | 'image'
  | 'parameter'
  | 'foreign'
  | 'step';

export type Tags = Record<string, string>;

/** What every resource has. `visibleAt` is when describes begin to see it, `tagsIndexedAt` when the tagging API does. */
export interface SimResource {
  id: string;
  type: ResourceType;
  region: string;
  account: string;
  zone?: string;
  tags: Tags;
  createdAt: number;
  visibleAt: number;
  tagsIndexedAt: number;
  /** When its tags last changed, and what they were before; readers that trail show those. */
  taggedAt: number;
  formerTags?: Tags;
  /** Set when the resource is gone (deleted, terminated, released). */
  endedAt?: number;
  /** Every delay that was drawn for this resource, in milliseconds, for the ledger. */
  draws: Record<string, number>;
  /** Order of creation in the region: listings and page tokens go by it. */
  seq: number;
  /** Made with the account (default VPC and its parts), not by a caller: left out of the ledger. */
  furniture?: boolean;
}

export type InstanceState = 'pending' | 'running' | 'shutting-down' | 'terminated' | 'stopping' | 'stopped';

export interface SimInstance extends SimResource {
  type: 'instance';
  instanceId: string;
  zone: string;
  instanceType: string;
  architecture: 'x86_64' | 'arm64';
  vcpus: number;
  market: Market;
  imageId: string;
  subnetId: string;
  vpcId: string;
  privateIp: string;
  publicIp?: string;
  securityGroupIds: string[];
  networkInterfaceIds: string[];
  volumes: { deviceName: string; volumeId: string; deleteOnTermination: boolean; attachedAt: number }[];
  profileArn?: string;
  keyName?: string;
  userData?: string;
  clientToken?: string;
  reservationId: string;
  launchIndex: number;
  placementGroup?: string;
  launchTemplate?: { id: string; name: string; version: string };
  fleetId?: string;
  spotRequestId?: string;
  /** What ends the machine when it shuts itself down. */
  shutdownBehavior: 'stop' | 'terminate';
  terminationProtected: boolean;
  stopProtected: boolean;
  ebsOptimized: boolean;
  sourceDestCheck: boolean;
  /** US dollars an hour, as bought. */
  hourlyPriceUsd: number;
  pendingAt: number;
  runningAt: number;
  /** When the SSM agent registers; undefined without an instance profile. */
  agentOnlineAt?: number;
  stoppingAt?: number;
  stoppedAt?: number;
  terminatingAt?: number;
  terminatedAt?: number;
  stateReason?: { code: string; message: string };
  interruption?: Interruption;
  /** When a rebalance recommendation was given. */
  rebalanceAt?: number;
  scheduled?: ScheduledEvent[];
  /** Status checks that do not pass. */
  impaired?: Partial<Record<'system' | 'instance', Impairment>>;
  /** Since when the SSM agent, once online, does not answer although the machine runs. */
  agentLostAt?: number;
}

export type ReclaimReason = 'no-capacity' | 'by-price';

/** A reclaim: `noticeAt` is when the warning was given, `statusAt` when the request shows it, `at` when the machine is ended. */
export interface Interruption {
  noticeAt: number;
  statusAt: number;
  at: number;
  by: string;
  reason: ReclaimReason;
}

/** The codes of the EC2 `EventCode` enumeration. */
export type EventCode =
  'instance-reboot' | 'system-reboot' | 'system-maintenance' | 'instance-retirement' | 'instance-stop';

export interface ScheduledEvent {
  id: string;
  code: EventCode;
  description: string;
  notBefore: number;
  notAfter?: number;
}

export interface Impairment {
  status: 'impaired' | 'insufficient-data';
  since: number;
}

export interface SimVolume extends SimResource {
  type: 'volume';
  zone: string;
  size: number;
  volumeType: string;
  iops?: number;
  throughput?: number;
  encrypted: boolean;
  snapshotId: string;
  availableAt: number;
  attachment?: {
    instanceId: string;
    device: string;
    attachedAt: number;
    /** When it is attached rather than attaching; at once when absent. */
    readyAt?: number;
    detaching?: boolean;
    deleteOnTermination: boolean;
  };
}

export interface SimSnapshot extends SimResource {
  type: 'snapshot';
  volumeId: string;
  /** GiB of the volume it was taken of. */
  size: number;
  encrypted: boolean;
  description: string;
  /** When it is complete. */
  completedAt: number;
}

export interface SimNetworkInterface extends SimResource {
  type: 'network-interface';
  zone: string;
  subnetId: string;
  vpcId: string;
  privateIp: string;
  /** The address it takes of its subnet: the private one, unless nodes are real processes on loopback. */
  subnetAddress: string;
  description: string;
  securityGroupIds: string[];
  /** Made by AWS for a NAT gateway or an endpoint: no caller can detach or delete it. */
  owner?: { id: string; kind: 'nat_gateway' | 'vpc_endpoint' };
  attachment?: {
    attachmentId: string;
    instanceId: string;
    deviceIndex: number;
    attachedAt: number;
    deleteOnTermination: boolean;
    detaching?: boolean;
  };
}

export interface SimSecurityGroup extends SimResource {
  type: 'security-group';
  name: string;
  description: string;
  vpcId: string;
  rules: Map<string, SimSecurityGroupRule>;
}

export interface SimSecurityGroupRule {
  ruleId: string;
  egress: boolean;
  protocol: string;
  fromPort?: number;
  toPort?: number;
  cidrIpv4?: string;
  cidrIpv6?: string;
  prefixListId?: string;
  referencedGroupId?: string;
  description?: string;
  tags: Tags;
}

export interface SimVpc extends SimResource {
  type: 'vpc';
  cidr: string;
  isDefault: boolean;
  dns: { support: boolean; hostnames: boolean };
}

export interface SimSubnet extends SimResource {
  type: 'subnet';
  zone: string;
  vpcId: string;
  cidr: string;
  defaultForAz: boolean;
  /** Whether machines launched into it get a public address unless the launch says. */
  mapPublicIp: boolean;
  /** Host numbers in use, within the CIDR. */
  used: Set<number>;
  nextHost: number;
}

export interface SimLaunchTemplate extends SimResource {
  type: 'launch-template';
  name: string;
  defaultVersion: number;
  latestVersion: number;
  versions: Map<number, { number: number; description?: string; createdAt: number; data: Record<string, unknown> }>;
}

export interface SimFleet extends SimResource {
  type: 'fleet';
  clientToken?: string;
  request: Record<string, unknown>;
  instanceIds: string[];
  errors: Record<string, unknown>[];
  fulfilled: { spot: number; onDemand: number };
}

export interface SimSpotRequest extends SimResource {
  type: 'spot-instances-request';
  instanceId: string;
  maxPrice: string;
  /** Whether the caller cancelled the request while its instance lived on. */
  cancelledAt?: number;
}

export interface SimAddress extends SimResource {
  type: 'elastic-ip';
  publicIp: string;
  association?: { associationId: string; instanceId?: string; networkInterfaceId?: string; privateIp?: string };
}

export interface SimKeyPair extends SimResource {
  type: 'key-pair';
  name: string;
  fingerprint: string;
  keyType: string;
}

export interface SimPlacementGroup extends SimResource {
  type: 'placement-group';
  name: string;
  strategy: string;
  partitionCount?: number;
}

/** A NAT gateway holds its interface, by it its subnet, and its address when it is public. */
export interface SimNatGateway extends SimResource {
  type: 'natgateway';
  subnetId: string;
  vpcId: string;
  connectivity: 'public' | 'private';
  interfaceId: string;
  privateIp: string;
  allocationId?: string;
  publicIp?: string;
  availableAt: number;
  /** When its deletion was asked for; `endedAt` is when it is deleted. */
  deletingAt?: number;
}

export interface SimVpcEndpoint extends SimResource {
  type: 'vpc-endpoint';
  vpcId: string;
  serviceName: string;
  kind: 'Interface' | 'Gateway';
  policy: string;
  privateDns: boolean;
  subnetIds: string[];
  securityGroupIds: string[];
  routeTableIds: string[];
  interfaceIds: string[];
  availableAt: number;
  deletingAt?: number;
}

export interface SimRoute {
  destination: string;
  /** The request member that named the target, and the target; `local` for the route that every table has. */
  target: { member: 'GatewayId' | 'NatGatewayId' | 'NetworkInterfaceId' | 'InstanceId'; id: string };
  origin: 'CreateRouteTable' | 'CreateRoute';
}

export interface SimRouteTable extends SimResource {
  type: 'route-table';
  vpcId: string;
  main: boolean;
  routes: SimRoute[];
  /** Subnets by id of the association; the main table's own association has none. */
  associations: Map<string, string | undefined>;
}

export interface SimInternetGateway extends SimResource {
  type: 'internet-gateway';
  vpcId?: string;
}

/** An image that a caller made or registered. */
export interface SimOwnImage extends SimResource {
  type: 'image';
  image: SimImage;
  availableAt: number;
  /** The snapshots that it was made of. */
  snapshotIds: string[];
  /** Against deregistration, as DescribeImages says it. */
  protection: 'disabled' | 'enabled-with-cooldown' | 'enabled-without-cooldown';
  /** The end of the cooldown of a protection that was taken off. */
  protectedUntil?: number;
  sourceInstanceId?: string;
}

export interface SimParameter extends SimResource {
  type: 'parameter';
  value: string;
  valueType: string;
  description?: string;
  version: number;
  modifiedAt: number;
}

/** Something of a type that the simulator does not play: tagged and named by an ARN, and nothing more. */
export interface SimForeign extends SimResource {
  type: 'foreign';
  arn: string;
}

/** A run of a node script, so that the ledger can show how often it was started. */
export interface SimStep extends SimResource {
  type: 'step';
  token: string;
  instanceId: string;
  starts: number;
}

/** One region of one account. Handlers look things up by id in the typed maps; `all` holds every resource ever made. */
export interface RegionState {
  /** What describes still show although it was deleted, by the shelf it stood on. */
  leaving: Map<unknown, Map<string, SimResource>>;
  name: string;
  /** Resources ever made here. */
  made: number;
  all: Map<string, SimResource>;
  /** Resources ids by `key=value` of a tag they carry, for filters and the tagging API. */
  tagIndex: Map<string, Set<string>>;
  instances: Map<string, SimInstance>;
  volumes: Map<string, SimVolume>;
  snapshots: Map<string, SimSnapshot>;
  networkInterfaces: Map<string, SimNetworkInterface>;
  securityGroups: Map<string, SimSecurityGroup>;
  vpcs: Map<string, SimVpc>;
  subnets: Map<string, SimSubnet>;
  launchTemplates: Map<string, SimLaunchTemplate>;
  fleets: Map<string, SimFleet>;
  spotRequests: Map<string, SimSpotRequest>;
  addresses: Map<string, SimAddress>;
  keyPairs: Map<string, SimKeyPair>;
  placementGroups: Map<string, SimPlacementGroup>;
  natGateways: Map<string, SimNatGateway>;
  vpcEndpoints: Map<string, SimVpcEndpoint>;
  routeTables: Map<string, SimRouteTable>;
  internetGateways: Map<string, SimInternetGateway>;
  ownImages: Map<string, SimOwnImage>;
  parameters: Map<string, SimParameter>;
  steps: Map<string, SimStep>;
}

/** The whole simulated account. `regions` has one entry per region of the scenario. */
export interface World {
  scenario: Scenario;
  seed: number;
  account: string;
  random: Random;
  regions: Map<string, RegionState>;
  ledger: CallLedger;
  faults: FaultState;
  buckets: Buckets;
  tokens: TokenStore;
  /** What `/_sim` set since the last reset; comes before the rules of the scenario. */
  overrides: { capacity: CapacityRule[]; quotas: QuotaRule[] };
  /** Live instances per pool, and their vCPUs per account, region, quota group and market. */
  occupancy: { pools: Map<string, number>; vcpus: Map<string, number> };
  /** The next loopback address for a node, when nodes are real processes. */
  nextNodeAddress: number;
  /** How often each launch failure rule has struck, by its place in the scenario. */
  launchFailures: number[];
  /** What EventBridge would have delivered, in order. */
  events: SimEvent[];
  /** Every machine that was taken back, in the order of the notices. */
  interrupted: SimInstance[];
  /** When the first machine was launched, and the rules of `/_sim/weather`, the latest first. */
  weather: { startedAt?: number; posted: Spell[] };
  /** What is going to happen, by time. */
  agenda: Agenda;
  /** Whether commands run as real processes, and where the node folders are. */
  exec: boolean;
  dir: string;
  /** Where this server listens, once it does; node shims talk to it. */
  url?: string;
  /** Changed by every reset: work begun before a reset must not write after it. */
  epoch: number;
  /** Called when an instance begins to end (terminate, reclaim, stop) and on reset; the nodes part ends its processes here. */
  onInstanceEnd: ((instance: SimInstance) => void)[];
  onReset: (() => void | Promise<void>)[];
  /** Control calls that parts of the simulator add under `/_sim/`, by path. */
  controls: Map<string, (world: World, body: Record<string, unknown>) => unknown>;
}

export interface HandlerContext {
  world: World;
  region: string;
  account: string;
}

/** One operation: the decoded input of the SDK's shape in, the output of the SDK's shape out; refuses with AwsError. */
export type Handler = (
  input: Record<string, unknown>,
  ctx: HandlerContext,
) => Record<string, unknown> | Promise<Record<string, unknown>>;
export type Handlers = Record<string, Handler>;
