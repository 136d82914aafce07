/** How do data volumes move from node to node, and how are they copied? The port over EC2's volumes and snapshots. */
import {
  AttachVolumeCommand,
  CreateSnapshotCommand,
  CreateVolumeCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  type Filter,
  type Snapshot,
  type Volume,
  type VolumeType,
} from '@aws-sdk/client-ec2';
import { Failure } from '../contracts/failures';
import { MANAGED_BY, TAG } from '../contracts/names';
import type { AwsRegion } from './clients';
import { allPages, inParts } from './paging';
import type { Call, SnapshotView, VolumeRequest, VolumesPort, VolumeView } from './ports';
import { fromTags, toTags } from './tags';

/** Most values that EC2 takes in one filter. Source: EC2 User Guide, "List and filter using the API". */
const FILTER_VALUES = 200;
/** The largest page of both listings. */
const PER_PAGE = 1000;

export function createVolumes(aws: AwsRegion): VolumesPort {
  return {
    describe: (ids, call) => readVolumes(aws, 'volume-id', ids, call),
    ofInstances: (ids, call) => readVolumes(aws, 'attachment.instance-id', ids, call),
    attach: async ({ volumeId, instanceId, device }, call) => {
      await aws.send(new AttachVolumeCommand({ VolumeId: volumeId, InstanceId: instanceId, Device: device }), call);
    },
    create: (request, call) => createVolume(aws, request, call),
    snapshot: (request, call) => createSnapshot(aws, request, call),
    snapshots: (launchIds, call) => readSnapshots(aws, launchIds, call),
  };
}

/** By filter and not by id: one id that is gone does not fail the others. */
async function readVolumes(aws: AwsRegion, filter: string, ids: string[], call: Call = {}): Promise<VolumeView[]> {
  const parts: VolumeView[][] = [];
  for (const Values of inParts(ids, FILTER_VALUES)) {
    const found = await allPages(
      (NextToken) =>
        aws.send(
          new DescribeVolumesCommand({ Filters: [{ Name: filter, Values }], MaxResults: PER_PAGE, NextToken }),
          call,
        ),
      (page) => page.NextToken,
      (page) => page.Volumes,
    );
    parts.push(found.map(view));
  }
  return parts.flat();
}

function view(volume: Volume): VolumeView {
  const hook = (volume.Attachments ?? []).find((attachment) => attachment.State !== 'detached');
  return {
    volumeId: volume.VolumeId ?? '',
    zone: volume.AvailabilityZone ?? '',
    state: volume.State ?? 'unknown',
    tags: fromTags(volume.Tags),
    ...(hook === undefined
      ? {}
      : { attachment: { instanceId: hook.InstanceId ?? '', device: hook.Device ?? '', state: hook.State ?? '' } }),
  };
}

async function createVolume(aws: AwsRegion, request: VolumeRequest, call: Call = {}): Promise<string> {
  const { zone, sizeGiB, type, iops, throughputMBps, snapshotId, clientToken, tags } = request;
  const reply = await aws.send(
    new CreateVolumeCommand({
      AvailabilityZone: zone,
      Size: sizeGiB,
      VolumeType: type as VolumeType,
      ClientToken: clientToken,
      TagSpecifications: [{ ResourceType: 'volume', Tags: toTags(tags) }],
      ...(iops === undefined ? {} : { Iops: iops }),
      ...(throughputMBps === undefined ? {} : { Throughput: throughputMBps }),
      ...(snapshotId === undefined ? {} : { SnapshotId: snapshotId }),
    }),
    call,
  );
  return named(reply.VolumeId, 'CreateVolume');
}

async function createSnapshot(
  aws: AwsRegion,
  { volumeId, tags }: { volumeId: string; tags: Record<string, string> },
  call: Call = {},
): Promise<string> {
  const reply = await aws.send(
    new CreateSnapshotCommand({
      VolumeId: volumeId,
      TagSpecifications: [{ ResourceType: 'snapshot', Tags: toTags(tags) }],
    }),
    call,
  );
  return named(reply.SnapshotId, 'CreateSnapshot');
}

function named(id: string | undefined, operation: string): string {
  if (id === undefined) throw new Failure('ServiceUnavailable', `${operation} answered without an id`);
  return id;
}

async function readSnapshots(aws: AwsRegion, launchIds: string[], call: Call = {}): Promise<SnapshotView[]> {
  const parts: SnapshotView[][] = [];
  for (const Values of inParts(launchIds, FILTER_VALUES)) {
    const Filters: Filter[] = [
      { Name: `tag:${TAG.launchId}`, Values },
      { Name: `tag:${TAG.managedBy}`, Values: [MANAGED_BY] },
    ];
    const found = await allPages(
      (NextToken) =>
        aws.send(new DescribeSnapshotsCommand({ OwnerIds: ['self'], Filters, MaxResults: PER_PAGE, NextToken }), call),
      (page) => page.NextToken,
      (page) => page.Snapshots,
    );
    parts.push(found.map(snapshotView));
  }
  return parts.flat();
}

function snapshotView({ SnapshotId, State, StartTime = new Date(), Tags }: Snapshot): SnapshotView {
  const startedAt = StartTime.toISOString();
  return { snapshotId: SnapshotId ?? '', state: State ?? 'pending', startedAt, tags: fromTags(Tags) };
}
