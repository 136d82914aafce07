/** How is a spot instance's request doing? Its status code moves at the warning, before the instance does. */
import { stateAt } from '../world/instance';
import { BY_SPOT } from '../world/lifecycle';
import { regionState } from '../world/world';
import type { Handler, Handlers, Interruption, RegionState, SimInstance, SimSpotRequest } from '../world/state';
import { find, select } from './describe';
import type { Fields } from './filters';
import { defined, missing, texts } from './input';
import { tagList } from './tag-specs';
import { unknownSpotRequest } from './unknown';

interface Status {
  state: 'active' | 'closed' | 'cancelled' | 'failed';
  code: string;
  message: string;
  at: number;
}

/**
 * "Spot Instance request status" (EC2 user guide). On a reclaim the code goes straight to
 * instance-terminated-no-capacity at the warning, while the instance still runs.
 */
function statusOf(request: SimSpotRequest, instance: SimInstance | undefined, now: number): Status {
  const ended = instance?.terminatingAt ?? instance?.terminatedAt;
  const taken = instance?.interruption && takenStatus(instance.interruption, ended, now);
  if (taken) return taken;
  if (instance && ended !== undefined && now >= ended) return endedStatus(request, instance, ended);
  if (request.cancelledAt !== undefined) {
    return status(
      'cancelled',
      'request-canceled-and-instance-running',
      'Your Spot request is canceled, but your instance is still running.',
      request.cancelledAt,
    );
  }
  return status('active', 'fulfilled', 'Your spot request is fulfilled.', request.createdAt);
}

/**
 * What the warning makes of the status: for lack of capacity the final code at once; else marked, and the final code
 * when the machine ends. Undefined while the status does not show it, or when someone else ended a marked machine.
 */
function takenStatus({ reason, statusAt }: Interruption, ended: number | undefined, now: number): Status | undefined {
  if (now < statusAt) return undefined;
  if (reason === 'no-capacity') {
    return status(
      'closed',
      'instance-terminated-no-capacity',
      'Your instance was terminated because there is no longer enough Spot capacity available.',
      statusAt,
    );
  }
  if (ended !== undefined && now >= ended) return undefined;
  return status('active', 'marked-for-termination', 'Your Spot instance is marked for termination.', statusAt);
}

function byPrice(at: number): Status {
  return status(
    'closed',
    'instance-terminated-by-price',
    'Your instance was terminated because the Spot price exceeded your maximum price.',
    at,
  );
}

function endedStatus(request: SimSpotRequest, instance: SimInstance, at: number): Status {
  const code = instance.stateReason?.code ?? '';
  const state = request.cancelledAt === undefined ? 'closed' : 'cancelled';
  if (code === BY_SPOT.code) return { ...byPrice(at), state };
  if (code.startsWith('Server.'))
    return status('failed', 'system-error', `There was an unexpected system error: ${code}`, at);
  return status(
    state,
    'instance-terminated-by-user',
    'Spot Instance terminated due to user-initiated termination.',
    at,
  );
}

function status(state: Status['state'], code: string, message: string, at: number): Status {
  return { state, code, message, at };
}

function fieldsOf(state: RegionState, now: number): Fields<SimSpotRequest> {
  const of = (request: SimSpotRequest): SimInstance | undefined => state.instances.get(request.instanceId);
  return {
    'spot-instance-request-id': ({ id }) => id,
    'instance-id': ({ instanceId }) => instanceId,
    state: (request) => statusOf(request, of(request), now).state,
    'status-code': (request) => statusOf(request, of(request), now).code,
    'status-message': (request) => statusOf(request, of(request), now).message,
    type: () => 'one-time',
    'spot-price': ({ maxPrice }) => maxPrice,
    'create-time': ({ createdAt }) => new Date(createdAt).toISOString(),
    'product-description': () => 'Linux/UNIX',
    'launched-availability-zone': ({ zone }) => zone,
    'launch.instance-type': (request) => of(request)?.instanceType,
    'launch.image-id': (request) => of(request)?.imageId,
  };
}

const describeSpotInstanceRequests: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const now = Date.now();
  const { items, ...more } = select(ctx, state, input, {
    shelf: state.spotRequests,
    fields: fieldsOf(state, now),
    ids: {
      member: 'SpotInstanceRequestIds',
      prefix: 'sir',
      malformed: 'InvalidSpotInstanceRequestID.Malformed',
      unknown: unknownSpotRequest,
    },
    // 5 to 1,000 a page, not together with ids: EC2 API reference, DescribeSpotInstanceRequests.
    limits: { min: 5, max: 1000, notWith: 'SpotInstanceRequestIds' },
  });
  return {
    SpotInstanceRequests: items.map((request) => render(request, state.instances.get(request.instanceId), now)),
    ...more,
  };
};

function render(request: SimSpotRequest, instance: SimInstance | undefined, now: number): Record<string, unknown> {
  const { state, code, message, at } = statusOf(request, instance, now);
  const gone = instance === undefined || stateAt(instance, now) === 'terminated';
  return defined({
    SpotInstanceRequestId: request.id,
    InstanceId: request.instanceId,
    State: state,
    Status: { Code: code, Message: message, UpdateTime: new Date(at) },
    Type: 'one-time',
    SpotPrice: request.maxPrice,
    CreateTime: new Date(request.createdAt),
    ProductDescription: 'Linux/UNIX',
    InstanceInterruptionBehavior: 'terminate',
    LaunchedAvailabilityZone: request.zone,
    LaunchSpecification: gone
      ? undefined
      : {
          ImageId: instance.imageId,
          InstanceType: instance.instanceType,
          SubnetId: instance.subnetId,
          Placement: { AvailabilityZone: instance.zone },
          SecurityGroups: instance.securityGroupIds.map((GroupId) => ({ GroupId })),
        },
    Tags: tagList(request.tags),
  });
}

/** Cancelling leaves the instance running. */
const cancelSpotInstanceRequests: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const ids = texts(input, 'SpotInstanceRequestIds');
  if (ids.length === 0) throw missing('SpotInstanceRequestId');
  const requests = ids.map((id) => find(ctx, state.spotRequests, id, unknownSpotRequest));
  for (const request of requests) request.cancelledAt ??= Date.now();
  const now = Date.now();
  return {
    CancelledSpotInstanceRequests: requests.map((request) => ({
      SpotInstanceRequestId: request.id,
      State: statusOf(request, state.instances.get(request.instanceId), now).state,
    })),
  };
};

export const spotRequestOperations: Handlers = {
  DescribeSpotInstanceRequests: describeSpotInstanceRequests,
  CancelSpotInstanceRequests: cancelSpotInstanceRequests,
};
