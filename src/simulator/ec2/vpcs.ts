/** Which VPCs are there? Made, described, and deleted only when nothing but what came with them is in them. */
import { AwsError } from '../errors';
import { addDefaultGroup, addMainRouteTable } from '../world/furniture';
import { newId } from '../world/ids';
import { formatCidr } from '../world/network';
import { addResource, endResource, newResource } from '../world/resources';
import { regionState } from '../world/world';
import type { Handler, Handlers, SimVpc } from '../world/state';
import { blockOf } from './cidr-block';
import { find, select } from './describe';
import type { Fields } from './filters';
import { need } from './input';
import { tagList, tagSpecs } from './tag-specs';
import { unknownVpc } from './unknown';

const createVpc: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const block = blockOf(need(input, 'CidrBlock'), 'InvalidVpc.Range');
  const { vpc: tags } = tagSpecs(input, ['vpc']);
  const vpc = addResource<SimVpc>(state, {
    ...newResource(ctx, 'vpc', newId(ctx.world, 'vpc'), tags),
    cidr: formatCidr(block),
    isDefault: false,
    dns: { support: true, hostnames: false },
  });
  addDefaultGroup(ctx, state, vpc, false);
  addMainRouteTable(state, vpc);
  return { Vpc: { ...renderVpc(vpc), State: 'pending' } };
};

const VPC_FIELDS: Fields<SimVpc> = {
  'vpc-id': ({ id }) => id,
  cidr: ({ cidr }) => cidr,
  'cidr-block-association.cidr-block': ({ cidr }) => [cidr],
  'is-default': ({ isDefault }) => isDefault,
  isDefault: ({ isDefault }) => isDefault,
  'owner-id': ({ account }) => account,
  state: () => 'available',
};

const describeVpcs: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const { items, ...more } = select(ctx, state, input, {
    shelf: state.vpcs,
    fields: VPC_FIELDS,
    ids: { member: 'VpcIds', prefix: 'vpc', malformed: 'InvalidVpcID.Malformed', unknown: unknownVpc },
    limits: { min: 5, max: 1000, notWith: 'VpcIds' },
  });
  return { Vpcs: items.map(renderVpc), ...more };
};

function renderVpc(vpc: SimVpc): Record<string, unknown> {
  return {
    VpcId: vpc.id,
    CidrBlock: vpc.cidr,
    IsDefault: vpc.isDefault,
    State: 'available',
    OwnerId: vpc.account,
    InstanceTenancy: 'default',
    DhcpOptionsId: 'dopt-0f4a7c2b9d1e83560',
    CidrBlockAssociationSet: [
      {
        AssociationId: vpc.id.replace('vpc-', 'vpc-cidr-assoc-'),
        CidrBlock: vpc.cidr,
        CidrBlockState: { State: 'associated' },
      },
    ],
    Tags: tagList(vpc.tags),
  };
}

const deleteVpc: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const vpc = find(ctx, state.vpcs, need(input, 'VpcId'), unknownVpc);
  const inside = ({ vpcId }: { vpcId?: string }): boolean => vpcId === vpc.id;
  const groups = [...state.securityGroups.values()].filter(inside);
  const tables = [...state.routeTables.values()].filter(inside);
  const held =
    HOLDERS.some((shelf) => [...state[shelf].values()].some((item) => item.endedAt === undefined && inside(item))) ||
    tables.some(({ main }) => !main) ||
    groups.some(({ name }) => name !== 'default');
  if (held) throw new AwsError('DependencyViolation', `The vpc '${vpc.id}' has dependencies and cannot be deleted.`);
  for (const part of [...groups, ...tables]) endResource(state, part);
  endResource(state, vpc);
  return {};
};

/** What has to be gone before its VPC, beside groups and route tables that did not come with it. */
const HOLDERS = ['subnets', 'networkInterfaces', 'internetGateways', 'natGateways', 'vpcEndpoints'] as const;

export const vpcOperations: Handlers = { CreateVpc: createVpc, DescribeVpcs: describeVpcs, DeleteVpc: deleteVpc };
