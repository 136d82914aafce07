/** How are NAT and internet gateways read and deleted? The one holds addresses and an interface, the other is held by them. */
import {
  DeleteInternetGatewayCommand,
  DeleteNatGatewayCommand,
  DescribeInternetGatewaysCommand,
  DescribeNatGatewaysCommand,
  DetachInternetGatewayCommand,
  type Filter,
  type InternetGateway,
  type NatGateway,
} from '@aws-sdk/client-ec2';
import type { Holder, TaggedResource } from '../contracts/inventory';
import { isOwned, TAG } from '../contracts/names';
import type { AwsRegion } from './clients';
import { hasCode } from './errors';
import { ownedFilters, PAGE, readByFilter, readPages, resource } from './inventory-kind';
import type { Kind, Reading } from './inventory-kind';
import { readVpcs } from './inventory-network';
import { removeEach } from './inventory-remove';
import { readInterfaces } from './inventory-storage';
import { inParts } from './paging';
import type { Call } from './ports';

async function readNats(aws: AwsRegion, filters: Filter[], call?: Call): Promise<Reading> {
  const pages = await readPages((token) =>
    aws.send(new DescribeNatGatewaysCommand({ Filter: filters, MaxResults: PAGE, ...token }), call),
  );
  const raw = pages.flatMap((page) => page.NatGateways ?? []);
  const living = raw.filter((nat) => nat.State !== 'deleted').flatMap((nat) => nat.NatGatewayAddresses ?? []);
  const cards = living.flatMap((address) => address.NetworkInterfaceId ?? []);
  return {
    resources: raw.map((nat) => natResource(aws, nat)),
    pages: pages.length,
    named: cards.map((id) => ({ type: 'network-interface' as const, id })),
  };
}

/** A deleted one is listed for about an hour; it is gone all the same. */
function natResource(aws: AwsRegion, { NatGatewayId, Tags, State = 'available' }: NatGateway): TaggedResource {
  const state = State === 'deleted' ? 'gone' : State === 'deleting' ? 'ending' : 'live';
  return resource(aws, 'natgateway', NatGatewayId, Tags, { state, seen: State });
}

export const natGateways: Kind = {
  type: 'natgateway',
  api: 'DescribeNatGateways',
  byTags: (aws, experimentId, call) => readNats(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('nat-gateway-id', ids, (filters) => readNats(aws, filters, call)),
  remove: (aws, resources, call) =>
    removeEach(resources, async ({ id }) => {
      await aws.send(new DeleteNatGatewayCommand({ NatGatewayId: id }), call);
      return 'DeleteNatGateway accepted';
    }),
};

/** Reads internet gateways by any filter; VPCs ask this way what is attached to them. */
export async function readGateways(
  aws: AwsRegion,
  filters: Filter[],
  call?: Call,
): Promise<Reading & { raw: InternetGateway[] }> {
  const pages = await readPages((token) =>
    aws.send(new DescribeInternetGatewaysCommand({ Filters: filters, MaxResults: PAGE, ...token }), call),
  );
  const raw = pages.flatMap((page) => page.InternetGateways ?? []);
  const resources = raw.map((gateway) =>
    resource(aws, 'internet-gateway', gateway.InternetGatewayId, gateway.Tags, {
      state: 'live',
      seen: attachedTo(gateway).length === 0 ? 'detached' : 'attached',
    }),
  );
  return { resources, pages: pages.length, raw };
}

function attachedTo(gateway: InternetGateway): string[] {
  return (gateway.Attachments ?? []).flatMap((attachment) => attachment.VpcId ?? []);
}

function byId(aws: AwsRegion, ids: string[], call?: Call): Promise<(Reading & { raw: InternetGateway[] })[]> {
  const parts = inParts(ids, 200);
  return Promise.all(parts.map((Values) => readGateways(aws, [{ Name: 'internet-gateway-id', Values }], call)));
}

/** The VPC of each gateway, by gateway; at most one. */
async function vpcsOf(aws: AwsRegion, ids: string[], call?: Call): Promise<Map<string, string>> {
  const raw = (await byId(aws, ids, call)).flatMap((read) => read.raw);
  return new Map(
    raw.flatMap((one) => attachedTo(one).map((vpc): [string, string] => [one.InternetGatewayId ?? '', vpc])),
  );
}

/**
 * EC2 does not detach it while an interface of the VPC has a public address. Detaching it from a VPC of others would
 * cut them off, so such a VPC holds it.
 */
async function gatewayHolders(aws: AwsRegion, found: TaggedResource[], call?: Call): Promise<void> {
  const vpcs = await vpcsOf(
    aws,
    found.map((one) => one.id),
    call,
  );
  const ids = [...new Set(vpcs.values())];
  if (ids.length === 0) return;
  const read = await readByFilter('vpc-id', ids, (filters) => readVpcs(aws, filters, call));
  const cards = (
    await Promise.all(inParts(ids, 200).map((Values) => readInterfaces(aws, [{ Name: 'vpc-id', Values }], call)))
  )
    .flatMap((part) => part.raw)
    .filter((card) => card.Association?.PublicIp !== undefined && card.Association.PublicIp !== '');
  for (const one of found) {
    const vpc = read.resources.find((other) => other.id === vpcs.get(one.id));
    if (vpc === undefined) continue;
    one.neededBy.push(...cards.filter((card) => card.VpcId === vpc.id).map((card) => card.NetworkInterfaceId ?? ''));
    const holder: Holder = { type: vpc.type, id: vpc.id, tags: vpc.tags };
    if (!isOwned(vpc.tags, one.tags[TAG.experimentId] ?? '')) one.holders = [...(one.holders ?? []), holder];
  }
}

async function detach(aws: AwsRegion, input: { InternetGatewayId: string; VpcId: string }, call?: Call): Promise<void> {
  await aws.send(new DetachInternetGatewayCommand(input), call).catch((error: unknown) => {
    if (!hasCode(error, 'Gateway.NotAttached')) throw error;
  });
}

export const internetGateways: Kind = {
  type: 'internet-gateway',
  api: 'DescribeInternetGateways',
  made: true,
  byTags: (aws, experimentId, call) => readGateways(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('internet-gateway-id', ids, (filters) => readGateways(aws, filters, call)),
  holders: gatewayHolders,
  async remove(aws, resources, call) {
    const vpcs = await vpcsOf(
      aws,
      resources.map((one) => one.id),
      call,
    );
    return removeEach(resources, async ({ id }) => {
      const VpcId = vpcs.get(id);
      if (VpcId !== undefined) await detach(aws, { InternetGatewayId: id, VpcId }, call);
      await aws.send(new DeleteInternetGatewayCommand({ InternetGatewayId: id }), call);
      return 'DeleteInternetGateway accepted';
    });
  },
};
