/** Which volumes are there? Made, described, and deleted only when free. */
import { AwsError } from '../errors';
import { newId } from '../world/ids';
import { imagesOf } from '../world/images';
import { addResource, endResource, newResource } from '../world/resources';
import { once } from '../tokens';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, RegionState, SimSnapshot, SimVolume } from '../world/state';
import { volumeFacts } from './block-devices';
import { find, select } from './describe';
import type { Fields } from './filters';
import { defined, flag, invalid, need, text, type Input } from './input';
import { zoneId } from './places';
import { tagList, tagSpecs } from './tag-specs';
import { unknownSnapshot, unknownVolume } from './unknown';
import { attachmentStateOf, renderAttachment, stateOf } from './volume-attachments';

const createVolume: Handler = (input, ctx) =>
  once(ctx.world.tokens, `${ctx.account}/${ctx.region}/CreateVolume`, input, () => {
    const state = regionState(ctx);
    const source = sourceOf(ctx, state, input);
    const facts = volumeFacts(input, 'Size', source?.size);
    if (source && facts.size < source.size) {
      throw invalid('volumeSize', facts.size, `It is smaller than snapshot ${source.id} of ${source.size} GiB.`);
    }
    const { volume: tags } = tagSpecs(input, ['volume']);
    const base = newResource(ctx, 'volume', newId(ctx.world, 'vol'), tags);
    const volumeReady = ctx.world.random.between(ctx.world.scenario.delays.volumeReady);
    const volume = addResource<SimVolume>(state, {
      ...base,
      ...facts,
      zone: zoneOf(ctx, input),
      encrypted: flag(input, 'Encrypted') ?? false,
      snapshotId: text(input, 'SnapshotId') ?? '',
      availableAt: base.createdAt + volumeReady,
      draws: { ...base.draws, volumeReady },
    });
    return render(volume, base.createdAt);
  });

/** The snapshot that the request names: one that was taken here, or that of an image, which has no other facts. */
function sourceOf(ctx: HandlerContext, state: RegionState, input: Input): SimSnapshot | undefined {
  const id = text(input, 'SnapshotId');
  if (id === undefined || imagesOf(ctx.world, ctx.region).some(({ snapshotId }) => snapshotId === id)) return undefined;
  const snapshot = find(ctx, state.snapshots, id, unknownSnapshot);
  if (Date.now() >= snapshot.completedAt) return snapshot;
  throw new AwsError('IncorrectState', `Snapshot is in invalid state - pending: ${id}`);
}

function zoneOf(ctx: HandlerContext, input: Input): string {
  const zones = ctx.world.scenario.regions[ctx.region]?.zones ?? [];
  const byId = zones.find((zone) => zoneId(zone) === text(input, 'AvailabilityZoneId'));
  const zone = byId ?? need(input, 'AvailabilityZone');
  if (!zones.includes(zone)) throw new AwsError('InvalidZone.NotFound', `The zone '${zone}' does not exist.`);
  return zone;
}

function fieldsOf(now: number): Fields<SimVolume> {
  return {
    'volume-id': ({ id }) => id,
    'volume-type': ({ volumeType }) => volumeType,
    'availability-zone': ({ zone }) => zone,
    'availability-zone-id': ({ zone }) => zoneId(zone),
    status: (volume) => stateOf(volume, now),
    size: ({ size }) => size,
    encrypted: ({ encrypted }) => encrypted,
    'snapshot-id': ({ snapshotId }) => snapshotId,
    'create-time': ({ createdAt }) => new Date(createdAt).toISOString(),
    'attachment.instance-id': ({ attachment }) => attachment?.instanceId,
    'attachment.device': ({ attachment }) => attachment?.device,
    'attachment.status': (volume) => attachmentStateOf(volume, now),
    'attachment.delete-on-termination': ({ attachment }) => attachment?.deleteOnTermination,
  };
}

const describeVolumes: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const now = Date.now();
  const { items, ...more } = select(ctx, state, input, {
    shelf: state.volumes,
    fields: fieldsOf(now),
    ids: { member: 'VolumeIds', prefix: 'vol', malformed: 'InvalidParameterValue', unknown: unknownVolume },
    // 5 to 1,000 a page: EC2 API reference, DescribeVolumes.
    limits: { min: 5, max: 1000, notWith: 'VolumeIds' },
  });
  return { Volumes: items.map((volume) => render(volume, now)), ...more };
};

function render(volume: SimVolume, now: number): Record<string, unknown> {
  return defined({
    VolumeId: volume.id,
    Size: volume.size,
    VolumeType: volume.volumeType,
    Iops: volume.iops,
    Throughput: volume.throughput,
    AvailabilityZone: volume.zone,
    AvailabilityZoneId: zoneId(volume.zone),
    State: stateOf(volume, now),
    Encrypted: volume.encrypted,
    SnapshotId: volume.snapshotId,
    CreateTime: new Date(volume.createdAt),
    MultiAttachEnabled: false,
    Attachments: volume.attachment ? [renderAttachment(volume, now)] : [],
    Tags: tagList(volume.tags),
  });
}

const deleteVolume: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const volume = find(ctx, state.volumes, need(input, 'VolumeId'), unknownVolume);
  if (volume.attachment) {
    throw new AwsError('VolumeInUse', `Volume ${volume.id} is currently attached to ${volume.attachment.instanceId}`);
  }
  endResource(state, volume);
  return {};
};

export const volumeOperations: Handlers = {
  CreateVolume: createVolume,
  DescribeVolumes: describeVolumes,
  DeleteVolume: deleteVolume,
};
