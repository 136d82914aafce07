/** How does an experiment get a network of its own? What is there by its tags is kept, what is missing is made. */
import {
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  ModifySubnetAttributeCommand,
} from '@aws-sdk/client-ec2';
import type { InternetGateway, ResourceType, Subnet, TagSpecification, Vpc } from '@aws-sdk/client-ec2';
import { Failure } from '../contracts/failures';
import type { OwnNetwork } from '../contracts/network';
import { TAG } from '../contracts/names';
import { zoneBlocks } from '../policy/own-network';
import type { AwsRegion } from './clients';
import { hasCode } from './errors';
import * as parts from './own-network-parts';
import type { Call, ComputePort } from './ports';
import { toTags } from './tags';
import { untilVisible } from './visible';

type Request = Parameters<ComputePort['ensureNetwork']>[0];

/** What every part of the work needs. */
interface Making extends parts.Owner {
  request: Request;
  vpcId: string;
}

/** Everything outside of the network. */
const ANYWHERE = '0.0.0.0/0';

/** Resolves when nodes can be launched into it. `NotYetVisible` when EC2 does not know yet what it made a moment ago. */
export async function ensureNetwork(aws: AwsRegion, request: Request, call: Call = {}): Promise<OwnNetwork> {
  const owner = { aws, experimentId: request.tags[TAG.experimentId] ?? '', call };
  try {
    const known = await parts.findVpc(owner);
    const { VpcId: vpcId = '', CidrBlock: cidr = request.cidr } = known ?? (await makeVpc(owner, request));
    const inside = known === undefined ? parts.NOTHING_INSIDE : await parts.readInside(owner, vpcId);
    const making = { ...owner, request, vpcId };
    const [tableId, subnets] = await together([ensureWayOut(making, inside), ensureSubnets(making, cidr, inside)]);
    await associate(making, tableId, subnets, inside);
    const byZone = subnets.map(({ AvailabilityZone = '', SubnetId = '' }) => [AvailabilityZone, SubnetId] as const);
    return { vpcId, cidr, subnets: Object.fromEntries(byZone) };
  } catch (error) {
    // The ids come from EC2 itself, so one that it does not know is too new.
    if (!hasCode(error, 'InvalidVpcID.NotFound', 'InvalidSubnetID.NotFound')) throw error;
    throw new Failure('NotYetVisible', error.message, error.details, error);
  }
}

/** Rehearses what can be without a VPC, so that a missing permission leaves nothing half made, and makes it. */
async function makeVpc(owner: parts.Owner, request: Request): Promise<Vpc> {
  const { aws, call } = owner;
  const gateway = { TagSpecifications: tagged('internet-gateway', request), DryRun: true };
  // A dry run always ends in an error: this one says that the call would have been allowed.
  await unlessCode('DryRunOperation', aws.send(new CreateInternetGatewayCommand(gateway), call));
  const input = { CidrBlock: request.cidr, TagSpecifications: tagged('vpc', request) };
  const make = async (): Promise<Vpc | undefined> => (await aws.send(new CreateVpcCommand(input), call)).Vpc;
  return once(make, () => parts.findVpc(owner), call);
}

/** A route table with a way out through an internet gateway: its id. */
async function ensureWayOut(making: Making, { gateway, table }: parts.Inside): Promise<string> {
  const [GatewayId, RouteTableId] = await together([
    ensureGateway(making, gateway),
    table?.RouteTableId ?? makeTable(making),
  ]);
  if (table?.Routes?.some((route) => route.DestinationCidrBlock === ANYWHERE) === true) return RouteTableId;
  const route = { RouteTableId, GatewayId, DestinationCidrBlock: ANYWHERE };
  await unlessCode('RouteAlreadyExists', making.aws.send(new CreateRouteCommand(route), making.call));
  return RouteTableId;
}

