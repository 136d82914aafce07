/** How does a volume come onto a machine and off it? In its zone, by steps that take time; a dying machine keeps its own. */
import { AwsError } from '../errors';
import { plan } from '../world/agenda';
import { findImage } from '../world/images';
import { stateAt } from '../world/instance';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, RegionState, SimInstance, SimVolume } from '../world/state';
import { find } from './describe';
import { need, text } from './input';
import { unknownInstance, unknownVolume } from './unknown';

export function stateOf(volume: SimVolume, now: number): 'in-use' | 'available' | 'creating' {
  if (volume.attachment) return 'in-use';
  return now >= volume.availableAt ? 'available' : 'creating';
}

export function attachmentStateOf({ attachment }: SimVolume, now: number): string | undefined {
  if (!attachment) return undefined;
  if (attachment.detaching) return 'detaching';
  return now >= (attachment.readyAt ?? attachment.attachedAt) ? 'attached' : 'attaching';
}

export function renderAttachment(volume: SimVolume, now: number): Record<string, unknown> {
  const { id, attachment } = volume;
  return {
    VolumeId: id,
    InstanceId: attachment?.instanceId,
    Device: attachment?.device,
    State: attachmentStateOf(volume, now),
    AttachTime: new Date(attachment?.attachedAt ?? 0),
    DeleteOnTermination: attachment?.deleteOnTermination,
  };
}

const attachVolume: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const volume = find(ctx, state.volumes, need(input, 'VolumeId'), unknownVolume);
  const instance = find(ctx, state.instances, need(input, 'InstanceId'), unknownInstance);
  const device = need(input, 'Device');
  checkAttachable(volume, instance, device);
  const attachedAt = Date.now();
  const volumeAttach = ctx.world.random.between(ctx.world.scenario.delays.volumeAttach);
  volume.draws['volumeAttach'] = volumeAttach;
  volume.attachment = {
    instanceId: instance.id,
    device,
    attachedAt,
    readyAt: attachedAt + volumeAttach,
    deleteOnTermination: false,
  };
  instance.volumes.push({ deviceName: device, volumeId: volume.id, deleteOnTermination: false, attachedAt });
  return { ...renderAttachment(volume, attachedAt), State: 'attaching' };
};

function checkAttachable(volume: SimVolume, instance: SimInstance, device: string): void {
  const now = Date.now();
  if (volume.attachment) throw new AwsError('VolumeInUse', `${volume.id} is already attached to an instance`);
  if (stateOf(volume, now) !== 'available')
    throw new AwsError('IncorrectState', `Volume '${volume.id}' is not in the 'available' state.`);
  if (!['running', 'stopped', 'stopping'].includes(stateAt(instance, now)))
    throw new AwsError('IncorrectState', `Instance '${instance.id}' is not 'running'.`);
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
}

/** A second detach of the same attachment answers as the first did (AWS does not say what it does: invented). */
const detachVolume: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const volume = find(ctx, state.volumes, need(input, 'VolumeId'), unknownVolume);
  const { attachment } = volume;
  if (!attachment) throw new AwsError('IncorrectState', `Volume '${volume.id}' is in the 'available' state.`);
  const asked = text(input, 'InstanceId');
  if (asked !== undefined && asked !== attachment.instanceId) {
    throw new AwsError('InvalidAttachment.NotFound', `The volume '${volume.id}' is not attached to '${asked}'.`);
  }
  const instance = state.instances.get(attachment.instanceId);
  checkNotRoot(ctx, instance, attachment.device);
  if (!attachment.detaching) beginDetach(ctx, state, volume, instance);
  return { ...renderAttachment(volume, Date.now()), State: 'detaching' };
};

function checkNotRoot(ctx: HandlerContext, instance: SimInstance | undefined, device: string): void {
  if (!instance || stateAt(instance, Date.now()) === 'stopped') return;
  if (findImage(ctx.world, ctx.region, instance.imageId)?.rootDevice !== device) return;
  throw new AwsError(
    'OperationNotPermitted',
    `Unable to detach root volume '${device}' from instance '${instance.id}'`,
  );
}

/** From a machine that shuts down nothing comes off before it is gone. */
function beginDetach(ctx: HandlerContext, state: RegionState, volume: SimVolume, instance?: SimInstance): void {
  const { attachment } = volume;
  if (!attachment) return;
  attachment.detaching = true;
  const { world } = ctx;
  const volumeDetach = world.random.between(world.scenario.delays.volumeDetach);
  volume.draws['volumeDetach'] = volumeDetach;
  plan(world.agenda, Date.now() + volumeDetach, () => {
    const dying = instance !== undefined && stateAt(instance, Date.now()) === 'shutting-down';
    if (!dying && volume.attachment === attachment) release(state, volume);
  });
}

function release(state: RegionState, volume: SimVolume): void {
  const instance = state.instances.get(volume.attachment?.instanceId ?? '');
  if (instance) instance.volumes = instance.volumes.filter(({ volumeId }) => volumeId !== volume.id);
  Reflect.deleteProperty(volume, 'attachment');
}

export const volumeAttachmentOperations: Handlers = { AttachVolume: attachVolume, DetachVolume: detachVolume };
