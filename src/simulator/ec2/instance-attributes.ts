/** Which attributes of one instance can be read and changed on their own? One attribute a call, some only while stopped. */
import { AwsError } from '../errors';
import { stateAt } from '../world/instance';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, SimInstance } from '../world/state';
import { find } from './describe';
import { flag, invalid, need, record, records, text, texts, type Input } from './input';
import { unknownGroup, unknownInstance } from './unknown';

const READERS: Record<string, (instance: SimInstance) => Record<string, unknown>> = {
  instanceType: ({ instanceType }) => ({ InstanceType: { Value: instanceType } }),
  userData: ({ userData }) => ({ UserData: userData === undefined ? {} : { Value: userData } }),
  disableApiTermination: ({ terminationProtected }) => ({ DisableApiTermination: { Value: terminationProtected } }),
  disableApiStop: ({ stopProtected }) => ({ DisableApiStop: { Value: stopProtected } }),
  instanceInitiatedShutdownBehavior: ({ shutdownBehavior }) => ({
    InstanceInitiatedShutdownBehavior: { Value: shutdownBehavior },
  }),
  ebsOptimized: ({ ebsOptimized }) => ({ EbsOptimized: { Value: ebsOptimized } }),
  sourceDestCheck: ({ sourceDestCheck }) => ({ SourceDestCheck: { Value: sourceDestCheck } }),
  enaSupport: () => ({ EnaSupport: { Value: true } }),
  rootDeviceName: ({ volumes }) => ({ RootDeviceName: { Value: volumes[0]?.deviceName } }),
  groupSet: ({ securityGroupIds }) => ({ Groups: securityGroupIds.map((GroupId) => ({ GroupId })) }),
  blockDeviceMapping: ({ volumes }) => ({
    BlockDeviceMappings: volumes.map(({ deviceName, volumeId, deleteOnTermination, attachedAt }) => ({
      DeviceName: deviceName,
      Ebs: {
        VolumeId: volumeId,
        DeleteOnTermination: deleteOnTermination,
        AttachTime: new Date(attachedAt),
        Status: 'attached',
      },
    })),
  }),
};

const describeInstanceAttribute: Handler = (input, ctx) => {
  const instance = find(ctx, regionState(ctx).instances, need(input, 'InstanceId'), unknownInstance);
  const attribute = need(input, 'Attribute');
  const read = READERS[attribute];
  if (!read) throw invalid('attribute', attribute, `The simulator knows ${Object.keys(READERS).join(', ')}.`);
  return { InstanceId: instance.id, ...read(instance) };
};

type Change = (instance: SimInstance) => void;

const modifyInstanceAttribute: Handler = (input, ctx) => {
  const instance = find(ctx, regionState(ctx).instances, need(input, 'InstanceId'), unknownInstance);
  const changes = [
    ...flagChanges(input),
    ...textChanges(input, instance),
    ...groupChanges(input, ctx),
    ...deviceChanges(input),
  ];
  if (changes.length !== 1) {
    throw new AwsError(
      'InvalidParameterCombination',
      'Fields for multiple attribute types specified, or none; the simulator changes one at a time.',
    );
  }
  for (const change of changes) change(instance);
  return {};
};

/** A boolean attribute comes as its own member with a Value, or as Attribute and Value. */
function flagOf(input: Input, member: string): boolean | undefined {
  const nested = record(input, member);
  if (nested) return flag(nested, 'Value');
  const attribute = member.charAt(0).toLowerCase() + member.slice(1);
  return text(input, 'Attribute') === attribute ? text(input, 'Value') === 'true' : undefined;
}

function flagChanges(input: Input): Change[] {
  const changes: Change[] = [];
  const [end, halt] = [flagOf(input, 'DisableApiTermination'), flagOf(input, 'DisableApiStop')];
  const [check, optimized] = [flagOf(input, 'SourceDestCheck'), flagOf(input, 'EbsOptimized')];
  if (end !== undefined) changes.push((instance) => void (instance.terminationProtected = end));
  if (halt !== undefined) changes.push((instance) => void (instance.stopProtected = halt));
  if (check !== undefined) changes.push((instance) => void (instance.sourceDestCheck = check));
  if (optimized !== undefined) changes.push((instance) => void (instance.ebsOptimized = optimized));
  return changes;
}

function textOf(input: Input, member: string): string | undefined {
  const attribute = member.charAt(0).toLowerCase() + member.slice(1);
  return (
    text(record(input, member) ?? {}, 'Value') ??
    (text(input, 'Attribute') === attribute ? text(input, 'Value') : undefined)
  );
}

function textChanges(input: Input, instance: SimInstance): Change[] {
  const changes: Change[] = [];
  const [type, behavior] = [textOf(input, 'InstanceType'), textOf(input, 'InstanceInitiatedShutdownBehavior')];
  if (type !== undefined) {
    mustBeStopped(instance, 'instanceType');
    changes.push((target) => void (target.instanceType = type));
  }
  if (behavior !== undefined) {
    if (behavior !== 'stop' && behavior !== 'terminate')
      throw invalid('instanceInitiatedShutdownBehavior', behavior, 'Expecting stop or terminate.');
    changes.push((target) => void (target.shutdownBehavior = behavior));
  }
  const userData = record(input, 'UserData')?.['Value'];
  if (userData instanceof Uint8Array) {
    mustBeStopped(instance, 'userData');
    const encoded = Buffer.from(userData).toString('base64');
    changes.push((target) => void (target.userData = encoded));
  }
  return changes;
}

function mustBeStopped(instance: SimInstance, attribute: string): void {
  if (stateAt(instance, Date.now()) === 'stopped') return;
  throw new AwsError(
    'IncorrectInstanceState',
    `The instance '${instance.id}' is not in the 'stopped' state: ${attribute} cannot be changed.`,
  );
}

function groupChanges(input: Input, ctx: HandlerContext): Change[] {
  const groups = texts(input, 'Groups');
  if (groups.length === 0) return [];
  const state = regionState(ctx);
  for (const id of groups) find(ctx, state.securityGroups, id, unknownGroup);
  return [
    (instance) => {
      instance.securityGroupIds = groups;
      for (const id of instance.networkInterfaceIds) {
        const eni = state.networkInterfaces.get(id);
        if (eni) eni.securityGroupIds = groups;
      }
    },
  ];
}

function deviceChanges(input: Input): Change[] {
  const mappings = records(input, 'BlockDeviceMappings');
  if (mappings.length === 0) return [];
  return [
    (instance) => {
      for (const mapping of mappings) {
        const device = instance.volumes.find(({ deviceName }) => deviceName === text(mapping, 'DeviceName'));
        if (!device)
          throw new AwsError(
            'InvalidInstanceAttributeValue',
            `No device is currently mapped at ${text(mapping, 'DeviceName') ?? ''}`,
          );
        device.deleteOnTermination =
          flag(record(mapping, 'Ebs') ?? {}, 'DeleteOnTermination') ?? device.deleteOnTermination;
      }
    },
  ];
}

export const instanceAttributeOperations: Handlers = {
  DescribeInstanceAttribute: describeInstanceAttribute,
  ModifyInstanceAttribute: modifyInstanceAttribute,
};
