import * as sdk from '@aws-sdk/client-ec2';
import { codeOf, imageId, startRig, until, type Rig } from './ec2-support';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ extends: 'quick', delays: { interfaceLinger: [1500, 1500] } });
});
afterAll(() => rig.close());

const send: Rig['ec2']['send'] = ((command: never) => rig.ec2.send(command)) as never;

async function network(cidr: string): Promise<{ vpcId: string; subnetId: string; groupId: string }> {
  const { Vpc } = await send(new sdk.CreateVpcCommand({ CidrBlock: `${cidr}/16` }));
  const vpcId = Vpc?.VpcId ?? '';
  const { Subnet } = await send(
    new sdk.CreateSubnetCommand({ VpcId: vpcId, CidrBlock: `${cidr}/24`, AvailabilityZone: 'us-west-2b' }),
  );
  const { GroupId = '' } = await send(
    new sdk.CreateSecurityGroupCommand({ VpcId: vpcId, GroupName: 'inside', Description: 'inside' }),
  );
  return { vpcId, subnetId: Subnet?.SubnetId ?? '', groupId: GroupId };
}

async function run(subnetId: string, groupId: string): Promise<string> {
  const { Instances } = await send(
    new sdk.RunInstancesCommand({
      MinCount: 1,
      MaxCount: 1,
      InstanceType: 't3.micro',
      ImageId: await imageId(rig.ec2),
      SubnetId: subnetId,
      SecurityGroupIds: [groupId],
    }),
  );
  return Instances?.[0]?.InstanceId ?? '';
}

describe('deletes', () => {
  it('are refused in the wrong order and work once the interface of the machine is gone', async () => {
    const { vpcId, subnetId, groupId } = await network('10.1.0.0');
    const id = await run(subnetId, groupId);
    const group = (): Promise<unknown> => send(new sdk.DeleteSecurityGroupCommand({ GroupId: groupId }));
    expect(await codeOf(group())).toBe('DependencyViolation');
    expect(await codeOf(send(new sdk.DeleteSubnetCommand({ SubnetId: subnetId })))).toBe('DependencyViolation');
    expect(await codeOf(send(new sdk.DeleteVpcCommand({ VpcId: vpcId })))).toBe('DependencyViolation');
    await send(new sdk.TerminateInstancesCommand({ InstanceIds: [id] }));
    await until(async () => {
      const { Reservations } = await send(new sdk.DescribeInstancesCommand({ InstanceIds: [id] }));
      return Reservations?.[0]?.Instances?.[0]?.State?.Name === 'terminated';
    });
    expect(await codeOf(group())).toBe('DependencyViolation');
    await until(
      async () =>
        (await send(new sdk.DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'group-id', Values: [groupId] }] })))
          .NetworkInterfaces?.length === 0,
    );
    await group();
    await send(new sdk.DeleteSubnetCommand({ SubnetId: subnetId }));
    await send(new sdk.DeleteVpcCommand({ VpcId: vpcId }));
    expect(await codeOf(send(new sdk.DescribeVpcsCommand({ VpcIds: [vpcId] })))).toBe('InvalidVpcID.NotFound');
  });

  it('of a group that another group names in a rule are refused until the rule is revoked', async () => {
    const { vpcId, groupId } = await network('10.2.0.0');
    const { GroupId: other = '' } = await send(
      new sdk.CreateSecurityGroupCommand({ VpcId: vpcId, GroupName: 'other', Description: 'other' }),
    );
    const IpPermissions = [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: groupId }] }];
    await send(new sdk.AuthorizeSecurityGroupIngressCommand({ GroupId: other, IpPermissions }));
    expect(await codeOf(send(new sdk.AuthorizeSecurityGroupIngressCommand({ GroupId: other, IpPermissions })))).toBe(
      'InvalidPermission.Duplicate',
    );
    expect(await codeOf(send(new sdk.DeleteSecurityGroupCommand({ GroupId: groupId })))).toBe('DependencyViolation');
    const { SecurityGroupRules = [] } = await send(
      new sdk.DescribeSecurityGroupRulesCommand({ Filters: [{ Name: 'group-id', Values: [other] }] }),
    );
    const rule = SecurityGroupRules.find(({ IsEgress }) => IsEgress === false);
    expect(rule?.ReferencedGroupInfo?.GroupId).toBe(groupId);
    await send(
      new sdk.RevokeSecurityGroupIngressCommand({
        GroupId: other,
        SecurityGroupRuleIds: [rule?.SecurityGroupRuleId ?? ''],
      }),
    );
    expect(await codeOf(send(new sdk.RevokeSecurityGroupIngressCommand({ GroupId: other, IpPermissions })))).toBe(
      'InvalidPermission.NotFound',
    );
    await send(new sdk.DeleteSecurityGroupCommand({ GroupId: groupId }));
  });

  it('of a default group are always refused', async () => {
    const { vpcId } = await network('10.3.0.0');
    const { SecurityGroups } = await send(
      new sdk.DescribeSecurityGroupsCommand({
        Filters: [
          { Name: 'vpc-id', Values: [vpcId] },
          { Name: 'group-name', Values: ['default'] },
        ],
      }),
    );
    expect(await codeOf(send(new sdk.DeleteSecurityGroupCommand({ GroupId: SecurityGroups?.[0]?.GroupId })))).toBe(
      'CannotDelete',
    );
  });
});

