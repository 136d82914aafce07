/** How does an instance look in an answer? The members of the EC2 `Instance` type that mean something here. */
import { STATE_CODES, stateAt } from '../world/instance';
import type { RegionState, SimInstance, SimNetworkInterface } from '../world/state';
import { tagList } from './tag-specs';
import { zoneId } from './places';

/** Instances of one launch call as a reservation. */
export function renderReservation(state: RegionState, instances: SimInstance[], now: number): Record<string, unknown> {
  const [first] = instances;
  return {
    ReservationId: first?.reservationId,
    OwnerId: first?.account,
    Groups: [],
    Instances: instances.map((instance) => renderInstance(state, instance, now)),
  };
}

/** Name and code of a state. */
function renderState(instance: SimInstance, now: number): { Name: string; Code: number } {
  const name = stateAt(instance, now);
  return { Name: name, Code: STATE_CODES[name] };
}

function renderInstance(state: RegionState, instance: SimInstance, now: number): Record<string, unknown> {
  const name = stateAt(instance, now);
  const gone = name === 'terminated';
  return {
    ...identity(instance, now),
    ...(gone ? {} : network(state, instance)),
    BlockDeviceMappings: instance.volumes.map((volume) => ({
      DeviceName: volume.deviceName,
      Ebs: {
        VolumeId: volume.volumeId,
        Status: name === 'pending' ? 'attaching' : 'attached',
        AttachTime: new Date(volume.attachedAt),
        DeleteOnTermination: volume.deleteOnTermination,
      },
    })),
    StateReason: reasonOf(instance, now),
    StateTransitionReason: transitionReason(instance, now),
    Tags: tagList(instance.tags),
  };
}

function identity(instance: SimInstance, now: number): Record<string, unknown> {
  const spot = instance.market === 'spot';
  return {
    InstanceId: instance.id,
    ImageId: instance.imageId,
    InstanceType: instance.instanceType,
    State: renderState(instance, now),
    LaunchTime: new Date(instance.pendingAt),
    ClientToken: instance.clientToken ?? '',
    AmiLaunchIndex: instance.launchIndex,
    Architecture: instance.architecture,
    KeyName: instance.keyName,
    InstanceLifecycle: spot ? 'spot' : undefined,
    SpotInstanceRequestId: instance.spotRequestId,
    IamInstanceProfile: profileOf(instance),
    Placement: {
      AvailabilityZone: instance.zone,
      AvailabilityZoneId: zoneId(instance.zone),
      GroupName: instance.placementGroup ?? '',
      Tenancy: 'default',
    },
    Monitoring: { State: 'disabled' },
    EbsOptimized: instance.ebsOptimized,
    EnaSupport: true,
    Hypervisor: 'xen',
    VirtualizationType: 'hvm',
    RootDeviceType: 'ebs',
    RootDeviceName: instance.volumes[0]?.deviceName ?? '/dev/sda1',
    PlatformDetails: 'Linux/UNIX',
    UsageOperation: 'RunInstances',
    MetadataOptions: { State: 'applied', HttpTokens: 'required', HttpPutResponseHopLimit: 2, HttpEndpoint: 'enabled' },
    CpuOptions: cpuOf(instance),
  };
}

/** Graviton has one thread per core; the others two, but for the smallest T2. */
function cpuOf({ vcpus, architecture }: SimInstance): Record<string, unknown> {
  const ThreadsPerCore = architecture === 'arm64' || vcpus < 2 ? 1 : 2;
  return { CoreCount: vcpus / ThreadsPerCore, ThreadsPerCore };
}

/** An id for the profile is needed by the shape; it is derived from the ARN. */
function profileOf({ profileArn }: SimInstance): Record<string, unknown> | undefined {
  if (profileArn === undefined) return undefined;
  return { Arn: profileArn, Id: `AIPA${Buffer.from(profileArn).toString('hex').slice(-17).toUpperCase()}` };
}

function network(state: RegionState, instance: SimInstance): Record<string, unknown> {
  const groups = instance.securityGroupIds.map((id) => ({
    GroupId: id,
    GroupName: state.securityGroups.get(id)?.name ?? '',
  }));
  return {
    SubnetId: instance.subnetId,
    VpcId: instance.vpcId,
    PrivateIpAddress: instance.privateIp,
    PrivateDnsName: `ip-${instance.privateIp.replaceAll('.', '-')}.${instance.region}.compute.internal`,
    PublicIpAddress: instance.publicIp,
    PublicDnsName: instance.publicIp
      ? `ec2-${instance.publicIp.replaceAll('.', '-')}.${instance.region}.compute.amazonaws.com`
      : '',
    SourceDestCheck: instance.sourceDestCheck,
    SecurityGroups: groups,
    NetworkInterfaces: instance.networkInterfaceIds
      .map((id) => state.networkInterfaces.get(id))
      .filter((eni) => eni !== undefined)
      .map((eni) => interfaceOf(eni, instance, groups)),
  };
}

function interfaceOf(eni: SimNetworkInterface, instance: SimInstance, groups: unknown[]): Record<string, unknown> {
  return {
    NetworkInterfaceId: eni.id,
    SubnetId: eni.subnetId,
    VpcId: eni.vpcId,
    PrivateIpAddress: eni.privateIp,
    PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: eni.privateIp }],
    OwnerId: instance.account,
    Status: 'in-use',
    SourceDestCheck: instance.sourceDestCheck,
    InterfaceType: 'interface',
    Description: eni.description,
    Groups: groups,
    Attachment: {
      AttachmentId: eni.attachment?.attachmentId,
      DeviceIndex: eni.attachment?.deviceIndex ?? 0,
      AttachTime: new Date(eni.attachment?.attachedAt ?? instance.pendingAt),
      DeleteOnTermination: eni.attachment?.deleteOnTermination ?? true,
      Status: 'attached',
    },
  };
}

/** The reason shows once the machine is on its way out. */
function reasonOf(instance: SimInstance, now: number): Record<string, unknown> | undefined {
  const state = stateAt(instance, now);
  if (!instance.stateReason || state === 'pending' || state === 'running') return undefined;
  return { Code: instance.stateReason.code, Message: instance.stateReason.message };
}

function transitionReason(instance: SimInstance, now: number): string {
  const state = stateAt(instance, now);
  const at = instance.terminatingAt ?? instance.stoppingAt ?? instance.terminatedAt;
  if (at === undefined || state === 'pending' || state === 'running') return '';
  const when = new Date(at).toISOString().replace('T', ' ').slice(0, 19);
  const byUser = instance.stateReason?.code.startsWith('Client.UserInitiated') ?? false;
  return byUser ? `User initiated (${when} GMT)` : (instance.stateReason?.code ?? '');
}
