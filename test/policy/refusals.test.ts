import { FAILURES } from '../../src/contracts/failures';
import { MESSAGE_EXCEPTIONS } from '../../src/policy/error-table';
import { classify, ERROR_TABLE, failureOf, isOutcome } from '../../src/policy/refusals';

/**
 * What AWS documents, typed out apart from the table: `class scope failure: codes`. The failure is what a call throws.
 */
const DOCUMENTED = `
capacity pool Capacity: InsufficientInstanceCapacity UnfulfillableCapacity InsufficientCapacity InsufficientHostCapacity InsufficientCapacityOnHost InsufficientReservedInstanceCapacity ReservationCapacityExceeded
capacity pool Capacity: Server.InsufficientInstanceCapacity capacity-not-available instance-terminated-no-capacity
capacity subnet Capacity: InsufficientFreeAddressesInSubnet
capacity region Capacity: InsufficientAddressCapacity
capacity zone Capacity: InsufficientVolumeCapacity VolumeTypeNotAvailableInZone placement-group-constraint az-group-constraint
capacity request Capacity: launch-group-constraint constraint-not-fulfillable
not-offered pool Capacity: Unsupported InvalidInstanceType
not-offered zone Capacity: InvalidAvailabilityZone InvalidZone.NotFound
quota family Quota: VcpuLimitExceeded InstanceLimitExceeded MaxSpotInstanceCountExceeded SpotInstanceRequestLimitExceeded limit-exceeded
quota region Quota: MaxSpotFleetRequestCountExceeded MaxFleetCountExceeded ResourceLimitExceeded VolumeLimitExceeded MaxIOPSLimitExceeded NetworkInterfaceLimitExceeded AddressLimitExceeded PrivateIpAddressLimitExceeded AttachmentLimitExceeded HostLimitExceeded PlacementGroupLimitExceeded SecurityGroupLimitExceeded Client.VolumeLimitExceeded
shape request InvalidRequest: RequestResourceCountExceeded ResourceCountExceeded TagLimitExceeded MaxTemplateLimitExceeded MaxDocumentSizeExceeded TargetCapacityLimitExceededException MaxConfigLimitExceededException
throttle none Throttled: RequestLimitExceeded EC2ThrottledException Throttling ThrottlingException ThrottledException TooManyRequestsException SlowDown
transient none ServiceUnavailable: InternalError InternalFailure InternalServerError InternalServiceException ServiceUnavailable Unavailable RequestTimeout RequestTimeoutException ECONNRESET ECONNREFUSED ETIMEDOUT EPIPE TimeoutError
transient pool ServiceUnavailable: Server.InternalError
price pool Capacity: SpotMaxPriceTooLow LimitPriceExceeded price-too-low instance-terminated-by-price
auth account NotAuthorized: UnauthorizedOperation AuthFailure AccessDenied AccessDeniedException InvalidClientTokenId SignatureDoesNotMatch OptInRequired Blocked PendingVerification CustomerKeyHasBeenRevoked Client.InternalError
auth market NotAuthorized: AuthFailure.ServiceLinkedRoleCreationNotPermitted
auth-refresh none CredentialsExpired: ExpiredToken ExpiredTokenException RequestExpired
config request InvalidRequest: InvalidParameter InvalidParameterValue InvalidParameterCombination MissingParameter UnknownParameter ValidationError ValidationException InvalidAMIID.NotFound InvalidAMIID.Malformed InvalidAMIID.Unavailable InvalidSubnetID.NotFound InvalidKeyPair.NotFound InvalidBlockDeviceMapping InvalidUserData.Malformed EncryptedVolumesNotSupported UnsupportedOperation OperationNotPermitted InvalidPlacementGroup.Unknown InvalidVolume.ZoneMismatch Client.InvalidSnapshot.NotFound bad-parameters
config request InvalidRequest: InvalidDocument InvalidDocumentVersion InvalidParameters InvalidOutputFolder InvalidRole InvalidNotificationConfig UnsupportedPlatformType DuplicateInstanceId InvalidPluginName
idempotency request Internal: IdempotentParameterMismatch IdempotentInstanceTerminated
consistency none NotYetVisible: InvalidInstanceID.NotFound InvalidGroup.NotFound InvalidNetworkInterfaceID.NotFound InvalidVolume.NotFound InvalidSpotInstanceRequestID.NotFound InvalidLaunchTemplateName.NotFoundException InvalidLaunchTemplateId.NotFound InvocationDoesNotExist InvalidInstanceId InvalidCommandId
consistency none InUse: IncorrectState IncorrectInstanceState IncorrectSpotRequestState ConcurrentTagAccess VolumeInUse InvalidNetworkInterface.InUse DependencyViolation Resource.AlreadyAssociated
paging none ServiceUnavailable: PaginationTokenExpiredException InvalidNextToken InvalidPaginationToken
done none Internal: DryRunOperation
`;

