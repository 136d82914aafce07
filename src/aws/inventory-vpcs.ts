/** How is a VPC deleted? Last of all, after everything in it that does not go with it, and never the default one. */
import { DeleteVpcCommand } from '@aws-sdk/client-ec2';
import type { TaggedResource } from '../contracts/inventory';
import type { AwsRegion } from './clients';
import { readEndpoints } from './inventory-endpoints';
import { readGateways } from './inventory-gateways';
import { readGroups } from './inventory-groups';
import { ownedFilters, readByFilter } from './inventory-kind';
import type { Kind } from './inventory-kind';
import { readSubnets, readVpcs } from './inventory-network';
import { removeEach } from './inventory-remove';
import { isMain, readRouteTables } from './inventory-routes';
import { inParts } from './paging';
import type { Call } from './ports';

/** What is in these VPCs: `[VPC, id]`. The default group, the main route table and the default ACL go with the VPC. */
async function contents(aws: AwsRegion, Values: string[], call?: Call): Promise<[string | undefined, string][]> {
  const inside = [{ Name: 'vpc-id', Values }];
  const [nets, groups, tables, gateways, points] = await Promise.all([
    readSubnets(aws, inside, call),
    readGroups(aws, inside, call),
    readRouteTables(aws, inside, call),
    readGateways(aws, [{ Name: 'attachment.vpc-id', Values }], call),
    readEndpoints(aws, inside, call),
  ]);
  const attached = gateways.raw.flatMap((one) =>
    (one.Attachments ?? []).map((to) => pair(to.VpcId, one.InternetGatewayId)),
  );
  return [
    ...nets.raw.map((one) => pair(one.VpcId, one.SubnetId)),
    ...groups.raw.flatMap((one) => (one.GroupName === 'default' ? [] : [pair(one.VpcId, one.GroupId)])),
    ...tables.raw.flatMap((one) => (isMain(one) ? [] : [pair(one.VpcId, one.RouteTableId)])),
    ...points.living.map((one) => pair(one.VpcId, one.VpcEndpointId)),
    ...attached,
  ];
}

function pair(vpcId: string | undefined, id: string | undefined): [string | undefined, string] {
  return [vpcId, id ?? ''];
}

async function vpcHolders(aws: AwsRegion, found: TaggedResource[], call?: Call): Promise<void> {
  const byId = new Map(found.map((vpc) => [vpc.id, vpc]));
  for (const slice of inParts([...byId.keys()], 200)) {
    for (const [vpcId, id] of await contents(aws, slice, call)) byId.get(vpcId ?? '')?.neededBy.push(id);
  }
}

export const vpcs: Kind = {
  type: 'vpc',
  api: 'DescribeVpcs',
  made: true,
  byTags: (aws, experimentId, call) => readVpcs(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('vpc-id', ids, (filters) => readVpcs(aws, filters, call)),
  holders: vpcHolders,
  remove: (aws, resources, call) =>
    removeEach(resources, async ({ id }) => {
      await aws.send(new DeleteVpcCommand({ VpcId: id }), call);
      return 'DeleteVpc accepted';
    }),
};
