/** How does a second network interface come onto a machine and off it? In its zone; the first one stays for good. */
import { AwsError } from '../errors';
import { plan } from '../world/agenda';
import { newId } from '../world/ids';
import { stateAt } from '../world/instance';
import { regionState } from '../world/world';
import type { Handler, Handlers, SimInstance, SimNetworkInterface } from '../world/state';
import { find } from './describe';
import { missing, need, number } from './input';
import { unknownInstance, unknownInterface } from './unknown';

const attachNetworkInterface: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const eni = find(ctx, state.networkInterfaces, need(input, 'NetworkInterfaceId'), unknownInterface);
  const instance = find(ctx, state.instances, need(input, 'InstanceId'), unknownInstance);
  const deviceIndex = number(input, 'DeviceIndex');
  if (deviceIndex === undefined) throw missing('DeviceIndex');
  checkAttachable(eni, instance);
  const taken = instance.networkInterfaceIds.some(
    (id) => state.networkInterfaces.get(id)?.attachment?.deviceIndex === deviceIndex,
  );
  if (taken) {
    throw new AwsError(
      'InvalidParameterValue',
      `Instance '${instance.id}' already has an interface attached at device index '${deviceIndex}'.`,
    );
  }
  const attachmentId = newId(ctx.world, 'eni-attach');
  eni.attachment = {
    attachmentId,
    instanceId: instance.id,
    deviceIndex,
    attachedAt: Date.now(),
    deleteOnTermination: false,
  };
  instance.networkInterfaceIds.push(eni.id);
  return { AttachmentId: attachmentId };
};

function checkAttachable(eni: SimNetworkInterface, instance: SimInstance): void {
  if (eni.attachment || eni.owner)
    throw new AwsError('InvalidNetworkInterface.InUse', `Interface: [${eni.id}] in use.`);
  if (!['running', 'stopped'].includes(stateAt(instance, Date.now())))
    throw new AwsError('IncorrectState', `Instance '${instance.id}' is not 'running'.`);
  if (eni.zone !== instance.zone) {
    throw new AwsError(
      'InvalidParameterCombination',
      'You may not attach a network interface to an instance if they are not in the same availability zone',
    );
  }
}

/** From a machine that shuts down nothing comes off before it is gone. */
const detachNetworkInterface: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const attachmentId = need(input, 'AttachmentId');
  if (attachmentId.startsWith('ela-attach-'))
    throw new AwsError('OperationNotPermitted', "You are not allowed to manage 'ela-attach' attachments.");
  const eni = [...state.networkInterfaces.values()].find(({ attachment }) => attachment?.attachmentId === attachmentId);
  const { attachment } = eni ?? {};
  if (!eni || !attachment)
    throw new AwsError('InvalidAttachmentID.NotFound', `The attachment '${attachmentId}' does not exist`);
  if (attachment.deviceIndex === 0)
    throw new AwsError('OperationNotPermitted', 'The network interface at device index 0 cannot be detached.');
  const instance = state.instances.get(attachment.instanceId);
  if (instance && stateAt(instance, Date.now()) === 'shutting-down') return {};
  if (attachment.detaching) return {};
  eni.draws['interfaceDetach'] = ctx.world.random.between(ctx.world.scenario.delays.interfaceDetach);
  attachment.detaching = true;
  const off = (): void => {
    if (eni.attachment !== attachment) return;
    if (instance) instance.networkInterfaceIds = instance.networkInterfaceIds.filter((id) => id !== eni.id);
    Reflect.deleteProperty(eni, 'attachment');
  };
  if (eni.draws['interfaceDetach'] === 0) off();
  else plan(ctx.world.agenda, Date.now() + eni.draws['interfaceDetach'], off);
  return {};
};

export const interfaceAttachmentOperations: Handlers = {
  AttachNetworkInterface: attachNetworkInterface,
  DetachNetworkInterface: detachNetworkInterface,
};
