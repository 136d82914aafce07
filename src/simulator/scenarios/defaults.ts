/** What does the world look like when a scenario does not say? Four regions, real types, AWS's own pace. */
import type { ApiLimits, Delays, Listings, Scenario } from '../scenario';
import { CATALOG } from '../world/catalog';

/**
 * Measured on EC2: RunInstances to SSH 25.8 s in the median, of which the call 19 %, pending to running 69 %
 * (16.4 to 17.8 s for all families), boot to SSH 12 % (brevdev/ec2-coldboot-research). The rest is invented in
 * AWS's order of magnitude.
 */
const AWS_DELAYS: Delays = {
  launchCall: [4_500, 5_300],
  pendingToRunning: [16_400, 17_800],
  runningToAgent: [2_800, 3_400],
  serviceStart: [3_000, 8_000],
  terminate: [25_000, 40_000],
  stop: [20_000, 35_000],
  start: [8_000, 12_000],
  commandDelivery: [300, 900],
  visibilityLag: [200, 1_500],
  tagIndexLag: [2_000, 8_000],
  volumeReady: [1_000, 3_000],
  volumeAttach: [1_500, 4_000],
  volumeDetach: [2_000, 6_000],
  // A first snapshot copies every block ever written, so it takes the longer the fuller the disk.
  snapshotReady: [45_000, 90_000],
  interfaceLinger: [500, 3_000],
  // Minutes by what users of Terraform see in its logs; the ends are invented.
  natGatewayReady: [60_000, 120_000],
  natGatewayDelete: [40_000, 90_000],
  endpointReady: [30_000, 90_000],
  endpointDelete: [30_000, 60_000],
  imageReady: [60_000, 180_000],
  // "Terminated instances remain visible for a short while", about an hour (EC2 user guide).
  terminatedVisible: [3_600_000, 3_600_000],
  // A describe may show what is gone, and DescribeTags trail; by how much is not published: not at all, until told.
  deleteLag: [0, 0],
  describeTagsLag: [0, 0],
  interfaceDetach: [2_000, 6_000],
  // Status checks first report after one to three minutes.
  statusChecks: [60_000, 180_000],
  // How far the status trails the warning is not published: none, until measured on AWS.
  spotStatusLag: [0, 0],
  eventDelivery: [500, 2_000],
};

/** The same order of events, hundreds of times faster: what tests wait for is each step, not its length. */
const QUICK_DELAYS: Delays = {
  launchCall: [5, 15],
  pendingToRunning: [60, 120],
  runningToAgent: [30, 80],
  serviceStart: [50, 150],
  terminate: [40, 90],
  stop: [40, 90],
  start: [20, 50],
  commandDelivery: [5, 20],
  visibilityLag: [0, 0],
  tagIndexLag: [10, 50],
  volumeReady: [10, 30],
  volumeAttach: [10, 30],
  volumeDetach: [10, 30],
  snapshotReady: [40, 80],
  interfaceLinger: [5, 20],
  natGatewayReady: [40, 80],
  natGatewayDelete: [40, 90],
  endpointReady: [30, 60],
  endpointDelete: [30, 60],
  imageReady: [40, 80],
  terminatedVisible: [3_600_000, 3_600_000],
  deleteLag: [0, 0],
  describeTagsLag: [0, 0],
  interfaceDetach: [0, 0],
  statusChecks: [50, 100],
  spotStatusLag: [0, 0],
  eventDelivery: [0, 0],
};

/** "Request throttling for the Amazon EC2 API" (EC2 developer guide); SSM and tagging publish none: invented. */
const AWS_LIMITS: ApiLimits = {
  throttle: true,
  buckets: [
    { service: 'ec2', operation: 'Describe*', uncontrolled: true, size: 50, refill: 10 },
    { service: 'ec2', operation: 'Describe*', size: 100, refill: 20 },
    { service: 'ec2', operation: 'RunInstances', size: 5, refill: 2 },
    { service: 'ec2', operation: 'StartInstances', size: 5, refill: 2 },
    { service: 'ec2', operation: 'TerminateInstances', size: 100, refill: 5 },
    { service: 'ec2', operation: 'CreateTags', size: 100, refill: 10 },
    { service: 'ec2', operation: 'DeleteTags', size: 100, refill: 10 },
    { service: 'ec2', operation: '*Volume', size: 100, refill: 5 },
    { service: 'ec2', operation: '*NetworkInterface', size: 100, refill: 5 },
    { service: 'ec2', operation: 'CreateLaunchTemplateVersion', size: 100, refill: 5 },
    { service: 'ec2', operation: '*', size: 50, refill: 5 },
    { service: 'ssm', operation: '*', size: 40, refill: 20 },
    { service: 'tagging', operation: '*', size: 40, refill: 15 },
    { service: 'sts', operation: '*', size: 500, refill: 100 },
  ],
  // Whether CreateFleet pays from RunInstances' bucket is not published; assumed, the careful way.
  resourceBuckets: [
    { operations: ['RunInstances', 'CreateFleet'], size: 1000, refill: 2 },
    { operations: ['StartInstances'], size: 1000, refill: 2 },
    { operations: ['StopInstances'], size: 1000, refill: 20 },
    { operations: ['TerminateInstances'], size: 1000, refill: 20 },
  ],
};

