/** What does a call on many things do to the good ones when one is bad? As AWS's does, call by call. */
import { clockwork, type Clockwork } from './clockwork';

let sim: Clockwork;
beforeEach(() => {
  sim = clockwork({ delays: { terminate: [60_000, 60_000], interfaceDetach: [5_000, 5_000] } });
});
afterEach(() => sim.stop());

type Reply = Record<string, unknown>;

async function stateOf(id: string): Promise<string> {
  const { Reservations } = await sim.call('DescribeInstances', { InstanceIds: [id] });
  const [reservation] = Reservations as { Instances: { State: { Name: string } }[] }[];
  return reservation?.Instances[0]?.State.Name ?? '';
}

const protect = (InstanceId: string) =>
  sim.call('ModifyInstanceAttribute', { InstanceId, DisableApiTermination: { Value: true } });

it('TerminateInstances ends nothing in the zone of a protected machine, all in other zones, and is refused', async () => {
  const [guarded = '', beside = ''] = await sim.launch(2, { zone: 'us-west-2a' });
  const [elsewhere = ''] = await sim.launch(1, { zone: 'us-west-2b' });
  await protect(guarded);

  const all = { InstanceIds: [guarded, beside, elsewhere] };
  expect(await sim.refused('TerminateInstances', all)).toBe('OperationNotPermitted');

  expect(await Promise.all([guarded, beside, elsewhere].map(stateOf))).toEqual(['running', 'running', 'shutting-down']);
});

it('TerminateInstances ends nothing for one unknown id, and takes a thousand at most', async () => {
  const [id = ''] = await sim.launch(1);
  const unknown = (count: number) => Array.from({ length: count }, (_, at) => `i-${String(at).padStart(17, '0')}`);
  expect(await sim.refused('TerminateInstances', { InstanceIds: [id, ...unknown(1)] })).toBe(
    'InvalidInstanceID.NotFound',
  );
  expect(await sim.refused('TerminateInstances', { InstanceIds: unknown(1001) })).toBe('RequestResourceCountExceeded');
  expect(await stateOf(id)).toBe('running');
});

it('a machine with stop protection is not stopped, and ends when told to', async () => {
  const [id = ''] = await sim.launch(1, { market: 'on-demand' });
  await sim.call('ModifyInstanceAttribute', { InstanceId: id, DisableApiStop: { Value: true } });
  expect(await sim.refused('StopInstances', { InstanceIds: [id] })).toBe('OperationNotPermitted');
  await sim.call('TerminateInstances', { InstanceIds: [id] });
  expect(await stateOf(id)).toBe('shutting-down');
});

it('DeleteFleets names the unknown in a good answer, and takes 25 instant fleets at most', async () => {
  const unknown = (count: number) =>
    Array.from({ length: count }, (_, at) => `fleet-00000000-0000-0000-0000-${String(at).padStart(12, '0')}`);
  const { UnsuccessfulFleetDeletions } = await sim.call('DeleteFleets', {
    FleetIds: unknown(1),
    TerminateInstances: true,
  });
  expect(UnsuccessfulFleetDeletions).toMatchObject([
    { FleetId: unknown(1)[0], Error: { Code: 'fleetIdDoesNotExist' } },
  ]);
  const many = { FleetIds: unknown(26), TerminateInstances: true };
  expect(await sim.refused('DeleteFleets', many)).toBe('InvalidParameterValue');
});

it('a second interface comes off its machine after a while, and cannot be deleted before', async () => {
  const [InstanceId = ''] = await sim.launch(1);
  const { Subnets } = await sim.call('DescribeSubnets', {
    Filters: [{ Name: 'availability-zone', Values: ['us-west-2a'] }],
  });
  const [{ SubnetId }] = Subnets as [{ SubnetId: string }];
  const { NetworkInterface } = await sim.call('CreateNetworkInterface', { SubnetId });
  const { NetworkInterfaceId } = NetworkInterface as { NetworkInterfaceId: string };
  const { AttachmentId } = await sim.call('AttachNetworkInterface', { NetworkInterfaceId, InstanceId, DeviceIndex: 1 });
  const seen = async (): Promise<Reply> => {
    const { NetworkInterfaces } = await sim.call('DescribeNetworkInterfaces', {
      NetworkInterfaceIds: [NetworkInterfaceId],
    });
    return (NetworkInterfaces as [Reply])[0];
  };

  await sim.call('DetachNetworkInterface', { AttachmentId, Force: true });
  expect(await seen()).toMatchObject({ Status: 'in-use', Attachment: { Status: 'detaching' } });
  expect(await sim.refused('DeleteNetworkInterface', { NetworkInterfaceId })).toBe('InvalidParameterValue');
  sim.pass(6);
  expect((await seen())['Status']).toBe('available');
  await sim.call('DeleteNetworkInterface', { NetworkInterfaceId });
});
