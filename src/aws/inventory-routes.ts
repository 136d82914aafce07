/** How are route tables read and deleted? After the subnets that use them; the main one goes with its VPC. */
import { DeleteRouteTableCommand, DescribeRouteTablesCommand, type Filter, type RouteTable } from '@aws-sdk/client-ec2';
import type { TaggedResource } from '../contracts/inventory';
import type { AwsRegion } from './clients';
import { ownedFilters, readByFilter, readPages, resource } from './inventory-kind';
import type { Kind, Reading } from './inventory-kind';
import { removeEach } from './inventory-remove';
import type { Call } from './ports';

/** Most tables on a page. Source: DescribeRouteTables, MaxResults 5 to 100. */
const TABLE_PAGE = 100;

/** Reads route tables by any filter; VPCs ask this way what is in them. */
export async function readRouteTables(
  aws: AwsRegion,
  filters: Filter[],
  call?: Call,
): Promise<Reading & { raw: RouteTable[] }> {
  const pages = await readPages((token) =>
    aws.send(new DescribeRouteTablesCommand({ Filters: filters, MaxResults: TABLE_PAGE, ...token }), call),
  );
  const raw = pages.flatMap((page) => page.RouteTables ?? []);
  return { resources: raw.map((table) => tableResource(aws, table)), pages: pages.length, raw };
}

export function isMain(table: RouteTable): boolean {
  return (table.Associations ?? []).some((one) => one.Main === true);
}

/** An association ends with its subnet, so the table waits for the subnets and takes nothing off them. */
function tableResource(aws: AwsRegion, table: RouteTable): TaggedResource {
  const bound = (table.Associations ?? []).filter((one) => one.AssociationState?.State !== 'disassociated');
  return resource(aws, 'route-table', table.RouteTableId, table.Tags, {
    state: 'live',
    seen: 'exists',
    neededBy: bound.flatMap((one) => [one.SubnetId, one.GatewayId]),
    protectedBy: isMain(table) ? 'main route table of its VPC' : undefined,
  });
}

export const routeTables: Kind = {
  type: 'route-table',
  api: 'DescribeRouteTables',
  made: true,
  byTags: (aws, experimentId, call) => readRouteTables(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('route-table-id', ids, (filters) => readRouteTables(aws, filters, call)),
  remove: (aws, resources, call) =>
    removeEach(resources, async ({ id }) => {
      await aws.send(new DeleteRouteTableCommand({ RouteTableId: id }), call);
      return 'DeleteRouteTable accepted';
    }),
};