/** Codes that Holdfast's own calls meet besides: other services' spellings, later states, things already there. */
const BESIDES = `
capacity pool Capacity: Server.SpotInstanceTermination Server.SpotInstanceShutdown instance-stopped-no-capacity marked-for-termination marked-for-stop
quota region Quota: VpcLimitExceeded SubnetLimitExceeded InternetGatewayLimitExceeded RouteTableLimitExceeded RulesPerSecurityGroupLimitExceeded
config request InvalidRequest: InvalidVpc.Range InvalidSubnet.Range
consistency none NotYetVisible: InvalidInternetGatewayID.NotFound InvalidRouteTableID.NotFound InvalidSubnet.Conflict
done none Internal: RouteAlreadyExists
quota region Quota: SnapshotLimitExceeded PendingSnapshotLimitExceeded ConcurrentSnapshotLimitExceeded
throttle none Throttled: SnapshotCreationPerVolumeRateExceeded
transient none ServiceUnavailable: ServiceUnavailableException ENOTFOUND EAI_AGAIN
transient pool ServiceUnavailable: system-error
transient none ServiceUnavailable: fulfilled instance-terminated-by-user instance-stopped-by-user request-canceled-and-instance-running canceled-before-fulfillment instance-terminated-by-schedule schedule-expired instance-terminated-by-service pending-evaluation pending-fulfillment not-scheduled-yet
transient none ServiceUnavailable: Client.UserInitiatedShutdown Client.UserInitiatedHibernate Client.InstanceInitiatedShutdown Client.InstanceTerminated Server.ScheduledStop
capacity request Capacity: instance-terminated-launch-group-constraint
price pool Capacity: instance-stopped-by-price
auth account NotAuthorized: UnrecognizedClientException InvalidSignatureException IncompleteSignature MissingAuthenticationToken
auth-refresh none CredentialsExpired: RequestTimeTooSkewed
config request InvalidRequest: InvalidInput InvalidAction InvalidFleetConfiguration InvalidVpcID.NotFound ParameterNotFound
consistency none NotYetVisible: InvalidSecurityGroupID.NotFound InvalidSnapshot.NotFound
consistency none InUse: InvalidSnapshot.InUse InvalidPlacementGroup.InUse InvalidGroup.InUse
done none Internal: InvalidLaunchTemplateName.AlreadyExistsException InvalidGroup.Duplicate InvalidPermission.Duplicate InvalidPermission.NotFound InvalidKeyPair.Duplicate InvalidPlacementGroup.Duplicate
`;

interface Expected {
  code: string;
  class: string;
  scope: string;
  failure: string;
}

function expected(text: string): Expected[] {
  return text
    .trim()
    .split('\n')
    .flatMap((line) => {
      const [head = '', codes = ''] = line.split(': ');
      const [word = '', scope = '', failure = ''] = head.split(' ');
      return codes.split(' ').map((code) => ({ code, class: word, scope, failure }));
    });
}

const ALL = [...expected(DOCUMENTED), ...expected(BESIDES)];

