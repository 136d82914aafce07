/** Which codes does AWS refuse with, and what does each mean and block? The one table of codes. */
import type { ErrorClass, RefusalScope } from '../contracts/capacity';
import type { FailureType } from '../contracts/failures';

/** Where a code is met: as the error of a call or of a fleet reply, in an instance's StateReason, in a spot request. */
export type ErrorChannel = 'call' | 'state-reason' | 'spot-status';

/** What one code means. */
export interface ErrorRow {
  code: string;
  class: ErrorClass;
  scope: RefusalScope;
  /** `call` when absent. */
  channel?: ErrorChannel;
  /** The failure to throw when it is not the usual one of the class. */
  failure?: FailureType;
  note?: string;
}

type Group = Omit<ErrorRow, 'code'> & { codes: string[] };

/*
 * Sources: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/errors-overview.html,
 * https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/spot-request-status.html,
 * https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_StateReason.html,
 * and the error models of SSM, STS and the tagging API in the AWS SDK.
 */
const GROUPS: Group[] = [
  {
    class: 'capacity',
    scope: 'pool',
    codes: [
      'InsufficientInstanceCapacity',
      'UnfulfillableCapacity',
      'InsufficientCapacity',
      'InsufficientHostCapacity',
      'InsufficientCapacityOnHost',
      'InsufficientReservedInstanceCapacity',
      'ReservationCapacityExceeded',
    ],
  },
  {
    class: 'capacity',
    scope: 'pool',
    channel: 'state-reason',
    note: 'a pool that takes nodes back is as dry as one that refuses them',
    codes: ['Server.InsufficientInstanceCapacity', 'Server.SpotInstanceTermination', 'Server.SpotInstanceShutdown'],
  },
  {
    class: 'capacity',
    scope: 'pool',
    channel: 'spot-status',
    codes: [
      'capacity-not-available',
      'instance-terminated-no-capacity',
      'instance-stopped-no-capacity',
      'marked-for-termination',
      'marked-for-stop',
    ],
  },
  { class: 'capacity', scope: 'subnet', codes: ['InsufficientFreeAddressesInSubnet'] },
  {
    class: 'capacity',
    scope: 'region',
    note: 'public addresses of the region',
    codes: ['InsufficientAddressCapacity'],
  },
  {
    class: 'capacity',
    scope: 'zone',
    note: 'of a volume type',
    codes: ['InsufficientVolumeCapacity', 'VolumeTypeNotAvailableInZone'],
  },
  {
    class: 'capacity',
    scope: 'zone',
    channel: 'spot-status',
    codes: ['placement-group-constraint', 'az-group-constraint'],
  },
  {
    class: 'capacity',
    scope: 'request',
    channel: 'spot-status',
    note: 'another request without the constraint may pass',
    codes: ['launch-group-constraint', 'instance-terminated-launch-group-constraint', 'constraint-not-fulfillable'],
  },
  { class: 'not-offered', scope: 'pool', codes: ['Unsupported', 'InvalidInstanceType'] },
  { class: 'not-offered', scope: 'zone', codes: ['InvalidAvailabilityZone', 'InvalidZone.NotFound'] },
  {
    class: 'quota',
    scope: 'family',
    codes: [
      'VcpuLimitExceeded',
      'InstanceLimitExceeded',
      'MaxSpotInstanceCountExceeded',
      'SpotInstanceRequestLimitExceeded',
    ],
  },
  { class: 'quota', scope: 'family', channel: 'spot-status', codes: ['limit-exceeded'] },
  {
    class: 'quota',
    scope: 'region',
    codes: [
      'MaxSpotFleetRequestCountExceeded',
      'MaxFleetCountExceeded',
      'ResourceLimitExceeded',
      'VolumeLimitExceeded',
      'MaxIOPSLimitExceeded',
      'NetworkInterfaceLimitExceeded',
      'AddressLimitExceeded',
      'PrivateIpAddressLimitExceeded',
      'AttachmentLimitExceeded',
      'HostLimitExceeded',
      'PlacementGroupLimitExceeded',
      'SecurityGroupLimitExceeded',
      'SnapshotLimitExceeded',
      'PendingSnapshotLimitExceeded',
      'ConcurrentSnapshotLimitExceeded',
    ],
  },
  {
    class: 'quota',
    scope: 'region',
    note: 'networks',
    codes: [
      'VpcLimitExceeded',
      'SubnetLimitExceeded',
      'InternetGatewayLimitExceeded',
      'RouteTableLimitExceeded',
      'RulesPerSecurityGroupLimitExceeded',
    ],
  },
  { class: 'quota', scope: 'region', channel: 'state-reason', codes: ['Client.VolumeLimitExceeded'] },
  {
    class: 'shape',
    scope: 'request',
    codes: [
      'RequestResourceCountExceeded',
      'ResourceCountExceeded',
      'TagLimitExceeded',
      'MaxTemplateLimitExceeded',
      'MaxDocumentSizeExceeded',
      'TargetCapacityLimitExceededException',
      'MaxConfigLimitExceededException',
    ],
  },
  {
    class: 'throttle',
    scope: 'none',
    codes: [
      'RequestLimitExceeded',
      'SnapshotCreationPerVolumeRateExceeded',
      'EC2ThrottledException',
      'Throttling',
      'ThrottlingException',
      'ThrottledException',
      'TooManyRequestsException',
      'SlowDown',
    ],
  },
  {
    class: 'transient',
    scope: 'none',
    codes: [
      'InternalError',
      'InternalFailure',
      'InternalServerError',
      'InternalServiceException',
      'ServiceUnavailable',
      'ServiceUnavailableException',
      'Unavailable',
      'RequestTimeout',
      'RequestTimeoutException',
    ],
  },
  {
    class: 'transient',
    scope: 'none',
    note: 'the connection broke; whether the request had an effect is unknown',
    codes: ['TimeoutError', 'ECONNRESET', 'ECONNREFUSED', 'ETIMEDOUT', 'EPIPE', 'ENOTFOUND', 'EAI_AGAIN'],
  },
  {
    class: 'transient',
    scope: 'pool',
    channel: 'state-reason',
    note: 'launched again, and counted against the pool',
    codes: ['Server.InternalError'],
  },
  { class: 'transient', scope: 'pool', channel: 'spot-status', codes: ['system-error'] },
  {
    class: 'transient',
    scope: 'none',
    channel: 'spot-status',
    note: 'nothing is wrong, somebody ended it, or its own time was over: says nothing about the pool',
    codes: [
      'fulfilled',
      'instance-terminated-by-user',
      'instance-stopped-by-user',
      'request-canceled-and-instance-running',
      'canceled-before-fulfillment',
      'instance-terminated-by-schedule',
      'schedule-expired',
      'instance-terminated-by-service',
      'pending-evaluation',
      'pending-fulfillment',
      'not-scheduled-yet',
    ],
  },
  {
    class: 'transient',
    scope: 'none',
    channel: 'state-reason',
    note: 'somebody ended it, or AWS had planned to stop this one machine: says nothing about the pool',
    codes: [
      'Client.UserInitiatedShutdown',
      'Client.UserInitiatedHibernate',
      'Client.InstanceInitiatedShutdown',
      'Client.InstanceTerminated',
      'Server.ScheduledStop',
    ],
  },
  { class: 'price', scope: 'pool', codes: ['SpotMaxPriceTooLow', 'LimitPriceExceeded'] },
  {
    class: 'price',
    scope: 'pool',
    channel: 'spot-status',
    codes: ['price-too-low', 'instance-terminated-by-price', 'instance-stopped-by-price'],
  },
  {
    class: 'auth',
    scope: 'account',
    codes: [
      'UnauthorizedOperation',
      'AuthFailure',
      'AccessDenied',
      'AccessDeniedException',
      'InvalidClientTokenId',
      'UnrecognizedClientException',
      'SignatureDoesNotMatch',
      'InvalidSignatureException',
      'IncompleteSignature',
      'MissingAuthenticationToken',
      'OptInRequired',
      'Blocked',
      'PendingVerification',
      'CustomerKeyHasBeenRevoked',
    ],
  },
  {
    class: 'auth',
    scope: 'market',
    note: 'spot needs its service-linked role; on-demand may go on',
    codes: ['AuthFailure.ServiceLinkedRoleCreationNotPermitted'],
  },
  {
    class: 'auth',
    scope: 'account',
    channel: 'state-reason',
    note: 'most often a missing grant on the KMS key of a volume',
    codes: ['Client.InternalError'],
  },
  {
    class: 'auth-refresh',
    scope: 'none',
    codes: ['ExpiredToken', 'ExpiredTokenException', 'RequestExpired', 'RequestTimeTooSkewed'],
  },
  {
    class: 'config',
    scope: 'request',
    codes: [
      'InvalidParameter',
      'InvalidParameterValue',
      'InvalidParameterCombination',
      'MissingParameter',
      'UnknownParameter',
      'ValidationError',
      'ValidationException',
      'InvalidInput',
      'InvalidAction',
      'InvalidFleetConfiguration',
      'InvalidAMIID.NotFound',
      'InvalidAMIID.Malformed',
      'InvalidAMIID.Unavailable',
      'InvalidSubnetID.NotFound',
      'InvalidVpcID.NotFound',
      'InvalidKeyPair.NotFound',
      'InvalidBlockDeviceMapping',
      'InvalidUserData.Malformed',
      'EncryptedVolumesNotSupported',
      'UnsupportedOperation',
      'OperationNotPermitted',
      'InvalidPlacementGroup.Unknown',
      'InvalidVolume.ZoneMismatch',
      'InvalidVpc.Range',
      'InvalidSubnet.Range',
    ],
  },
  { class: 'config', scope: 'request', channel: 'state-reason', codes: ['Client.InvalidSnapshot.NotFound'] },
  { class: 'config', scope: 'request', channel: 'spot-status', codes: ['bad-parameters'] },
  {
    class: 'config',
    scope: 'request',
    note: 'SSM',
    codes: [
      'InvalidDocument',
      'InvalidDocumentVersion',
      'InvalidParameters',
      'InvalidOutputFolder',
      'InvalidRole',
      'InvalidNotificationConfig',
      'UnsupportedPlatformType',
      'DuplicateInstanceId',
      'InvalidPluginName',
      'ParameterNotFound',
    ],
  },
  {
    class: 'idempotency',
    scope: 'request',
    note: 'the token was used for another request: a defect',
    codes: ['IdempotentParameterMismatch'],
  },
  {
    class: 'idempotency',
    scope: 'request',
    note: 'what the first call launched has ended; a new request needs a new token',
    codes: ['IdempotentInstanceTerminated'],
  },
  {
    class: 'consistency',
    scope: 'none',
    note: 'just made, or made a moment ago and not readable yet',
    codes: [
      'InvalidInstanceID.NotFound',
      'InvalidGroup.NotFound',
      'InvalidSecurityGroupID.NotFound',
      'InvalidNetworkInterfaceID.NotFound',
      'InvalidVolume.NotFound',
      'InvalidSnapshot.NotFound',
      'InvalidSpotInstanceRequestID.NotFound',
      'InvalidLaunchTemplateName.NotFoundException',
      'InvalidLaunchTemplateId.NotFound',
    ],
  },
  {
    class: 'consistency',
    scope: 'none',
    note: 'parts of a network made a moment ago; a block that is taken belongs to a subnet that does not show yet',
    codes: ['InvalidInternetGatewayID.NotFound', 'InvalidRouteTableID.NotFound', 'InvalidSubnet.Conflict'],
  },
  {
    class: 'consistency',
    scope: 'none',
    note: 'SSM: the agent has not registered, or the command was sent a moment ago',
    codes: ['InvocationDoesNotExist', 'InvalidInstanceId', 'InvalidCommandId'],
  },
  {
    class: 'consistency',
    scope: 'none',
    failure: 'InUse',
    note: 'something has to change state or let go first',
    codes: [
      'IncorrectState',
      'IncorrectInstanceState',
      'IncorrectSpotRequestState',
      'ConcurrentTagAccess',
      'VolumeInUse',
      'InvalidSnapshot.InUse',
      'InvalidNetworkInterface.InUse',
      'InvalidPlacementGroup.InUse',
      'InvalidGroup.InUse',
      'DependencyViolation',
      'Resource.AlreadyAssociated',
    ],
  },
  {
    class: 'paging',
    scope: 'none',
    codes: ['PaginationTokenExpiredException', 'InvalidNextToken', 'InvalidPaginationToken'],
  },
  { class: 'done', scope: 'none', note: 'the rehearsal would have succeeded', codes: ['DryRunOperation'] },
  {
    class: 'done',
    scope: 'none',
    note: 'what was to be made is there already, what was to go is gone',
    codes: [
      'InvalidLaunchTemplateName.AlreadyExistsException',
      'InvalidGroup.Duplicate',
      'InvalidPermission.Duplicate',
      'InvalidPermission.NotFound',
      'InvalidKeyPair.Duplicate',
      'InvalidPlacementGroup.Duplicate',
      'RouteAlreadyExists',
    ],
  },
];

