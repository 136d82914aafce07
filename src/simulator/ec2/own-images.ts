/** How does an account make images of its own, and end them? Of a machine or of snapshots, which stay when the image goes. */
import { AwsError } from '../errors';
import { newId } from '../world/ids';
import { findImage, type SimImage } from '../world/images';
import { stateAt } from '../world/instance';
import { addResource, endResource, newResource } from '../world/resources';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, RegionState, SimOwnImage, SimSnapshot, Tags } from '../world/state';
import { find } from './describe';
import { flag, invalid, missing, need, record, records, text, type Input } from './input';
import { startSnapshot } from './snapshots';
import { tagSpecs } from './tag-specs';
import { unknownImage, unknownInstance, unknownSnapshot } from './unknown';

/** "The cooldown period is 24 hours" (EC2 user guide, "Protect an AMI from deregistration"). */
const COOLDOWN_MS = 24 * 3_600_000;

function checkName(state: RegionState, input: Input): string {
  const name = need(input, 'Name');
  const taken = [...state.ownImages.values()].find(({ image }) => image.name === name);
  if (!taken) return name;
  throw new AwsError('InvalidAMIName.Duplicate', `AMI name ${name} is already in use by AMI ${taken.id}`);
}

/** Snapshots of every volume of the machine; the image can be launched from when they are complete. */
const createImage: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const instance = find(ctx, state.instances, need(input, 'InstanceId'), unknownInstance);
  if (!['running', 'stopped'].includes(stateAt(instance, Date.now()))) {
    throw new AwsError('IncorrectState', `Instance '${instance.id}' is not 'running' or 'stopped'.`);
  }
  const name = checkName(state, input);
  const tags = tagSpecs(input, ['image', 'snapshot']);
  const { delays } = ctx.world.scenario;
  const snapshots = instance.volumes.flatMap(({ volumeId }) => {
    const volume = state.volumes.get(volumeId);
    return volume ? [startSnapshot(ctx, state, volume, `Created by CreateImage(${instance.id})`, tags.snapshot)] : [];
  });
  const own = addImage(ctx, state, tags.image, snapshots, {
    name,
    arch: instance.architecture,
    description: text(input, 'Description') ?? '',
    rootDevice: instance.volumes[0]?.deviceName ?? '/dev/sda1',
  });
  own.draws['imageReady'] = ctx.world.random.between(delays.imageReady);
  own.availableAt = own.createdAt + own.draws['imageReady'];
  own.sourceInstanceId = instance.id;
  return { ImageId: own.id };
};

const registerImage: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const name = checkName(state, input);
  const { image: tags } = tagSpecs(input, ['image']);
  const snapshots = records(input, 'BlockDeviceMappings')
    .map((mapping) => text(record(mapping, 'Ebs') ?? {}, 'SnapshotId'))
    .filter((id) => id !== undefined)
    .map((id) => find(ctx, state.snapshots, id, unknownSnapshot));
  if (snapshots.length === 0) throw missing('BlockDeviceMapping');
  const arch = text(input, 'Architecture') ?? 'x86_64';
  if (arch !== 'x86_64' && arch !== 'arm64') throw invalid('architecture', arch, 'Expecting one of x86_64, arm64.');
  const own = addImage(ctx, state, tags, snapshots, {
    name,
    arch,
    description: text(input, 'Description') ?? '',
    rootDevice: text(input, 'RootDeviceName') ?? '/dev/sda1',
  });
  return { ImageId: own.id };
};

function addImage(
  ctx: HandlerContext,
  state: RegionState,
  tags: Tags,
  snapshots: SimSnapshot[],
  facts: Pick<SimImage, 'name' | 'arch' | 'description' | 'rootDevice'>,
): SimOwnImage {
  const base = newResource(ctx, 'image', newId(ctx.world, 'ami'), tags);
  const [root] = snapshots;
  const image: SimImage = {
    ...facts,
    id: base.id,
    ownerId: ctx.account,
    createdAt: new Date(base.createdAt).toISOString(),
    rootSize: root?.size ?? 8,
    snapshotId: root?.id ?? '',
    public: false,
    tags: base.tags,
    parameters: [],
  };
  return addResource<SimOwnImage>(state, {
    ...base,
    image,
    availableAt: base.createdAt,
    snapshotIds: snapshots.map(({ id }) => id),
    protection: 'disabled',
  });
}

/** An image of this account; those of others cannot be changed, nor those that the scenario gives. */
function ownImage(ctx: HandlerContext, state: RegionState, input: Input): SimOwnImage {
  const id = need(input, 'ImageId');
  if (findImage(ctx.world, ctx.region, id)?.id === id && !state.ownImages.has(id))
    throw new AwsError('AuthFailure', `Not authorized for image:${id}`, 403);
  if (state.all.get(id)?.endedAt !== undefined)
    throw new AwsError('InvalidAMIID.Unavailable', `The image ID '${id}' is no longer available`);
  return find(ctx, state.ownImages, id, unknownImage);
}

/** While it is protected, or was within its cooldown, an image cannot be deregistered; the code is invented. */
const deregisterImage: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const own = ownImage(ctx, state, input);
  if (own.protection !== 'disabled' || Date.now() < (own.protectedUntil ?? 0)) {
    throw new AwsError('OperationNotPermitted', `The image '${own.id}' is protected from deregistration.`);
  }
  endResource(state, own);
  if (flag(input, 'DeleteAssociatedSnapshots') !== true) return { Return: true };
  return {
    Return: true,
    DeleteSnapshotResults: own.snapshotIds.map((SnapshotId) => ({
      SnapshotId,
      ReturnCode: dropSnapshot(state, SnapshotId),
    })),
  };
};

/** A snapshot that another image is made of stays. */
function dropSnapshot(state: RegionState, id: string): 'success' | 'skipped' {
  const snapshot = state.snapshots.get(id);
  if (!snapshot || [...state.ownImages.values()].some(({ snapshotIds }) => snapshotIds.includes(id))) return 'skipped';
  endResource(state, snapshot);
  return 'success';
}

const enableImageDeregistrationProtection: Handler = (input, ctx) => {
  const own = ownImage(ctx, regionState(ctx), input);
  own.protection = flag(input, 'WithCooldown') === true ? 'enabled-with-cooldown' : 'enabled-without-cooldown';
  return { Return: own.protection };
};

const disableImageDeregistrationProtection: Handler = (input, ctx) => {
  const own = ownImage(ctx, regionState(ctx), input);
  if (own.protection === 'enabled-with-cooldown') own.protectedUntil = Date.now() + COOLDOWN_MS;
  own.protection = 'disabled';
  return { Return: own.protection };
};

export const ownImageOperations: Handlers = {
  CreateImage: createImage,
  RegisterImage: registerImage,
  DeregisterImage: deregisterImage,
  EnableImageDeregistrationProtection: enableImageDeregistrationProtection,
  DisableImageDeregistrationProtection: disableImageDeregistrationProtection,
};
