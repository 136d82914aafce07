/** Do volumes and interfaces come off a machine only as AWS lets them: cleanly while it runs, else once it is gone? */
import { AwsError } from '../../src/simulator/errors';
import { clockwork, type Clockwork } from './clockwork';

let sim: Clockwork;
afterEach(() => sim.stop());

const DELAYS = {
  volumeReady: [0, 0],
  volumeAttach: [2000, 2000],
  volumeDetach: [3000, 3000],
  terminate: [30_000, 30_000],
} as const;

async function refused(operation: string, input: Record<string, unknown>): Promise<string> {
  try {
    await sim.call(operation, input);
  } catch (error) {
    if (error instanceof AwsError) return error.code;
    throw error;
  }
  return 'not refused';
}

/** A machine with a data volume, attached. */
async function withVolume(): Promise<{ id: string; volumeId: string }> {
  sim = clockwork({ delays: DELAYS });
  const [id = ''] = await sim.launch(1);
  const { VolumeId } = await sim.call('CreateVolume', { AvailabilityZone: 'us-west-2a', Size: 8 });
  const volumeId = String(VolumeId);
  await sim.call('AttachVolume', { VolumeId: volumeId, InstanceId: id, Device: '/dev/sdf' });
  return { id, volumeId };
}

async function volumeStates(volumeId: string): Promise<(string | undefined)[]> {
  const { Volumes } = await sim.call('DescribeVolumes', { VolumeIds: [volumeId] });
  const [volume] = Volumes as { State: string; Attachments: { State: string }[] }[];
  return [volume?.State, volume?.Attachments[0]?.State];
}

describe('a volume', () => {
  it('is attaching, attached, detaching and available in turn', async () => {
    const { id, volumeId } = await withVolume();
    expect(await volumeStates(volumeId)).toEqual(['in-use', 'attaching']);
    sim.pass(2);
    expect(await volumeStates(volumeId)).toEqual(['in-use', 'attached']);
    await sim.call('DetachVolume', { VolumeId: volumeId });
    expect(await volumeStates(volumeId)).toEqual(['in-use', 'detaching']);
    expect(await refused('DeleteVolume', { VolumeId: volumeId })).toBe('VolumeInUse');
    expect(await refused('DetachVolume', { VolumeId: volumeId, InstanceId: id })).toBe('not refused');
    sim.pass(3);
    expect(await volumeStates(volumeId)).toEqual(['available', undefined]);
  });

  it('of a machine under notice comes off cleanly before the end', async () => {
    const { id, volumeId } = await withVolume();
    sim.control('interrupt', { instanceId: id });
    sim.pass(60);
    await sim.call('DetachVolume', { VolumeId: volumeId });
    sim.pass(3);
    expect(await volumeStates(volumeId)).toEqual(['available', undefined]);
  });

  it('of a machine that shuts down is free only when it is gone, detached or not', async () => {
    const { id, volumeId } = await withVolume();
    const [other] = await sim.launch(1);
    sim.control('interrupt', { instanceId: id, noticeSeconds: 10 });
    sim.pass(11);
    await sim.call('DetachVolume', { VolumeId: volumeId });
    const attach = { VolumeId: volumeId, InstanceId: other, Device: '/dev/sdf' };
    sim.pass(28);
    expect(await volumeStates(volumeId)).toEqual(['in-use', 'detaching']);
    expect(await refused('AttachVolume', attach)).toBe('VolumeInUse');
    sim.pass(1);
    expect(await volumeStates(volumeId)).toEqual(['available', undefined]);
    expect(await refused('AttachVolume', attach)).toBe('not refused');
  });

  it('detached at the last moment is not lost to the shutdown that overtakes it', async () => {
    const { id, volumeId } = await withVolume();
    sim.control('interrupt', { instanceId: id, noticeSeconds: 10 });
    sim.pass(9);
    await sim.call('DetachVolume', { VolumeId: volumeId });
    sim.pass(5);
    expect(await volumeStates(volumeId)).toEqual(['in-use', 'detaching']);
    sim.pass(30);
    expect(await volumeStates(volumeId)).toEqual(['available', undefined]);
  });

  it('that is the root stays on', async () => {
    const { id } = await withVolume();
    const { Volumes } = await sim.call('DescribeVolumes', {
      Filters: [
        { Name: 'attachment.instance-id', Values: [id] },
        { Name: 'attachment.device', Values: ['/dev/sda1'] },
      ],
    });
    const [root] = Volumes as { VolumeId: string }[];
    expect(await refused('DetachVolume', { VolumeId: root?.VolumeId })).toBe('OperationNotPermitted');
  });
});

