/** Which volumes are there? Made, described, attached within their zone, detached, and deleted only when free. */
import { AwsError } from '../errors';
import { newId } from '../world/ids';
import { stateAt } from '../world/instance';
import { addResource, endResource, newResource } from '../world/resources';
import { once } from '../tokens';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, RegionState, SimVolume } from '../world/state';
import { volumeFacts } from './block-devices';
import { find, select } from './describe';
import type { Fields } from './filters';
import { defined, flag, need, text, type Input } from './input';
import { zoneId } from './places';
import { tagList, tagSpecs } from './tag-specs';
import { unknownInstance, unknownVolume } from './unknown';

const createVolume: Handler = (input, ctx) =>
  once(ctx.world.tokens, `${ctx.account}/${ctx.region}/CreateVolume`, input, () => {
    const state = regionState(ctx);
    const facts = volumeFacts(input, 'Size');
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

function zoneOf(ctx: HandlerContext, input: Input): string {
  const zones = ctx.world.scenario.regions[ctx.region]?.zones ?? [];
  const byId = zones.find((zone) => zoneId(zone) === text(input, 'AvailabilityZoneId'));
  const zone = byId ?? need(input, 'AvailabilityZone');
  if (!zones.includes(zone)) throw new AwsError('InvalidZone.NotFound', `The zone '${zone}' does not exist.`);
  return zone;
}

function stateOf(volume: SimVolume, now: number): string {
  if (volume.attachment) return 'in-use';
  return now >= volume.availableAt ? 'available' : 'creating';
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
    'attachment.status': ({ attachment }) => attachment && 'attached',
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
    Attachments: volume.attachment ? [attachmentOf(volume, 'attached')] : [],
    Tags: tagList(volume.tags),
  });
}

function attachmentOf({ id, attachment }: SimVolume, state: string): Record<string, unknown> {
  return {
    VolumeId: id,
    InstanceId: attachment?.instanceId,
    Device: attachment?.device,
    State: state,
    AttachTime: new Date(attachment?.attachedAt ?? 0),
    DeleteOnTermination: attachment?.deleteOnTermination,
  };
}

const attachVolume: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const volume = find(ctx, state.volumes, need(input, 'VolumeId'), unknownVolume);
  const instance = find(ctx, state.instances, need(input, 'InstanceId'), unknownInstance);
  const device = need(input, 'Device');
  if (volume.attachment) throw new AwsError('VolumeInUse', `${volume.id} is already attached to an instance`);
  if (stateOf(volume, Date.now()) !== 'available') {
    throw new AwsError('IncorrectState', `Volume '${volume.id}' is not in the 'available' state.`);
  }
  if (!['running', 'stopped', 'stopping'].includes(stateAt(instance, Date.now()))) {
    throw new AwsError('IncorrectState', `Instance '${instance.id}' is not 'running'.`);
  }
  if (volume.zone !== instance.zone) {
    throw new AwsError(
      'InvalidVolume.ZoneMismatch',
      `The volume '${volume.id}' is not in the same availability zone as instance '${instance.id}'`,
    );
  }
  if (instance.volumes.some(({ deviceName }) => deviceName === device)) {
    throw new AwsError(
      'InvalidParameterValue',
      `Invalid value '${device}' for unixDevice. Attachment point ${device} is already in use`,
    );
  }
  const attachedAt = Date.now();
  volume.attachment = { instanceId: instance.id, device, attachedAt, deleteOnTermination: false };
  instance.volumes.push({ deviceName: device, volumeId: volume.id, deleteOnTermination: false, attachedAt });
  return attachmentOf(volume, 'attaching');
};

const detachVolume: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const volume = find(ctx, state.volumes, need(input, 'VolumeId'), unknownVolume);
  if (!volume.attachment) throw new AwsError('IncorrectState', `Volume '${volume.id}' is in the 'available' state.`);
  const asked = text(input, 'InstanceId');
  if (asked !== undefined && asked !== volume.attachment.instanceId) {
    throw new AwsError('InvalidAttachment.NotFound', `The volume '${volume.id}' is not attached to '${asked}'.`);
  }
  const answer = attachmentOf(volume, 'detaching');
  release(state, volume);
  return answer;
};

function release(state: RegionState, volume: SimVolume): void {
  const instance = state.instances.get(volume.attachment?.instanceId ?? '');
  if (instance) instance.volumes = instance.volumes.filter(({ volumeId }) => volumeId !== volume.id);
  Reflect.deleteProperty(volume, 'attachment');
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
  AttachVolume: attachVolume,
  DetachVolume: detachVolume,
  DeleteVolume: deleteVolume,
};
