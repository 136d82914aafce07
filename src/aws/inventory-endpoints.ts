/** How are VPC endpoints read and deleted? Many in one call, whose refusals come inside a successful answer. */
import {
  DeleteVpcEndpointsCommand,
  DescribeVpcEndpointsCommand,
  type Filter,
  type UnsuccessfulItem,
  type VpcEndpoint,
} from '@aws-sdk/client-ec2';
import type { Removal, TaggedResource } from '../contracts/inventory';
import { endpointBill } from './bills';
import type { AwsRegion } from './clients';
import { ownedFilters, PAGE, readByFilter, readPages, resource } from './inventory-kind';
import type { Kind, Reading } from './inventory-kind';
import { refused, refusedBy } from './inventory-remove';
import { inParts } from './paging';
import type { Call } from './ports';

/** Reads endpoints by any filter; VPCs ask this way what lives in them. */
export async function readEndpoints(
  aws: AwsRegion,
  filters: Filter[],
  call?: Call,
): Promise<Reading & { living: VpcEndpoint[] }> {
  const pages = await readPages((token) =>
    aws.send(new DescribeVpcEndpointsCommand({ Filters: filters, MaxResults: PAGE, ...token }), call),
  );
  const raw = pages.flatMap((page) => page.VpcEndpoints ?? []);
  const living = raw.filter((one) => stateOf(one) !== 'gone');
  const cards = living.flatMap((one) => one.NetworkInterfaceIds ?? []);
  return {
    resources: raw.map((one) => endpointResource(aws, one)),
    pages: pages.length,
    named: cards.map((id) => ({ type: 'network-interface' as const, id })),
    living,
  };
}

/** The guide writes the states with a capital, the wire without. */
function stateOf({ State }: VpcEndpoint): TaggedResource['state'] {
  const word = (State ?? '').toLowerCase();
  return word === 'deleted' ? 'gone' : word === 'deleting' ? 'ending' : 'live';
}

function endpointResource(aws: AwsRegion, one: VpcEndpoint): TaggedResource {
  return resource(aws, 'vpc-endpoint', one.VpcEndpointId, one.Tags, {
    state: stateOf(one),
    seen: one.State ?? 'unknown',
    protectedBy: one.RequesterManaged === true ? 'managed by an AWS service' : undefined,
    bills: endpointBill(aws.region, one.VpcEndpointType, one.SubnetIds?.length),
  });
}

/** DeleteVpcEndpoints names no limit; 25 is what a page of the console deletes. */
const AT_ONCE = 25;

export const endpoints: Kind = {
  type: 'vpc-endpoint',
  api: 'DescribeVpcEndpoints',
  byTags: (aws, experimentId, call) => readEndpoints(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('vpc-endpoint-id', ids, (filters) => readEndpoints(aws, filters, call)),
  async remove(aws, resources, call) {
    const answers: Removal[] = [];
    for (const slice of inParts(resources, AT_ONCE)) answers.push(...(await deleteEndpoints(aws, slice, call)));
    return answers;
  },
};

async function deleteEndpoints(aws: AwsRegion, resources: TaggedResource[], call?: Call): Promise<Removal[]> {
  const VpcEndpointIds = resources.map((one) => one.id);
  try {
    const reply = await aws.send(new DeleteVpcEndpointsCommand({ VpcEndpointIds }), call);
    const refusals = new Map((reply.Unsuccessful ?? []).map((item) => [item.ResourceId, item.Error]));
    return VpcEndpointIds.map((id) => answerOf(id, refusals.get(id)));
  } catch (error) {
    return VpcEndpointIds.map((id) => refused(id, error));
  }
}

function answerOf(id: string, error: UnsuccessfulItem['Error']): Removal {
  if (error === undefined) return { id, outcome: 'asked', detail: 'DeleteVpcEndpoints accepted' };
  return refusedBy(id, error.Code ?? '', error.Message ?? '');
}
