/** How are subnets and VPCs read and deleted? Last of all, and never the default ones. */
import {
  DeleteSubnetCommand,
  DeleteVpcCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type Filter,
} from '@aws-sdk/client-ec2';
import type { TaggedResource } from '../contracts/inventory';
import type { AwsRegion } from './clients';
import { ownedFilters, PAGE, readByFilter, readPages, resource } from './inventory-kind';
import { inParts } from './paging';
import type { Kind, Reading } from './inventory-kind';
import { removeEach } from './inventory-remove';
import { readInterfaces } from './inventory-storage';
import type { Call } from './ports';

async function readSubnets(aws: AwsRegion, filters: Filter[], call?: Call): Promise<Reading> {
  const pages = await readPages((token) =>
    aws.send(new DescribeSubnetsCommand({ Filters: filters, MaxResults: PAGE, ...token }), call),
  );
  const raw = pages.flatMap((page) => page.Subnets ?? []);
  return {
    resources: raw.map((subnet) =>
      resource(aws, 'subnet', subnet.SubnetId, subnet.Tags, {
        state: 'live',
        seen: subnet.State ?? 'unknown',
        protectedBy: subnet.DefaultForAz === true ? 'default subnet of its zone' : undefined,
      }),
    ),
    pages: pages.length,
  };
}

/** Every interface in a subnet holds it. */
async function subnetHolders(aws: AwsRegion, found: TaggedResource[], call?: Call): Promise<void> {
  const byId = new Map(found.map((subnet) => [subnet.id, subnet]));
  for (const slice of inParts([...byId.keys()], 200)) {
    const read = await readInterfaces(aws, [{ Name: 'subnet-id', Values: slice }], call);
    for (const card of read.raw) byId.get(card.SubnetId ?? '')?.neededBy.push(card.NetworkInterfaceId ?? '');
  }
}

export const subnets: Kind = {
  type: 'subnet',
  api: 'DescribeSubnets',
  byTags: (aws, experimentId, call) => readSubnets(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('subnet-id', ids, (filters) => readSubnets(aws, filters, call)),
  holders: subnetHolders,
  remove: (aws, resources, call) =>
    removeEach(resources, async ({ id }) => {
      await aws.send(new DeleteSubnetCommand({ SubnetId: id }), call);
      return 'DeleteSubnet accepted';
    }),
};

async function readVpcs(aws: AwsRegion, filters: Filter[], call?: Call): Promise<Reading> {
  const pages = await readPages((token) =>
    aws.send(new DescribeVpcsCommand({ Filters: filters, MaxResults: PAGE, ...token }), call),
  );
  const raw = pages.flatMap((page) => page.Vpcs ?? []);
  return {
    resources: raw.map((vpc) =>
      resource(aws, 'vpc', vpc.VpcId, vpc.Tags, {
        state: 'live',
        seen: vpc.State ?? 'unknown',
        protectedBy: vpc.IsDefault === true ? 'default VPC' : undefined,
      }),
    ),
    pages: pages.length,
  };
}

/** Its subnets and groups; the default group goes with the VPC and holds nothing. */
async function vpcHolders(aws: AwsRegion, found: TaggedResource[], call?: Call): Promise<void> {
  for (const vpc of found) {
    const filters = [{ Name: 'vpc-id', Values: [vpc.id] }];
    const inside = await readSubnets(aws, filters, call);
    const pages = await readPages((token) =>
      aws.send(new DescribeSecurityGroupsCommand({ Filters: filters, MaxResults: PAGE, ...token }), call),
    );
    const groups = pages.flatMap((page) => page.SecurityGroups ?? []).filter((group) => group.GroupName !== 'default');
    vpc.neededBy.push(...inside.resources.map((subnet) => subnet.id), ...groups.map((group) => group.GroupId ?? ''));
  }
}

export const vpcs: Kind = {
  type: 'vpc',
  api: 'DescribeVpcs',
  byTags: (aws, experimentId, call) => readVpcs(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('vpc-id', ids, (filters) => readVpcs(aws, filters, call)),
  holders: vpcHolders,
  remove: (aws, resources, call) =>
    removeEach(resources, async ({ id }) => {
      await aws.send(new DeleteVpcCommand({ VpcId: id }), call);
      return 'DeleteVpc accepted';
    }),
};
