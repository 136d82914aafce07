/** Which NAT gateways are there? Each with an interface of its own; gone a while after it was deleted, and seen for an hour more. */
import { AwsError } from '../errors';
import { plan } from '../world/agenda';
import { newId } from '../world/ids';
import { addManagedInterface, releaseManagedInterface } from '../world/managed-interfaces';
import { addResource, endResource, newResource } from '../world/resources';
import { once } from '../tokens';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, RegionState, SimAddress, SimNatGateway } from '../world/state';
import { find, select } from './describe';
import type { Fields } from './filters';
import { defined, invalid, missing, need, records, text, type Input } from './input';
import { tagList, tagSpecs } from './tag-specs';
import { unknownAllocation, unknownNatGateway, unknownSubnet } from './unknown';

type State = 'pending' | 'available' | 'deleting' | 'deleted';

function stateOf({ availableAt, deletingAt, endedAt }: SimNatGateway, now: number): State {
  if (endedAt !== undefined && now >= endedAt) return 'deleted';
  if (deletingAt !== undefined) return 'deleting';
  return now >= availableAt ? 'available' : 'pending';
}

const createNatGateway: Handler = (input, ctx) =>
  once(ctx.world.tokens, `${ctx.account}/${ctx.region}/CreateNatGateway`, input, () => {
    const state = regionState(ctx);
    const subnet = find(ctx, state.subnets, need(input, 'SubnetId'), unknownSubnet);
    const connectivity = connectivityOf(input);
    const { natgateway: tags } = tagSpecs(input, ['natgateway']);
    const address = connectivity === 'public' ? addressOf(state, input, subnet.vpcId) : undefined;
    const base = newResource(ctx, 'natgateway', newId(ctx.world, 'nat'), tags);
    const eni = addManagedInterface(ctx, state, subnet, {
      owner: { id: base.id, kind: 'nat_gateway' },
      description: `Interface for NAT Gateway ${base.id}`,
      securityGroupIds: [],
    });
    if (address) {
      const associationId = newId(ctx.world, 'eipassoc');
      address.association = { associationId, networkInterfaceId: eni.id, privateIp: eni.privateIp };
    }
    const natGatewayReady = ctx.world.random.between(ctx.world.scenario.delays.natGatewayReady);
    const gateway = addResource<SimNatGateway>(state, {
      ...base,
      draws: { ...base.draws, natGatewayReady },
      subnetId: subnet.id,
      vpcId: subnet.vpcId,
      connectivity,
      interfaceId: eni.id,
      privateIp: eni.privateIp,
      ...(address ? { allocationId: address.id, publicIp: address.publicIp } : {}),
      availableAt: base.createdAt + natGatewayReady,
    });
    return defined({ NatGateway: render(gateway, base.createdAt), ClientToken: text(input, 'ClientToken') });
  });

function connectivityOf(input: Input): SimNatGateway['connectivity'] {
  const kind = text(input, 'ConnectivityType') ?? 'public';
  if (kind !== 'public' && kind !== 'private')
    throw invalid('connectivityType', kind, 'Expecting one of public, private.');
  return kind;
}

/** On AWS a gateway whose address is taken, or whose VPC has no way out, becomes `failed`; here the call is refused. */
function addressOf(state: RegionState, input: Input, vpcId: string): SimAddress {
  const id = text(input, 'AllocationId');
  if (id === undefined) throw missing('AllocationId');
  const address = state.addresses.get(id);
  if (!address) throw unknownAllocation([id]);
  if (address.association) {
    throw new AwsError('Resource.AlreadyAssociated', `Elastic IP address [${id}] is already associated`);
  }
  if (![...state.internetGateways.values()].some((gateway) => gateway.vpcId === vpcId)) {
    throw new AwsError('Gateway.NotAttached', `Network ${vpcId} has no Internet gateway attached`);
  }
  return address;
}

function fieldsOf(now: number): Fields<SimNatGateway> {
  return {
    'nat-gateway-id': ({ id }) => id,
    state: (gateway) => stateOf(gateway, now),
    'subnet-id': ({ subnetId }) => subnetId,
    'vpc-id': ({ vpcId }) => vpcId,
  };
}

/** This call names its filters `Filter`, unlike all others. */
const describeNatGateways: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const now = Date.now();
  const { items, ...more } = select(
    ctx,
    state,
    { ...input, Filters: records(input, 'Filter') },
    {
      shelf: state.natGateways,
      fields: fieldsOf(now),
      ids: { member: 'NatGatewayIds', prefix: 'nat', malformed: 'NatGatewayMalformed', unknown: unknownNatGateway },
      // 5 to 1,000 a page: EC2 API reference, DescribeNatGateways.
      limits: { min: 5, max: 1000, notWith: 'NatGatewayIds' },
    },
  );
  return { NatGateways: items.map((gateway) => render(gateway, now)), ...more };
};

function render(gateway: SimNatGateway, now: number): Record<string, unknown> {
  const State = stateOf(gateway, now);
  return defined({
    NatGatewayId: gateway.id,
    SubnetId: gateway.subnetId,
    VpcId: gateway.vpcId,
    ConnectivityType: gateway.connectivity,
    State,
    CreateTime: new Date(gateway.createdAt),
    DeleteTime: gateway.deletingAt === undefined ? undefined : new Date(gateway.deletingAt),
    NatGatewayAddresses: [
      defined({
        AllocationId: gateway.allocationId,
        PublicIp: gateway.publicIp,
        PrivateIp: gateway.privateIp,
        NetworkInterfaceId: gateway.interfaceId,
        IsPrimary: true,
        Status: 'succeeded',
      }),
    ],
    Tags: tagList(gateway.tags),
  });
}

/** Deleting again while it goes is no error (not documented: invented); once deleted it is not found. */
const deleteNatGateway: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const gateway = find(ctx, state.natGateways, need(input, 'NatGatewayId'), unknownNatGateway);
  if (gateway.endedAt !== undefined) throw unknownNatGateway([gateway.id]);
  if (gateway.deletingAt === undefined) remove(ctx, state, gateway);
  return { NatGatewayId: gateway.id };
};

function remove({ world }: HandlerContext, state: RegionState, gateway: SimNatGateway): void {
  gateway.deletingAt = Date.now();
  gateway.draws['natGatewayDelete'] = world.random.between(world.scenario.delays.natGatewayDelete);
  const goneAt = gateway.deletingAt + gateway.draws['natGatewayDelete'];
  plan(world.agenda, goneAt, () => {
    endResource(state, gateway, goneAt);
    const address = state.addresses.get(gateway.allocationId ?? '');
    if (address?.association?.networkInterfaceId === gateway.interfaceId)
      Reflect.deleteProperty(address, 'association');
    releaseManagedInterface(world, state, gateway.interfaceId, goneAt);
  });
}

export const natGatewayOperations: Handlers = {
  CreateNatGateway: createNatGateway,
  DescribeNatGateways: describeNatGateways,
  DeleteNatGateway: deleteNatGateway,
};
