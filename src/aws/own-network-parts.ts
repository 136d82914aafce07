/** What of an experiment's own network is there? Its parts by their tags. */
import {
  DescribeInternetGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  type InternetGateway,
  type RouteTable,
  type Subnet,
  type Tag,
  type Vpc,
} from '@aws-sdk/client-ec2';
import { isOwned } from '../contracts/names';
import type { AwsRegion } from './clients';
import { ownedFilters, PAGE, readPages } from './inventory-kind';
import type { Call } from './ports';
import { fromTags } from './tags';

/** Whose network, and how it is read. */
export interface Owner {
  aws: AwsRegion;
  experimentId: string;
  call: Call;
}

/** What is in a VPC of ours, of each what is ours by its tags. */
export interface Inside {
  subnets: Subnet[];
  gateway?: InternetGateway | undefined;
  table?: RouteTable | undefined;
}

/** Of a VPC that was made a moment ago. */
export const NOTHING_INSIDE: Inside = { subnets: [] };

/** Of two, which a lost reply may have left, always the same one; cleanup takes both. */
export async function findVpc({ aws, experimentId, call }: Owner): Promise<Vpc | undefined> {
  const Filters = ownedFilters(experimentId);
  const pages = await readPages((token) =>
    aws.send(new DescribeVpcsCommand({ Filters, MaxResults: PAGE, ...token }), call),
  );
  const vpcs = ours(
    experimentId,
    pages.flatMap((page) => page.Vpcs ?? []),
  );
  return vpcs.sort((a, b) => ((a.VpcId ?? '') < (b.VpcId ?? '') ? -1 : 1))[0];
}

export async function readInside(owner: Owner, vpcId: string): Promise<Inside> {
  const [subnets, gateway, table] = await Promise.all([
    readSubnets(owner, vpcId),
    findGateway(owner, vpcId),
    findTable(owner, vpcId),
  ]);
  return { subnets, gateway, table };
}

export async function readSubnets({ aws, experimentId, call }: Owner, vpcId: string): Promise<Subnet[]> {
  const Filters = [...ownedFilters(experimentId), { Name: 'vpc-id', Values: [vpcId] }];
  const pages = await readPages((token) =>
    aws.send(new DescribeSubnetsCommand({ Filters, MaxResults: PAGE, ...token }), call),
  );
  return ours(
    experimentId,
    pages.flatMap((page) => page.Subnets ?? []),
  );
}

/** The one that is attached to the VPC, or one that is attached to nothing. */
export async function findGateway(
  { aws, experimentId, call }: Owner,
  vpcId: string,
): Promise<InternetGateway | undefined> {
  const Filters = ownedFilters(experimentId);
  const pages = await readPages((token) =>
    aws.send(new DescribeInternetGatewaysCommand({ Filters, MaxResults: PAGE, ...token }), call),
  );
  const all = ours(
    experimentId,
    pages.flatMap((page) => page.InternetGateways ?? []),
  );
  return (
    all.find(({ Attachments = [] }) => Attachments.some((one) => one.VpcId === vpcId)) ??
    all.find(({ Attachments = [] }) => Attachments.length === 0)
  );
}

export async function findTable({ aws, experimentId, call }: Owner, vpcId: string): Promise<RouteTable | undefined> {
  const Filters = [...ownedFilters(experimentId), { Name: 'vpc-id', Values: [vpcId] }];
  const pages = await readPages((token) =>
    // A page of route tables holds a hundred at most.
    aws.send(new DescribeRouteTablesCommand({ Filters, MaxResults: 100, ...token }), call),
  );
  return ours(
    experimentId,
    pages.flatMap((page) => page.RouteTables ?? []),
  )[0];
}

/** Filters match wildcards, so values are compared again. */
function ours<T extends { Tags?: Tag[] | undefined }>(experimentId: string, all: T[]): T[] {
  return all.filter(({ Tags }) => isOwned(fromTags(Tags), experimentId));
}