describe('a network interface', () => {
  async function withInterface(): Promise<{ id: string; eni: string; attachment: string }> {
    sim = clockwork({ delays: DELAYS });
    const [id = ''] = await sim.launch(1);
    const subnet = sim.world.regions.get('us-west-2')?.instances.get(id)?.subnetId;
    const { NetworkInterface } = await sim.call('CreateNetworkInterface', { SubnetId: subnet });
    const eni = (NetworkInterface as { NetworkInterfaceId: string }).NetworkInterfaceId;
    const { AttachmentId } = await sim.call('AttachNetworkInterface', {
      NetworkInterfaceId: eni,
      InstanceId: id,
      DeviceIndex: 1,
    });
    return { id, eni, attachment: String(AttachmentId) };
  }

  async function status(eni: string): Promise<string | undefined> {
    const { NetworkInterfaces } = await sim.call('DescribeNetworkInterfaces', { NetworkInterfaceIds: [eni] });
    return (NetworkInterfaces as { Status: string }[])[0]?.Status;
  }

  it('that was added comes off a running machine, and outlives it', async () => {
    const { id, eni, attachment } = await withInterface();
    expect(await refused('AttachNetworkInterface', { NetworkInterfaceId: eni, InstanceId: id, DeviceIndex: 2 })).toBe(
      'InvalidNetworkInterface.InUse',
    );
    await sim.call('DetachNetworkInterface', { AttachmentId: attachment });
    expect(await status(eni)).toBe('available');
    expect(await refused('DetachNetworkInterface', { AttachmentId: attachment })).toBe('InvalidAttachmentID.NotFound');
  });

  it('of a machine that shuts down is free only when it is gone', async () => {
    const { id, eni, attachment } = await withInterface();
    await sim.call('TerminateInstances', { InstanceIds: [id] });
    await sim.call('DetachNetworkInterface', { AttachmentId: attachment });
    sim.pass(29);
    expect(await status(eni)).toBe('in-use');
    sim.pass(1);
    expect(await status(eni)).toBe('available');
  });

  it('that came with the machine stays on, and other zones and taken places are refused', async () => {
    const { id, eni } = await withInterface();
    const own = [...(sim.world.regions.get('us-west-2')?.networkInterfaces.values() ?? [])].find(
      ({ attachment }) => attachment?.instanceId === id && attachment.deviceIndex === 0,
    );
    expect(await refused('DetachNetworkInterface', { AttachmentId: own?.attachment?.attachmentId })).toBe(
      'OperationNotPermitted',
    );
    const [far] = await sim.launch(1, { zone: 'us-west-2b' });
    const subnet = sim.world.regions.get('us-west-2')?.instances.get(id)?.subnetId;
    const { NetworkInterface } = await sim.call('CreateNetworkInterface', { SubnetId: subnet });
    const free = (NetworkInterface as { NetworkInterfaceId: string }).NetworkInterfaceId;
    const attach = (InstanceId: string | undefined, DeviceIndex: number) =>
      refused('AttachNetworkInterface', { NetworkInterfaceId: free, InstanceId, DeviceIndex });
    expect(await attach(far, 1)).toBe('InvalidParameterCombination');
    expect(await attach(id, 1)).toBe('InvalidParameterValue');
    expect(await attach(id, 2)).toBe('not refused');
    expect(eni).not.toBe(free);
  });
});
