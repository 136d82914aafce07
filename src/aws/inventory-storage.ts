/** How are volumes, network interfaces and addresses read and deleted? What hangs on an instance waits for its end. */
import {
  DeleteNetworkInterfaceCommand,
  DeleteVolumeCommand,
  DescribeAddressesCommand,
  DescribeNetworkInterfacesCommand,
  DescribeVolumesCommand,
  ReleaseAddressCommand,
  type Filter,
  type NetworkInterface,
  type Volume,
} from '@aws-sdk/client-ec2';
import type { TaggedResource } from '../contracts/inventory';
import { storageBill } from './bills';
import type { AwsRegion } from './clients';
import { ownedFilters, PAGE, readByFilter, readPages, resource } from './inventory-kind';
import type { Kind, Reading } from './inventory-kind';
import { removeEach } from './inventory-remove';
import type { Call } from './ports';

async function readVolumes(aws: AwsRegion, filters: Filter[], call?: Call): Promise<Reading> {
  const pages = await readPages((token) =>
    aws.send(new DescribeVolumesCommand({ Filters: filters, MaxResults: PAGE, ...token }), call),
  );
  const raw = pages.flatMap((page) => page.Volumes ?? []);
  return { resources: raw.map((volume) => volumeResource(aws, volume)), pages: pages.length };
}

/** While attached with DeleteOnTermination the instance's end deletes it; deleting it too would only be refused. */
function volumeResource(aws: AwsRegion, volume: Volume): TaggedResource {
  const attached = (volume.Attachments ?? []).filter((attachment) => attachment.State !== 'detached');
  const owner = attached.find((attachment) => attachment.DeleteOnTermination === true)?.InstanceId;
  const state = volume.State ?? 'unknown';
  return {
    ...resource(aws, 'volume', volume.VolumeId, volume.Tags, {
      state: state === 'deleted' ? 'gone' : state === 'deleting' ? 'ending' : 'live',
      seen: state,
      neededBy: attached.map((attachment) => attachment.InstanceId),
      bills: storageBill(aws.region, volume.VolumeType, volume.Size),
    }),
    ...(owner === undefined ? {} : { diesWith: owner }),
  };
}

export const volumes: Kind = {
  type: 'volume',
  api: 'DescribeVolumes',
  made: true,
  byTags: (aws, experimentId, call) => readVolumes(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('volume-id', ids, (filters) => readVolumes(aws, filters, call)),
  remove: (aws, resources, call) =>
    removeEach(resources, async ({ id }) => {
      await aws.send(new DeleteVolumeCommand({ VolumeId: id }), call);
      return 'DeleteVolume accepted';
    }),
};

/** Reads interfaces by any filter; groups and subnets ask this way who uses them. */
export async function readInterfaces(
  aws: AwsRegion,
  filters: Filter[],
  call?: Call,
): Promise<Reading & { raw: NetworkInterface[] }> {
  const pages = await readPages((token) =>
    aws.send(new DescribeNetworkInterfacesCommand({ Filters: filters, MaxResults: PAGE, ...token }), call),
  );
  const raw = pages.flatMap((page) => page.NetworkInterfaces ?? []);
  return { resources: raw.map((card) => interfaceResource(aws, card)), pages: pages.length, raw };
}

/** Of the interfaces that AWS makes for a gateway or an endpoint, the description alone names the owner. */
const MADE_FOR = /^(?:Interface for NAT Gateway|VPC Endpoint Interface) ((?:nat|vpce)-[0-9a-z]+)$/;

function interfaceResource(aws: AwsRegion, card: NetworkInterface): TaggedResource {
  const hook = card.Attachment?.Status === 'detached' ? undefined : card.Attachment;
  const owner = hook?.DeleteOnTermination === true ? hook.InstanceId : madeFor(card);
  return {
    ...resource(aws, 'network-interface', card.NetworkInterfaceId, card.TagSet, {
      state: 'live',
      seen: card.Status ?? 'unknown',
      neededBy: [hook?.InstanceId],
      protectedBy:
        card.RequesterManaged === true && owner === undefined
          ? `managed by ${card.RequesterId ?? 'an AWS service'}`
          : undefined,
    }),
    ...(owner === undefined ? {} : { diesWith: owner }),
  };
}

function madeFor({ RequesterManaged, Description = '' }: NetworkInterface): string | undefined {
  return RequesterManaged === true ? MADE_FOR.exec(Description)?.[1] : undefined;
}

export const interfaces: Kind = {
  type: 'network-interface',
  api: 'DescribeNetworkInterfaces',
  made: true,
  byTags: (aws, experimentId, call) => readInterfaces(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('network-interface-id', ids, (filters) => readInterfaces(aws, filters, call)),
  remove: (aws, resources, call) =>
    removeEach(resources, async ({ id }) => {
      await aws.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: id }), call);
      return 'DeleteNetworkInterface accepted';
    }),
};

async function readAddresses(aws: AwsRegion, filters: Filter[], call?: Call): Promise<Reading> {
  const reply = await aws.send(new DescribeAddressesCommand({ Filters: filters }), call);
  return {
    resources: (reply.Addresses ?? []).map((address) =>
      resource(aws, 'elastic-ip', address.AllocationId, address.Tags, {
        state: 'live',
        seen: address.AssociationId === undefined || address.AssociationId === '' ? 'unassociated' : 'associated',
        neededBy: [
          address.InstanceId === undefined || address.InstanceId === ''
            ? address.NetworkInterfaceId
            : address.InstanceId,
        ],
      }),
    ),
    pages: 1,
  };
}

export const addresses: Kind = {
  type: 'elastic-ip',
  api: 'DescribeAddresses',
  byTags: (aws, experimentId, call) => readAddresses(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('allocation-id', ids, (filters) => readAddresses(aws, filters, call)),
  remove: (aws, resources, call) =>
    removeEach(resources, async ({ id }) => {
      await aws.send(new ReleaseAddressCommand({ AllocationId: id }), call);
      return 'ReleaseAddress accepted';
    }),
};