async function ensureGateway(making: Making, found: InternetGateway | undefined): Promise<string> {
  const { aws, request, vpcId, call } = making;
  const input = { TagSpecifications: tagged('internet-gateway', request) };
  const make = async (): Promise<InternetGateway | undefined> =>
    (await aws.send(new CreateInternetGatewayCommand(input), call)).InternetGateway;
  const gateway = found ?? (await once(make, () => parts.findGateway(making, vpcId), call));
  const { InternetGatewayId = '', Attachments = [] } = gateway;
  if (Attachments.some((one) => one.VpcId === vpcId)) return InternetGatewayId;
  const attach = new AttachInternetGatewayCommand({ InternetGatewayId, VpcId: vpcId });
  await unlessCode('Resource.AlreadyAssociated', aws.send(attach, call));
  return InternetGatewayId;
}

async function makeTable(making: Making): Promise<string> {
  const { aws, request, vpcId, call } = making;
  const command = new CreateRouteTableCommand({ VpcId: vpcId, TagSpecifications: tagged('route-table', request) });
  const table = await once(
    async () => (await aws.send(command, call)).RouteTable,
    () => parts.findTable(making, vpcId),
    call,
  );
  return table.RouteTableId ?? '';
}

/** One per zone; nodes in them get public addresses, or they would not reach SSM. */
async function ensureSubnets(making: Making, cidr: string, { subnets }: parts.Inside): Promise<Subnet[]> {
  const { aws, request, vpcId, call } = making;
  const missing = request.zones.filter((zone) => !subnets.some(({ AvailabilityZone }) => AvailabilityZone === zone));
  const taken = subnets.map(({ CidrBlock = '' }) => CidrBlock);
  const made = await together(
    Object.entries(zoneBlocks(cidr, missing, taken)).map(async ([AvailabilityZone, CidrBlock]) => {
      const place = { VpcId: vpcId, AvailabilityZone, CidrBlock, TagSpecifications: tagged('subnet', request) };
      return (await aws.send(new CreateSubnetCommand(place), call)).Subnet ?? {};
    }),
  );
  const all = [...subnets, ...made];
  const areShown = async (): Promise<boolean> => (await parts.readSubnets(making, vpcId)).length >= all.length;
  if (made.length > 0) await untilVisible(areShown, call);
  const closed = all.filter(({ MapPublicIpOnLaunch }) => MapPublicIpOnLaunch !== true);
  const opening = closed.map(({ SubnetId }) =>
    aws.send(new ModifySubnetAttributeCommand({ SubnetId, MapPublicIpOnLaunch: { Value: true } }), call),
  );
  await together(opening);
  return all;
}

async function associate(
  { aws, call }: Making,
  RouteTableId: string,
  subnets: Subnet[],
  { table }: parts.Inside,
): Promise<void> {
  const done = new Set((table?.Associations ?? []).map(({ SubnetId }) => SubnetId));
  const missing = subnets.filter(({ SubnetId }) => !done.has(SubnetId));
  const associating = missing.map(({ SubnetId }) => {
    const command = new AssociateRouteTableCommand({ RouteTableId, SubnetId });
    return unlessCode('Resource.AlreadyAssociated', aws.send(command, call));
  });
  await together(associating);
}

/**
 * Makes one thing that EC2 takes no token for, and waits until it shows: an attempt that goes on after this one, or
 * after a lost reply, finds it and makes no other.
 */
async function once<T>(make: () => Promise<T | undefined>, find: () => Promise<T | undefined>, call: Call): Promise<T> {
  let lost: Failure | undefined;
  const made = await make().catch((error: unknown) => {
    if (!(error instanceof Failure) || error.type !== 'ServiceUnavailable') throw error;
    lost = error;
    return undefined;
  });
  let found: T | undefined;
  await untilVisible(async () => (found = await find()) !== undefined, call);
  const thing = made ?? found;
  if (thing === undefined) throw lost ?? new Failure('ServiceUnavailable', 'EC2 did not say what it made');
  return thing;
}

/** Waits for all of it, also when some fails: nothing is still being made when the next attempt looks. */
async function together<const T extends readonly unknown[]>(
  work: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  await Promise.allSettled(work);
  return Promise.all(work);
}

async function unlessCode(code: string, asking: Promise<unknown>): Promise<void> {
  await asking.catch((error: unknown) => {
    if (!hasCode(error, code)) throw error;
  });
}

function tagged(ResourceType: ResourceType, { tags }: Request): TagSpecification[] {
  return [{ ResourceType, Tags: toTags(tags) }];
}