const LISTINGS: Listings = {
  // Of the tagging API invented: enough that a caller who stops at a short page is found out.
  shortPages: { ec2: 0, tagging: 0.2 },
  emptyPages: { ec2: 0, tagging: 0 },
  // API reference, GetResources: a token is valid for 15 minutes.
  tagTokenSeconds: 15 * 60,
  /**
   * By reports of users: instances about an hour (boto/boto3#1704), volumes over 20 minutes (aws/aws-cli#4173), fleets
   * "long after" (aws/aws-cli#8197; 24 h is invented). NAT gateways as long as they are described.
   */
  tagGhostSeconds: { instance: 3_600, volume: 1_200, natgateway: 3_600, fleet: 24 * 3_600 },
};

export const AWS_LIKE: Scenario = {
  name: 'aws-like',
  seed: 1,
  account: '123456789012',
  regions: {
    'us-west-2': { zones: ['us-west-2a', 'us-west-2b', 'us-west-2c', 'us-west-2d'] },
    'us-east-1': { zones: ['us-east-1a', 'us-east-1b', 'us-east-1c', 'us-east-1d', 'us-east-1f'] },
    'us-east-2': { zones: ['us-east-2a', 'us-east-2b', 'us-east-2c'] },
    'eu-west-1': { zones: ['eu-west-1a', 'eu-west-1b', 'eu-west-1c'] },
  },
  instanceTypes: CATALOG,
  // Older zones lack newer families and GPUs: the usual reason for `Unsupported` (which zones is invented).
  notOffered: [
    { region: 'us-west-2', zone: 'us-west-2d', type: 't2.*' },
    { region: 'us-west-2', zone: 'us-west-2d', type: 'p3.*' },
    { region: 'us-east-1', zone: 'us-east-1f', type: 'g6.*' },
    { region: 'eu-west-1', zone: 'eu-west-1c', type: 'p3.*' },
  ],
  capacity: [
    { region: '*', zone: '*', type: 'p3.*', market: 'spot', capacity: 0 },
    { region: '*', zone: '*', type: 'g*', market: 'spot', capacity: 2 },
    { region: '*', zone: '*', type: 'g*', market: 'on-demand', capacity: 20 },
  ],
  defaultCapacity: 1_000,
  // An account in use: new ones begin with 5 standard spot vCPUs and none for GPUs (user guide, "Spot Instance quotas").
  quotas: [
    { region: '*', group: 'Standard', market: '*', vcpus: 5_000 },
    { region: '*', group: 'G', market: '*', vcpus: 64 },
    { region: '*', group: 'P', market: '*', vcpus: 16 },
    { region: '*', group: '*', market: '*', vcpus: 0 },
  ],
  launchFailures: [],
  prices: {
    // Spot saves 60 to 75 % in most pools.
    spotShare: [0.25, 0.42],
    // AWS moves spot prices gradually; a few changes a day per pool.
    stepMs: 4 * 3_600_000,
    regionFactor: { 'us-west-2': 1, 'us-east-1': 1, 'us-east-2': 1, 'eu-west-1': 1.11 },
  },
  weather: [],
  losses: [],
  traces: [],
  delays: AWS_DELAYS,
  listings: LISTINGS,
  // "5 per Region" (EC2 user guide, "Elastic IP address quota").
  limits: { addresses: 5 },
  api: AWS_LIMITS,
  faults: [],
  images: [
    { name: 'pulsar-base-x86_64', arch: 'x86_64', owner: 'self', tags: { Role: 'pulsar-base' } },
    { name: 'pulsar-base-arm64', arch: 'arm64', owner: 'self', tags: { Role: 'pulsar-base' } },
  ],
  missingProfiles: [],
  parameters: {},
  nodes: { default: {}, components: {}, overrides: [] },
};

export const QUICK: Scenario = {
  ...AWS_LIKE,
  name: 'quick',
  delays: QUICK_DELAYS,
  api: { ...AWS_LIMITS, throttle: false },
  // As short as the service delays above.
  nodes: { ...AWS_LIKE.nodes, checkEveryMs: 50 },
};
