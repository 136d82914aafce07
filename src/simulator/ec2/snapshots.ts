/** Which snapshots are there? Taken of a volume at a moment, complete a while later, and deleted when no image is made of them. */
import { AwsError } from '../errors';
import { addResource, endResource, newResource } from '../world/resources';
import { newId } from '../world/ids';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, RegionState, SimSnapshot, SimVolume, Tags } from '../world/state';
import { find, select } from './describe';
import type { Fields } from './filters';
import { defined, need, text, texts } from './input';
import { tagList, tagSpecs } from './tag-specs';
import { unknownSnapshot, unknownVolume } from './unknown';

function stateOf({ completedAt }: SimSnapshot, now: number): 'pending' | 'completed' {
  return now >= completedAt ? 'completed' : 'pending';
}

/** Of any volume, attached or not: what is written afterwards is not in it (EBS user guide, "Create snapshots"). */
const createSnapshot: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const volume = find(ctx, state.volumes, need(input, 'VolumeId'), unknownVolume);
  const { snapshot: tags } = tagSpecs(input, ['snapshot']);
  const snapshot = startSnapshot(ctx, state, volume, text(input, 'Description') ?? '', tags);
  return render(snapshot, snapshot.createdAt);
};

export function startSnapshot(
  ctx: HandlerContext,
  state: RegionState,
  volume: SimVolume,
  description: string,
  tags: Tags,
): SimSnapshot {
  const base = newResource(ctx, 'snapshot', newId(ctx.world, 'snap'), tags);
  const snapshotReady = ctx.world.random.between(ctx.world.scenario.delays.snapshotReady);
  return addResource<SimSnapshot>(state, {
    ...base,
    volumeId: volume.id,
    size: volume.size,
    encrypted: volume.encrypted,
    description,
    completedAt: base.createdAt + snapshotReady,
    draws: { ...base.draws, snapshotReady },
  });
}

function render(snapshot: SimSnapshot, now: number): Record<string, unknown> {
  const { createdAt, completedAt } = snapshot;
  const share = Math.min(1, (now - createdAt) / Math.max(1, completedAt - createdAt));
  return defined({
    SnapshotId: snapshot.id,
    VolumeId: snapshot.volumeId,
    VolumeSize: snapshot.size,
    State: stateOf(snapshot, now),
    Progress: `${String(Math.floor(share * 100))}%`,
    StartTime: new Date(createdAt),
    OwnerId: snapshot.account,
    Description: snapshot.description,
    Encrypted: snapshot.encrypted,
    Tags: tagList(snapshot.tags),
  });
}

function fieldsOf(now: number): Fields<SimSnapshot> {
  return {
    'snapshot-id': ({ id }) => id,
    'volume-id': ({ volumeId }) => volumeId,
    'volume-size': ({ size }) => size,
    status: (snapshot) => stateOf(snapshot, now),
    'owner-id': ({ account }) => account,
    description: ({ description }) => description,
    encrypted: ({ encrypted }) => encrypted,
    'start-time': ({ createdAt }) => new Date(createdAt).toISOString(),
  };
}

/** The account's own; public ones and those of others are not played, whatever the owners asked for. */
const describeSnapshots: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const now = Date.now();
  const { items, ...more } = select(ctx, state, input, {
    shelf: state.snapshots,
    fields: fieldsOf(now),
    ids: { member: 'SnapshotIds', prefix: 'snap', malformed: 'InvalidParameterValue', unknown: unknownSnapshot },
    // 5 to 1,000 a page: EC2 API reference, DescribeSnapshots.
    limits: { min: 5, max: 1000, notWith: 'SnapshotIds' },
  });
  const owners = texts(input, 'OwnerIds');
  const owned = owners.length === 0 || owners.includes('self') || owners.includes(ctx.account);
  return { Snapshots: owned ? items.map((snapshot) => render(snapshot, now)) : [], ...more };
};

/** A pending one too: its copying ends. Volumes made from it do without it (EBS user guide, "Delete a snapshot"). */
const deleteSnapshot: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const snapshot = find(ctx, state.snapshots, need(input, 'SnapshotId'), unknownSnapshot);
  const image = [...state.ownImages.values()].find(({ snapshotIds }) => snapshotIds.includes(snapshot.id));
  if (image) {
    throw new AwsError('InvalidSnapshot.InUse', `The snapshot ${snapshot.id} is currently in use by ${image.id}`);
  }
  endResource(state, snapshot);
  return {};
};

export const snapshotOperations: Handlers = {
  CreateSnapshot: createSnapshot,
  DescribeSnapshots: describeSnapshots,
  DeleteSnapshot: deleteSnapshot,
};
