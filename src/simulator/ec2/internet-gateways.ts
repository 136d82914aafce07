/** Which internet gateways are there? At most one per VPC; attached, detached when no public address is mapped, then deleted. */
import { AwsError } from '../errors';
import { stateAt } from '../world/instance';
import { newId } from '../world/ids';
import { addResource, endResource, newResource } from '../world/resources';
import { regionState } from '../world/world';
import type { Handler, Handlers, RegionState, SimInternetGateway } from '../world/state';
import { find, select } from './describe';
import type { Fields } from './filters';
import { need } from './input';
import { tagList, tagSpecs } from './tag-specs';
import { unknownInternetGateway, unknownVpc } from './unknown';

const createInternetGateway: Handler = (input, ctx) => {
  const { 'internet-gateway': tags } = tagSpecs(input, ['internet-gateway']);
  const gateway = addResource<SimInternetGateway>(regionState(ctx), {
    ...newResource(ctx, 'internet-gateway', newId(ctx.world, 'igw'), tags),
  });
  return { InternetGateway: render(gateway) };
};

const FIELDS: Fields<SimInternetGateway> = {
  'internet-gateway-id': ({ id }) => id,
  'attachment.vpc-id': ({ vpcId }) => vpcId,
  'attachment.state': ({ vpcId }) => (vpcId === undefined ? undefined : 'available'),
  'owner-id': ({ account }) => account,
};

const describeInternetGateways: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const { items, ...more } = select(ctx, state, input, {
    shelf: state.internetGateways,
    fields: FIELDS,
    ids: {
      member: 'InternetGatewayIds',
      prefix: 'igw',
      malformed: 'InvalidInternetGatewayId.Malformed',
      unknown: unknownInternetGateway,
    },
    // 5 to 1,000 a page: EC2 API reference, DescribeInternetGateways.
    limits: { min: 5, max: 1000, notWith: 'InternetGatewayIds' },
  });
  return { InternetGateways: items.map(render), ...more };
};

/** "When an internet gateway is attached to a VPC, the state is available" (EC2 API reference, InternetGatewayAttachment). */
function render({ id, account, tags, vpcId }: SimInternetGateway): Record<string, unknown> {
  const Attachments = vpcId === undefined ? [] : [{ VpcId: vpcId, State: 'available' }];
  return { InternetGatewayId: id, OwnerId: account, Attachments, Tags: tagList(tags) };
}

const attachInternetGateway: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const gateway = find(ctx, state.internetGateways, need(input, 'InternetGatewayId'), unknownInternetGateway);
  const vpc = find(ctx, state.vpcs, need(input, 'VpcId'), unknownVpc);
  if (gateway.vpcId !== undefined) {
    throw new AwsError(
      'Resource.AlreadyAssociated',
      `resource ${gateway.id} is already attached to network ${gateway.vpcId}`,
    );
  }
  if ([...state.internetGateways.values()].some(({ vpcId }) => vpcId === vpc.id)) {
    throw new AwsError('InvalidParameterValue', `Network ${vpc.id} already has an internet gateway attached`);
  }
  gateway.vpcId = vpc.id;
  return {};
};

const detachInternetGateway: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const gateway = find(ctx, state.internetGateways, need(input, 'InternetGatewayId'), unknownInternetGateway);
  const vpc = find(ctx, state.vpcs, need(input, 'VpcId'), unknownVpc);
  if (gateway.vpcId !== vpc.id) {
    throw new AwsError('Gateway.NotAttached', `resource ${gateway.id} is not attached to network ${vpc.id}`);
  }
  if (hasPublicAddress(state, vpc.id)) {
    throw new AwsError(
      'DependencyViolation',
      `Network ${vpc.id} has some mapped public address(es). Please unmap those public address(es) before detaching the gateway.`,
    );
  }
  Reflect.deleteProperty(gateway, 'vpcId');
  return {};
};

/** Elastic addresses on interfaces of the VPC, those of NAT gateways too, and machines with a public address. */
function hasPublicAddress(state: RegionState, vpcId: string): boolean {
  const now = Date.now();
  const elastic = [...state.addresses.values()].some(
    ({ association }) => state.networkInterfaces.get(association?.networkInterfaceId ?? '')?.vpcId === vpcId,
  );
  return (
    elastic ||
    [...state.instances.values()].some(
      (instance) =>
        instance.vpcId === vpcId &&
        instance.publicIp !== undefined &&
        !['stopped', 'terminated'].includes(stateAt(instance, now)),
    )
  );
}

const deleteInternetGateway: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const gateway = find(ctx, state.internetGateways, need(input, 'InternetGatewayId'), unknownInternetGateway);
  if (gateway.vpcId !== undefined) {
    throw new AwsError(
      'DependencyViolation',
      `The internetGateway '${gateway.id}' has dependencies and cannot be deleted.`,
    );
  }
  endResource(state, gateway);
  return {};
};

export const internetGatewayOperations: Handlers = {
  CreateInternetGateway: createInternetGateway,
  DescribeInternetGateways: describeInternetGateways,
  AttachInternetGateway: attachInternetGateway,
  DetachInternetGateway: detachInternetGateway,
  DeleteInternetGateway: deleteInternetGateway,
};