describe('volumes', () => {
  const make = async (zone: string): Promise<string> => {
    const { VolumeId = '' } = await send(
      new sdk.CreateVolumeCommand({ AvailabilityZone: zone, Size: 50, VolumeType: 'gp3', Throughput: 125 }),
    );
    await until(
      async () =>
        (await send(new sdk.DescribeVolumesCommand({ VolumeIds: [VolumeId] }))).Volumes?.[0]?.State === 'available',
    );
    return VolumeId;
  };

  it('stay in their zone, are not deleted in use, and outlive the machine', async () => {
    const { subnetId, groupId } = await network('10.4.0.0');
    const InstanceId = await run(subnetId, groupId);
    await until(
      async () =>
        (await send(new sdk.DescribeInstanceStatusCommand({ InstanceIds: [InstanceId] }))).InstanceStatuses?.length ===
        1,
    );
    const [near, far] = [await make('us-west-2b'), await make('us-west-2a')];
    const attach = (VolumeId: string) =>
      send(new sdk.AttachVolumeCommand({ VolumeId, InstanceId, Device: '/dev/sdf' }));
    expect(await codeOf(attach(far))).toBe('InvalidVolume.ZoneMismatch');
    await attach(near);
    expect(await codeOf(attach(near))).toBe('VolumeInUse');
    expect(await codeOf(send(new sdk.DeleteVolumeCommand({ VolumeId: near })))).toBe('VolumeInUse');
    await send(new sdk.TerminateInstancesCommand({ InstanceIds: [InstanceId] }));
    await until(
      async () =>
        (await send(new sdk.DescribeVolumesCommand({ VolumeIds: [near] }))).Volumes?.[0]?.State === 'available',
    );
    await send(new sdk.DeleteVolumeCommand({ VolumeId: near }));
    expect(await codeOf(send(new sdk.DeleteVolumeCommand({ VolumeId: near })))).toBe('InvalidVolume.NotFound');
  });

  it.each([
    [{ Size: 0, VolumeType: 'gp3' as const }, 'InvalidParameterValue'],
    [{ Size: 8, VolumeType: 'gp9' as never }, 'UnknownVolumeType'],
    [{ Size: 8, VolumeType: 'gp2' as const, Throughput: 125 }, 'InvalidParameterCombination'],
    [{ VolumeType: 'gp3' as const }, 'MissingParameter'],
  ])('refuse %j', async (input, code) => {
    expect(await codeOf(send(new sdk.CreateVolumeCommand({ AvailabilityZone: 'us-west-2a', ...input })))).toBe(code);
  });
});