describe('the table of AWS codes', () => {
  it.each(ALL)('reads $code as $class, blocking $scope, thrown as $failure', (row) => {
    expect(classify(row.code)).toEqual({ class: row.class, scope: row.scope });
    expect(failureOf(row.code)).toBe(row.failure);
  });

  it('holds every code once and no other', () => {
    const codes = ERROR_TABLE.map((row) => row.code);

    expect(new Set(codes).size).toBe(codes.length);
    expect([...codes].sort()).toEqual(ALL.map((row) => row.code).sort());
  });

  it('names the channel of what is no error of a call', () => {
    const channels = Object.fromEntries(ERROR_TABLE.map((row) => [row.code, row.channel ?? 'call']));

    for (const [code, channel] of Object.entries(channels)) {
      const expectedChannel = /^(Server|Client)\./.test(code)
        ? 'state-reason'
        : /^[a-z]+(-[a-z]+)*$/.test(code)
          ? 'spot-status'
          : 'call';
      expect([code, channel]).toEqual([code, expectedChannel]);
    }
  });

  it('throws only words of the failure table', () => {
    for (const { code } of ERROR_TABLE) expect(Object.keys(FAILURES)).toContain(failureOf(code));
  });

  it('never makes a retry of what AWS will refuse again', () => {
    for (const row of ERROR_TABLE) {
      const endsTheRun = ['auth', 'config', 'shape', 'idempotency'].includes(row.class);
      if (endsTheRun) expect([row.code, FAILURES[failureOf(row.code)].terminal]).toEqual([row.code, true]);
      if (row.class === 'throttle' || row.class === 'transient')
        expect([row.code, FAILURES[failureOf(row.code)].terminal]).toEqual([row.code, false]);
    }
  });
});

describe('messages', () => {
  it.each([
    [
      'InsufficientInstanceCapacity',
      "You've reached the limit of instances in this spread placement group. A spread placement group can have up to " +
        'seven instances per Availability Zone.',
      { class: 'capacity', scope: 'zone' },
    ],
    [
      'InvalidParameterValue',
      'Value (lab) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile name',
      { class: 'consistency', scope: 'none' },
    ],
    [
      'InvalidFleetConfiguration',
      'Your requested instance type (c5.large) is not supported in your requested Availability Zone (us-east-1e).',
      { class: 'not-offered', scope: 'pool' },
    ],
    [
      'InvalidInput',
      'The request failed because the payload for the body of the request is too large.',
      { class: 'shape', scope: 'request' },
    ],
  ])('change what %s means when AWS left no other way', (code, message, meaning) => {
    expect(classify(code, message)).toEqual(meaning);
    expect(classify(code, 'something else')).not.toEqual(meaning);
    expect(classify('InternalError', message)).toEqual({ class: 'transient', scope: 'none' });
  });

  it('are read for the listed codes only', () => {
    expect(MESSAGE_EXCEPTIONS.map((row) => row.code).sort()).toEqual([
      'InsufficientInstanceCapacity',
      'InvalidFleetConfiguration',
      'InvalidInput',
      'InvalidParameterValue',
    ]);
  });

  it('decide what is thrown as well', () => {
    expect(failureOf('InvalidParameterValue', 400, 'Invalid IAM Instance Profile name')).toBe('NotYetVisible');
    expect(failureOf('InvalidParameterValue', 400, 'Invalid size')).toBe('InvalidRequest');
  });
});

describe('a code that nobody listed', () => {
  it('is unknown and blocks its pool', () => {
    expect(classify('BrandNewCode')).toEqual({ class: 'unknown', scope: 'pool' });
    expect(isOutcome('unknown')).toBe(false);
  });

  it.each([
    [undefined, 'Unclassified'],
    [400, 'Unclassified'],
    [401, 'NotAuthorized'],
    [403, 'NotAuthorized'],
    [429, 'Throttled'],
    [500, 'ServiceUnavailable'],
    [503, 'ServiceUnavailable'],
  ])('is thrown by its HTTP status %s as %s', (status, failure) => {
    expect(failureOf('BrandNewCode', status)).toBe(failure);
  });

  it('does not let the status overrule a code that is listed', () => {
    expect(failureOf('InsufficientInstanceCapacity', 500)).toBe('Capacity');
    expect(failureOf('RequestLimitExceeded', 503)).toBe('Throttled');
  });
});

it('returns what the workflow has a next move for and throws the rest', () => {
  const classes = [...new Set(ERROR_TABLE.map((row) => row.class))];

  expect(classes.filter(isOutcome).sort()).toEqual(['capacity', 'not-offered', 'price', 'quota']);
});
