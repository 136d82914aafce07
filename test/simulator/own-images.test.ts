/** Do images that callers make behave as AWS's: of snapshots that stay, protected when told, gone by id at once? */
import * as sdk from '@aws-sdk/client-ec2';
import { codeOf, imageId, startRig, until, type Rig } from './ec2-support';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig('quick');
});
afterAll(() => rig.close());

const send: Rig['ec2']['send'] = ((command: never) => rig.ec2.send(command)) as never;
const Tags = [{ Key: 'ExperimentID', Value: 'exp-1' }];

async function machine(): Promise<string> {
  const { Instances } = await send(
    new sdk.RunInstancesCommand({
      MinCount: 1,
      MaxCount: 1,
      InstanceType: 't3.micro',
      ImageId: await imageId(rig.ec2),
    }),
  );
  const id = Instances?.[0]?.InstanceId ?? '';
  await until(async () => {
    const { Reservations } = await send(new sdk.DescribeInstancesCommand({ InstanceIds: [id] }));
    return Reservations?.[0]?.Instances?.[0]?.State?.Name === 'running';
  });
  return id;
}

async function image(name: string): Promise<{ id: string; snapshotId: string }> {
  const { ImageId = '' } = await send(
    new sdk.CreateImageCommand({
      InstanceId: await machine(),
      Name: name,
      TagSpecifications: [
        { ResourceType: 'image', Tags },
        { ResourceType: 'snapshot', Tags },
      ],
    }),
  );
  await until(async () => (await byTag()).some((one) => one.ImageId === ImageId && one.State === 'available'));
  const [found] = (await send(new sdk.DescribeImagesCommand({ ImageIds: [ImageId] }))).Images ?? [];
  return { id: ImageId, snapshotId: found?.BlockDeviceMappings?.[0]?.Ebs?.SnapshotId ?? '' };
}

const byTag = async (): Promise<sdk.Image[]> =>
  (
    await send(
      new sdk.DescribeImagesCommand({ Owners: ['self'], Filters: [{ Name: 'tag:ExperimentID', Values: ['exp-1'] }] }),
    )
  ).Images ?? [];
const deregister = (ImageId: string, more: Partial<sdk.DeregisterImageCommandInput> = {}) =>
  send(new sdk.DeregisterImageCommand({ ImageId, ...more }));

it('an image of a machine holds its snapshot until it is deregistered', async () => {
  const { id, snapshotId } = await image('one');
  const drop = () => send(new sdk.DeleteSnapshotCommand({ SnapshotId: snapshotId }));
  const again = send(new sdk.CreateImageCommand({ InstanceId: await machine(), Name: 'one' }));
  expect(await codeOf(again)).toBe('InvalidAMIName.Duplicate');
  expect(await codeOf(drop())).toBe('InvalidSnapshot.InUse');
  await deregister(id);
  expect(await codeOf(deregister(id))).toBe('InvalidAMIID.Unavailable');
  expect(await codeOf(send(new sdk.DescribeImagesCommand({ ImageIds: [id] })))).toBe('InvalidAMIID.NotFound');
  expect(await byTag()).toEqual([]);
  await drop();
});

it('an image takes its snapshots along when told to, and machines start from it', async () => {
  const { id, snapshotId } = await image('two');
  await send(new sdk.RunInstancesCommand({ MinCount: 1, MaxCount: 1, InstanceType: 't3.micro', ImageId: id }));
  const { DeleteSnapshotResults } = await deregister(id, { DeleteAssociatedSnapshots: true });
  expect(DeleteSnapshotResults).toEqual([{ SnapshotId: snapshotId, ReturnCode: 'success' }]);
  expect(await codeOf(send(new sdk.DescribeSnapshotsCommand({ SnapshotIds: [snapshotId] })))).toBe(
    'InvalidSnapshot.NotFound',
  );
});

it('a registered image is protected as long as it is told, and a day longer after a cooldown', async () => {
  const { snapshotId } = await image('three');
  const register = async (Name: string) =>
    (
      await send(
        new sdk.RegisterImageCommand({
          Name,
          RootDeviceName: '/dev/sda1',
          BlockDeviceMappings: [{ DeviceName: '/dev/sda1', Ebs: { SnapshotId: snapshotId } }],
          TagSpecifications: [{ ResourceType: 'image', Tags }],
        }),
      )
    ).ImageId ?? '';
  const protect = (ImageId: string, WithCooldown: boolean) =>
    send(new sdk.EnableImageDeregistrationProtectionCommand({ ImageId, WithCooldown }));
  const free = (ImageId: string) => send(new sdk.DisableImageDeregistrationProtectionCommand({ ImageId }));

  const plain = await register('four');
  await protect(plain, false);
  expect(await codeOf(deregister(plain))).toBe('OperationNotPermitted');
  const [shown] = (await send(new sdk.DescribeImagesCommand({ ImageIds: [plain] }))).Images ?? [];
  expect(shown?.DeregistrationProtection).toBe('enabled-without-cooldown');
  await free(plain);
  await deregister(plain);

  const cooled = await register('five');
  await protect(cooled, true);
  await free(cooled);
  expect(await codeOf(deregister(cooled))).toBe('OperationNotPermitted');
});

it('images of others and of the scenario are not the account’s to deregister', async () => {
  expect(await codeOf(deregister(await imageId(rig.ec2)))).toBe('AuthFailure');
  expect(await codeOf(deregister('ami-00000000000000000'))).toBe('InvalidAMIID.NotFound');
});