/** Every code Holdfast knows, once each. */
export const ERROR_TABLE: readonly ErrorRow[] = GROUPS.flatMap(({ codes, ...row }) =>
  codes.map((code) => ({ code, ...row })),
);

/**
 * The codes whose message changes their meaning, because AWS left no other way to tell. A row of the table with one
 * more condition: the message contains `text`. Nothing else in Holdfast reads a message.
 */
export const MESSAGE_EXCEPTIONS: readonly (ErrorRow & { text: string })[] = [
  {
    code: 'InsufficientInstanceCapacity',
    text: 'limit of instances in this spread placement group',
    class: 'capacity',
    scope: 'zone',
    note: 'seven per zone, https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/placement-strategies.html',
  },
  {
    code: 'InvalidParameterValue',
    text: 'Invalid IAM Instance Profile',
    class: 'consistency',
    scope: 'none',
    note: 'IAM takes seconds to make a new instance profile known to EC2',
  },
  {
    code: 'InvalidFleetConfiguration',
    text: 'not supported in your requested Availability Zone',
    class: 'not-offered',
    scope: 'pool',
    note: 'what a single launch calls Unsupported',
  },
  {
    code: 'InvalidInput',
    text: 'body of the request is too large',
    class: 'shape',
    scope: 'request',
    note: 'EC2 has no code for it',
  },
];