describe('machines', () => {
  it('with termination protection stay until it is taken off', async () => {
    const { subnetId, groupId } = await network('10.5.0.0');
    const id = await run(subnetId, groupId);
    const protect = (Value: boolean) =>
      send(new sdk.ModifyInstanceAttributeCommand({ InstanceId: id, DisableApiTermination: { Value } }));
    await protect(true);
    expect(await codeOf(send(new sdk.TerminateInstancesCommand({ InstanceIds: [id] })))).toBe('OperationNotPermitted');
    const { DisableApiTermination } = await send(
      new sdk.DescribeInstanceAttributeCommand({ InstanceId: id, Attribute: 'disableApiTermination' }),
    );
    expect(DisableApiTermination?.Value).toBe(true);
    await protect(false);
    await send(new sdk.TerminateInstancesCommand({ InstanceIds: [id] }));
  });

  it('stop and start again, and refuse to start once terminated', async () => {
    const { subnetId, groupId } = await network('10.6.0.0');
    const id = await run(subnetId, groupId);
    const state = async () =>
      (await send(new sdk.DescribeInstancesCommand({ InstanceIds: [id] }))).Reservations?.[0]?.Instances?.[0]?.State
        ?.Name;
    await until(async () => (await state()) === 'running');
    await send(new sdk.StopInstancesCommand({ InstanceIds: [id] }));
    await until(async () => (await state()) === 'stopped');
    await send(new sdk.StartInstancesCommand({ InstanceIds: [id] }));
    await until(async () => (await state()) === 'running');
    await send(new sdk.TerminateInstancesCommand({ InstanceIds: [id] }));
    await until(async () => (await state()) === 'terminated');
    expect(await codeOf(send(new sdk.StartInstancesCommand({ InstanceIds: [id] })))).toBe('IncorrectInstanceState');
  });

  it('are ended all or none when one id is unknown', async () => {
    const { subnetId, groupId } = await network('10.7.0.0');
    const id = await run(subnetId, groupId);
    expect(await codeOf(send(new sdk.TerminateInstancesCommand({ InstanceIds: [id, 'i-0123456789abcdef0'] })))).toBe(
      'InvalidInstanceID.NotFound',
    );
    const { Reservations } = await send(new sdk.DescribeInstancesCommand({ InstanceIds: [id] }));
    expect(['pending', 'running']).toContain(Reservations?.[0]?.Instances?.[0]?.State?.Name);
  });
});

describe('small things', () => {
  it('addresses have a quota of five and are not released in use', async () => {
    const { subnetId, groupId } = await network('10.8.0.0');
    const InstanceId = await run(subnetId, groupId);
    const ids: string[] = [];
    for (let count = 0; count < 5; count += 1)
      ids.push((await send(new sdk.AllocateAddressCommand({}))).AllocationId ?? '');
    expect(await codeOf(send(new sdk.AllocateAddressCommand({})))).toBe('AddressLimitExceeded');
    const { AssociationId } = await send(new sdk.AssociateAddressCommand({ AllocationId: ids[0], InstanceId }));
    expect(await codeOf(send(new sdk.ReleaseAddressCommand({ AllocationId: ids[0] })))).toBe('InvalidIPAddress.InUse');
    await send(new sdk.DisassociateAddressCommand({ AssociationId }));
    for (const AllocationId of ids) await send(new sdk.ReleaseAddressCommand({ AllocationId }));
    expect((await send(new sdk.DescribeAddressesCommand({}))).Addresses).toEqual([]);
  });

  it('key pairs and placement groups have unique names and are deleted by them', async () => {
    const { KeyMaterial } = await send(new sdk.CreateKeyPairCommand({ KeyName: 'k', KeyType: 'ed25519' }));
    expect(KeyMaterial).toContain('PRIVATE KEY');
    expect(await codeOf(send(new sdk.CreateKeyPairCommand({ KeyName: 'k', KeyType: 'ed25519' })))).toBe(
      'InvalidKeyPair.Duplicate',
    );
    await send(new sdk.DeleteKeyPairCommand({ KeyName: 'k' }));
    await send(new sdk.DeleteKeyPairCommand({ KeyName: 'k' }));
    await send(new sdk.CreatePlacementGroupCommand({ GroupName: 'g', Strategy: 'spread' }));
    expect(await codeOf(send(new sdk.CreatePlacementGroupCommand({ GroupName: 'g' })))).toBe(
      'InvalidPlacementGroup.Duplicate',
    );
    await send(new sdk.DeletePlacementGroupCommand({ GroupName: 'g' }));
    expect(await codeOf(send(new sdk.DeletePlacementGroupCommand({ GroupName: 'g' })))).toBe(
      'InvalidPlacementGroup.Unknown',
    );
  });
});
