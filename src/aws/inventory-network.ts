/** How are subnets read and deleted, and VPCs read? A subnet goes after every interface in it. */
import {
  DeleteSubnetCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type Filter,
  type Subnet,
} from '@aws-sdk/client-ec2';
import type { TaggedResource } from '../contracts/inventory';
import type { AwsRegion } from './clients';
import { ownedFilters, PAGE, readByFilter, readPages, resource } from './inventory-kind';
import type { Kind, Reading } from './inventory-kind';
import { removeEach } from './inventory-remove';
import { readInterfaces } from './inventory-storage';
import { inParts } from './paging';
import type { Call } from './ports';

/** Reads subnets by any filter; VPCs ask this way what is in them. */
export async function readSubnets(
  aws: AwsRegion,
  filters: Filter[],
  call?: Call,
): Promise<Reading & { raw: Subnet[] }> {
  const pages = await readPages((token) =>
    aws.send(new DescribeSubnetsCommand({ Filters: filters, MaxResults: PAGE, ...token }), call),
  );
  const raw = pages.flatMap((page) => page.Subnets ?? []);
  const resources = raw.map((subnet) =>
    resource(aws, 'subnet', subnet.SubnetId, subnet.Tags, {
      state: 'live',
      seen: subnet.State ?? 'unknown',
      protectedBy: subnet.DefaultForAz === true ? 'default subnet of its zone' : undefined,
    }),
  );
  return { resources, pages: pages.length, raw };
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
  made: true,
  byTags: (aws, experimentId, call) => readSubnets(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('subnet-id', ids, (filters) => readSubnets(aws, filters, call)),
  holders: subnetHolders,
  remove: (aws, resources, call) =>
    removeEach(resources, async ({ id }) => {
      await aws.send(new DeleteSubnetCommand({ SubnetId: id }), call);
      return 'DeleteSubnet accepted';
    }),
};

export async function readVpcs(aws: AwsRegion, filters: Filter[], call?: Call): Promise<Reading> {
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
