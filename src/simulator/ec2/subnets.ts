/** Which subnets are there? Made within their VPC's block, described, and deleted only when no interface is in them. */
import { AwsError } from '../errors';
import { newId } from '../world/ids';
import { contains, formatCidr, freeAddresses, overlaps, parseCidr } from '../world/network';
import { addResource, arnOf, endResource, newResource } from '../world/resources';
import { regionState } from '../world/world';
import type { Handler, Handlers, SimSubnet } from '../world/state';
import { blockOf } from './cidr-block';
import { find, select } from './describe';
import type { Fields } from './filters';
import { invalid, need, text } from './input';
import { zoneId } from './places';
import { tagList, tagSpecs } from './tag-specs';
import { unknownSubnet, unknownVpc } from './unknown';

const createSubnet: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const vpc = find(ctx, state.vpcs, need(input, 'VpcId'), unknownVpc);
  const cidr = need(input, 'CidrBlock');
  const block = blockOf(cidr, 'InvalidSubnet.Range');
  const outer = parseCidr(vpc.cidr);
  if (!outer || !contains(outer, block)) throw new AwsError('InvalidSubnet.Range', `The CIDR '${cidr}' is invalid.`);
  const taken = [...state.subnets.values()].some(
    (other) => other.vpcId === vpc.id && overlaps(parseCidr(other.cidr) ?? block, block),
  );
  if (taken) throw new AwsError('InvalidSubnet.Conflict', `The CIDR '${cidr}' conflicts with another subnet`);
  const { subnet: tags } = tagSpecs(input, ['subnet']);
  const zones = ctx.world.scenario.regions[ctx.region]?.zones ?? [];
  const asked =
    text(input, 'AvailabilityZone') ?? zones.find((zone) => zoneId(zone) === text(input, 'AvailabilityZoneId'));
  const zone = asked ?? zones[0] ?? '';
  if (!zones.includes(zone)) {
    throw invalid(
      'availabilityZone',
      zone,
      `Subnets can currently only be created in the following availability zones: ${zones.join(', ')}.`,
    );
  }
  const subnet = addResource<SimSubnet>(state, {
    ...newResource(ctx, 'subnet', newId(ctx.world, 'subnet'), tags),
    zone,
    vpcId: vpc.id,
    cidr: formatCidr(block),
    defaultForAz: false,
    mapPublicIp: false,
    used: new Set(),
    // AWS keeps the first four addresses of a subnet.
    nextHost: 4,
  });
  return { Subnet: renderSubnet(subnet) };
};

const SUBNET_FIELDS: Fields<SimSubnet> = {
  'subnet-id': ({ id }) => id,
  'vpc-id': ({ vpcId }) => vpcId,
  'availability-zone': ({ zone }) => zone,
  availabilityZone: ({ zone }) => zone,
  'availability-zone-id': ({ zone }) => zoneId(zone),
  'available-ip-address-count': (subnet) => freeAddresses(subnet),
  'cidr-block': ({ cidr }) => cidr,
  'default-for-az': ({ defaultForAz }) => defaultForAz,
  defaultForAz: ({ defaultForAz }) => defaultForAz,
  'map-public-ip-on-launch': ({ mapPublicIp }) => mapPublicIp,
  'owner-id': ({ account }) => account,
  'subnet-arn': (subnet) => arnOf(subnet),
  state: () => 'available',
};

const describeSubnets: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const { items, ...more } = select(ctx, state, input, {
    shelf: state.subnets,
    fields: SUBNET_FIELDS,
    ids: { member: 'SubnetIds', prefix: 'subnet', malformed: 'InvalidSubnetID.Malformed', unknown: unknownSubnet },
    limits: { min: 5, max: 1000, notWith: 'SubnetIds' },
  });
  return { Subnets: items.map(renderSubnet), ...more };
};

function renderSubnet(subnet: SimSubnet): Record<string, unknown> {
  return {
    SubnetId: subnet.id,
    SubnetArn: arnOf(subnet),
    VpcId: subnet.vpcId,
    CidrBlock: subnet.cidr,
    AvailabilityZone: subnet.zone,
    AvailabilityZoneId: zoneId(subnet.zone),
    AvailableIpAddressCount: freeAddresses(subnet),
    DefaultForAz: subnet.defaultForAz,
    MapPublicIpOnLaunch: subnet.mapPublicIp,
    AssignIpv6AddressOnCreation: false,
    State: 'available',
    OwnerId: subnet.account,
    Tags: tagList(subnet.tags),
  };
}

const deleteSubnet: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const subnet = find(ctx, state.subnets, need(input, 'SubnetId'), unknownSubnet);
  if ([...state.networkInterfaces.values()].some(({ subnetId }) => subnetId === subnet.id)) {
    throw new AwsError('DependencyViolation', `The subnet '${subnet.id}' has dependencies and cannot be deleted.`);
  }
  for (const { associations } of state.routeTables.values()) {
    for (const [id, subnetId] of associations) if (subnetId === subnet.id) associations.delete(id);
  }
  endResource(state, subnet);
  return {};
};

export const subnetOperations: Handlers = {
  CreateSubnet: createSubnet,
  DescribeSubnets: describeSubnets,
  DeleteSubnet: deleteSubnet,
};
