/** Which instances are there? DescribeInstances by ids, by filters, by pages. */
import { STATE_CODES, stateAt } from '../world/instance';
import { findImage } from '../world/images';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, RegionState, SimInstance } from '../world/state';
import { select } from './describe';
import type { Field, Fields } from './filters';
import { renderReservation } from './instance-view';
import { zoneId } from './places';
import { unknownInstance } from './unknown';

/** What is known of a machine only while it has its network. */
const whileUp =
  (now: number, field: Field<SimInstance>): Field<SimInstance> =>
  (instance) =>
    stateAt(instance, now) === 'terminated' ? undefined : field(instance);

function instanceFields(ctx: HandlerContext, state: RegionState, now: number): Fields<SimInstance> {
  return {
    'instance-id': ({ id }) => id,
    'instance-type': ({ instanceType }) => instanceType,
    'instance-state-name': (instance) => stateAt(instance, now),
    'instance-state-code': (instance) => STATE_CODES[stateAt(instance, now)],
    'instance-lifecycle': ({ market }) => (market === 'spot' ? 'spot' : undefined),
    'spot-instance-request-id': ({ spotRequestId }) => spotRequestId,
    'client-token': ({ clientToken }) => clientToken,
    'reservation-id': ({ reservationId }) => reservationId,
    'launch-time': ({ pendingAt }) => new Date(pendingAt).toISOString(),
    'launch-index': ({ launchIndex }) => launchIndex,
    'availability-zone': ({ zone }) => zone,
    'availability-zone-id': ({ zone }) => zoneId(zone),
    'image-id': ({ imageId }) => imageId,
    architecture: ({ architecture }) => architecture,
    'key-name': ({ keyName }) => keyName,
    'owner-id': ({ account }) => account,
    'placement-group-name': ({ placementGroup }) => placementGroup,
    'iam-instance-profile.arn': ({ profileArn }) => profileArn,
    'state-reason-code': (instance) => (stateAt(instance, now) === 'running' ? undefined : instance.stateReason?.code),
    'root-device-type': () => 'ebs',
    'root-device-name': ({ imageId }) => findImage(ctx.world, ctx.region, imageId)?.rootDevice,
    'virtualization-type': () => 'hvm',
    tenancy: () => 'default',
    'block-device-mapping.volume-id': ({ volumes }) => volumes.map(({ volumeId }) => volumeId),
    'block-device-mapping.device-name': ({ volumes }) => volumes.map(({ deviceName }) => deviceName),
    'vpc-id': whileUp(now, ({ vpcId }) => vpcId),
    'subnet-id': whileUp(now, ({ subnetId }) => subnetId),
    'private-ip-address': whileUp(now, ({ privateIp }) => privateIp),
    'ip-address': whileUp(now, ({ publicIp }) => publicIp),
    'instance.group-id': whileUp(now, ({ securityGroupIds }) => securityGroupIds),
    'instance.group-name': whileUp(now, ({ securityGroupIds }) =>
      securityGroupIds.map((id) => state.securityGroups.get(id)?.name ?? ''),
    ),
    'network-interface.network-interface-id': ({ networkInterfaceIds }) => networkInterfaceIds,
    'network-interface.subnet-id': whileUp(now, ({ subnetId }) => subnetId),
    'network-interface.vpc-id': whileUp(now, ({ vpcId }) => vpcId),
    'network-interface.group-id': whileUp(now, ({ securityGroupIds }) => securityGroupIds),
  };
}

const describeInstances: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const now = Date.now();
  const { items, ...more } = select(ctx, state, input, {
    shelf: state.instances,
    fields: instanceFields(ctx, state, now),
    ids: { member: 'InstanceIds', prefix: 'i', malformed: 'InvalidInstanceID.Malformed', unknown: unknownInstance },
    // 5 to 1,000 a page, not together with ids: EC2 API reference, DescribeInstances.
    limits: { min: 5, max: 1000, byDefault: 1000, notWith: 'InstanceIds' },
  });
  const byReservation = new Map<string, SimInstance[]>();
  for (const instance of items) {
    const same = byReservation.get(instance.reservationId);
    if (same) same.push(instance);
    else byReservation.set(instance.reservationId, [instance]);
  }
  return {
    Reservations: [...byReservation.values()].map((instances) => renderReservation(state, instances, now)),
    ...more,
  };
};

export const instanceOperations: Handlers = { DescribeInstances: describeInstances };
