/** Which elastic addresses has the account? Allocated up to the quota, tied to a machine or interface, released when free. */
import { AwsError } from '../errors';
import { newId } from '../world/ids';
import { addResource, endResource, newResource } from '../world/resources';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, RegionState, SimAddress, SimNetworkInterface } from '../world/state';
import { find, isVisible, select } from './describe';
import type { Fields } from './filters';
import { defined, flag, missing, text, texts, type Input } from './input';
import { tagList, tagSpecs } from './tag-specs';
import { unknownAllocation, unknownAssociation, unknownInstance, unknownInterface } from './unknown';

const allocateAddress: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const { 'elastic-ip': tags } = tagSpecs(input, ['elastic-ip']);
  if (state.addresses.size >= ctx.world.scenario.limits.addresses) {
    throw new AwsError('AddressLimitExceeded', 'The maximum number of addresses has been reached.');
  }
  const { random } = ctx.world;
  const publicIp = ['52', ...[1, 2, 3].map(() => String(random.between([1, 254])))].join('.');
  const address = addResource<SimAddress>(state, {
    ...newResource(ctx, 'elastic-ip', newId(ctx.world, 'eipalloc'), tags),
    publicIp,
  });
  return {
    AllocationId: address.id,
    PublicIp: publicIp,
    Domain: 'vpc',
    PublicIpv4Pool: 'amazon',
    NetworkBorderGroup: ctx.region,
  };
};

const FIELDS: Fields<SimAddress> = {
  'allocation-id': ({ id }) => id,
  'public-ip': ({ publicIp }) => publicIp,
  domain: () => 'vpc',
  'association-id': ({ association }) => association?.associationId,
  'instance-id': ({ association }) => association?.instanceId,
  'network-interface-id': ({ association }) => association?.networkInterfaceId,
  'private-ip-address': ({ association }) => association?.privateIp,
  'network-border-group': ({ region }) => region,
};

const describeAddresses: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const ips = texts(input, 'PublicIps');
  const unknown = ips.filter((ip) => ![...state.addresses.values()].some(({ publicIp }) => publicIp === ip));
  if (unknown.length > 0) throw new AwsError('InvalidAddress.NotFound', `Address '${unknown.join(', ')}' not found.`);
  const { items } = select(ctx, state, input, {
    shelf: state.addresses,
    fields: FIELDS,
    ids: {
      member: 'AllocationIds',
      prefix: 'eipalloc',
      malformed: 'InvalidParameterValue',
      unknown: unknownAllocation,
    },
  });
  return { Addresses: items.filter(({ publicIp }) => ips.length === 0 || ips.includes(publicIp)).map(render) };
};

function render(address: SimAddress): Record<string, unknown> {
  return defined({
    AllocationId: address.id,
    PublicIp: address.publicIp,
    Domain: 'vpc',
    PublicIpv4Pool: 'amazon',
    NetworkBorderGroup: address.region,
    AssociationId: address.association?.associationId,
    InstanceId: address.association?.instanceId,
    NetworkInterfaceId: address.association?.networkInterfaceId,
    PrivateIpAddress: address.association?.privateIp,
    Tags: tagList(address.tags),
  });
}

/** An address by allocation id or by the address itself. */
function addressOf(state: RegionState, input: Input): SimAddress {
  const [id, ip] = [text(input, 'AllocationId'), text(input, 'PublicIp')];
  if (id === undefined && ip === undefined) throw missing('AllocationId');
  const address =
    id === undefined ? [...state.addresses.values()].find(({ publicIp }) => publicIp === ip) : state.addresses.get(id);
  if (!address)
    throw id === undefined
      ? new AwsError('InvalidAddress.NotFound', `Address '${ip ?? ''}' not found.`)
      : unknownAllocation([id]);
  return address;
}

/** The named interface, or the first one of the named instance. */
function interfaceOf(ctx: HandlerContext, state: RegionState, input: Input): SimNetworkInterface {
  const [instanceId, interfaceId] = [text(input, 'InstanceId'), text(input, 'NetworkInterfaceId')];
  if (interfaceId !== undefined) return find(ctx, state.networkInterfaces, interfaceId, unknownInterface);
  if (instanceId === undefined) throw missing('InstanceId');
  const instance = find(ctx, state.instances, instanceId, unknownInstance);
  return find(ctx, state.networkInterfaces, instance.networkInterfaceIds[0] ?? '', unknownInterface);
}

const associateAddress: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const address = addressOf(state, input);
  if (address.association && !(flag(input, 'AllowReassociation') ?? true)) {
    throw new AwsError(
      'Resource.AlreadyAssociated',
      `resource ${address.id} is already associated with ${address.association.associationId}`,
    );
  }
  const eni = interfaceOf(ctx, state, input);
  const holder = state.instances.get(eni.attachment?.instanceId ?? '');
  address.association = {
    associationId: newId(ctx.world, 'eipassoc'),
    networkInterfaceId: eni.id,
    privateIp: eni.privateIp,
    ...(holder ? { instanceId: holder.id } : {}),
  };
  if (holder) holder.publicIp = address.publicIp;
  return { AssociationId: address.association.associationId };
};

const disassociateAddress: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const id = text(input, 'AssociationId');
  const ip = text(input, 'PublicIp');
  if (id === undefined && ip === undefined) throw missing('AssociationId');
  const address = [...state.addresses.values()].find(
    (item) => item.association?.associationId === id || item.publicIp === ip,
  );
  if (!address || !isVisible(ctx, address, Date.now())) throw unknownAssociation([id ?? ip ?? '']);
  refuseManaged(state, address);
  const holder = state.instances.get(address.association?.instanceId ?? '');
  if (holder) Reflect.deleteProperty(holder, 'publicIp');
  Reflect.deleteProperty(address, 'association');
  return {};
};

const releaseAddress: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const address = addressOf(state, { ...input, AllocationId: text(input, 'AllocationId') ?? undefined });
  refuseManaged(state, address);
  if (address.association) throw new AwsError('InvalidIPAddress.InUse', `Address ${address.publicIp} is in use.`);
  endResource(state, address);
  return {};
};

/** The address of a NAT gateway is the gateway's until that is deleted (eformat/sno-for-100#5). */
function refuseManaged(state: RegionState, { association }: SimAddress): void {
  if (!state.networkInterfaces.get(association?.networkInterfaceId ?? '')?.owner) return;
  throw new AwsError('AuthFailure', 'You do not have permission to access the specified resource.');
}

export const addressOperations: Handlers = {
  AllocateAddress: allocateAddress,
  DescribeAddresses: describeAddresses,
  AssociateAddress: associateAddress,
  DisassociateAddress: disassociateAddress,
  ReleaseAddress: releaseAddress,
};
