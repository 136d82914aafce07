/** Do networks hold together as AWS's do: what is needed by what, and for how long after it was deleted? */
import * as sdk from '@aws-sdk/client-ec2';
import { AwsError } from '../../src/simulator/errors';
import { clockwork, type Clockwork } from './clockwork';

let sim: Clockwork;
beforeEach(() => {
  const minute: [number, number] = [60_000, 60_000];
  sim = clockwork({
    delays: {
      natGatewayReady: minute,
      natGatewayDelete: minute,
      endpointReady: minute,
      endpointDelete: minute,
      interfaceLinger: minute,
      terminate: minute,
    },
  });
});
afterEach(() => sim.stop());

const send: sdk.EC2Client['send'] = ((command: { input: Record<string, unknown>; constructor: { name: string } }) =>
  sim.call(command.constructor.name.replace(/Command$/, ''), command.input)) as never;

async function codeOf(call: Promise<unknown>): Promise<string> {
  return call.then(
    () => 'not refused',
    (error: unknown) => (error instanceof AwsError ? error.code : String(error)),
  );
}

const tags = (ResourceType: sdk.ResourceType): { TagSpecifications: sdk.TagSpecification[] } => ({
  TagSpecifications: [{ ResourceType, Tags: [{ Key: 'ExperimentID', Value: 'e' }] }],
});

async function vpc(second: number): Promise<{ vpcId: string; subnetId: string }> {
  const { Vpc } = await send(new sdk.CreateVpcCommand({ CidrBlock: `10.${second}.0.0/16` }));
  const vpcId = Vpc?.VpcId ?? '';
  const { Subnet } = await send(
    new sdk.CreateSubnetCommand({ VpcId: vpcId, CidrBlock: `10.${second}.0.0/24`, AvailabilityZone: 'us-west-2a' }),
  );
  return { vpcId, subnetId: Subnet?.SubnetId ?? '' };
}

async function gateway(vpcId: string): Promise<string> {
  const { InternetGateway } = await send(new sdk.CreateInternetGatewayCommand(tags('internet-gateway')));
  const id = InternetGateway?.InternetGatewayId ?? '';
  await send(new sdk.AttachInternetGatewayCommand({ InternetGatewayId: id, VpcId: vpcId }));
  return id;
}

const interfacesIn = async (subnetId: string): Promise<sdk.NetworkInterface[]> =>
  (await send(new sdk.DescribeNetworkInterfacesCommand({ Filters: [{ Name: 'subnet-id', Values: [subnetId] }] })))
    .NetworkInterfaces ?? [];

describe('a NAT gateway', () => {
  it('holds its address and its subnet until a while after it is deleted, and is seen as deleted afterwards', async () => {
    const { vpcId, subnetId } = await vpc(1);
    const { AllocationId = '' } = await send(new sdk.AllocateAddressCommand({}));
    const create = () =>
      send(new sdk.CreateNatGatewayCommand({ SubnetId: subnetId, AllocationId, ...tags('natgateway') }));
    expect(await codeOf(create())).toBe('Gateway.NotAttached');
    const igw = await gateway(vpcId);
    const { NatGateway } = await create();
    const NatGatewayId = NatGateway?.NatGatewayId ?? '';
    const state = async () =>
      (await send(new sdk.DescribeNatGatewaysCommand({ NatGatewayIds: [NatGatewayId] }))).NatGateways?.[0]?.State;
    expect(NatGateway?.State).toBe('pending');
    sim.pass(61);
    expect(await state()).toBe('available');
    const [eni] = await interfacesIn(subnetId);
    expect(eni).toMatchObject({ RequesterManaged: true, InterfaceType: 'nat_gateway', Status: 'in-use' });
    const release = () => send(new sdk.ReleaseAddressCommand({ AllocationId }));
    const detach = () => send(new sdk.DetachInternetGatewayCommand({ InternetGatewayId: igw, VpcId: vpcId }));
    const dropSubnet = () => send(new sdk.DeleteSubnetCommand({ SubnetId: subnetId }));
    expect(await codeOf(release())).toBe('AuthFailure');
    expect(await codeOf(detach())).toBe('DependencyViolation');
    expect(await codeOf(dropSubnet())).toBe('DependencyViolation');
    expect(
      await codeOf(send(new sdk.DeleteNetworkInterfaceCommand({ NetworkInterfaceId: eni?.NetworkInterfaceId }))),
    ).toBe('InvalidParameterValue');
    expect(
      await codeOf(
        send(new sdk.DetachNetworkInterfaceCommand({ AttachmentId: eni?.Attachment?.AttachmentId, Force: true })),
      ),
    ).toBe('OperationNotPermitted');

    await send(new sdk.DeleteNatGatewayCommand({ NatGatewayId }));
    expect(await state()).toBe('deleting');
    expect(await codeOf(release())).toBe('AuthFailure');
    sim.pass(61);
    expect(await state()).toBe('deleted');
    await release();
    await detach();
    expect(await codeOf(dropSubnet())).toBe('DependencyViolation');
    sim.pass(61);
    expect(await interfacesIn(subnetId)).toEqual([]);
    await dropSubnet();
    expect(await codeOf(send(new sdk.DeleteNatGatewayCommand({ NatGatewayId })))).toBe('NatGatewayNotFound');
    expect(await state()).toBe('deleted');
    await send(new sdk.DeleteInternetGatewayCommand({ InternetGatewayId: igw }));
    await send(new sdk.DeleteVpcCommand({ VpcId: vpcId }));
  });

  it('of an address that is taken is refused, and a private one needs none', async () => {
    const { vpcId, subnetId } = await vpc(2);
    await gateway(vpcId);
    const { AllocationId = '' } = await send(new sdk.AllocateAddressCommand({}));
    await send(new sdk.CreateNatGatewayCommand({ SubnetId: subnetId, AllocationId }));
    const again = send(new sdk.CreateNatGatewayCommand({ SubnetId: subnetId, AllocationId }));
    expect(await codeOf(again)).toBe('Resource.AlreadyAssociated');
    const { NatGateway } = await send(
      new sdk.CreateNatGatewayCommand({ SubnetId: subnetId, ConnectivityType: 'private' }),
    );
    const { NatGateways } = await send(
      new sdk.DescribeNatGatewaysCommand({
        Filter: [
          { Name: 'vpc-id', Values: [vpcId] },
          { Name: 'nat-gateway-id', Values: [NatGateway?.NatGatewayId ?? ''] },
        ],
      }),
    );
    expect(NatGateways).toMatchObject([{ ConnectivityType: 'private', SubnetId: subnetId }]);
  });
});

describe('endpoints', () => {
  it('of the interface kind hold subnet and group until their interfaces are gone', async () => {
    const { vpcId, subnetId } = await vpc(3);
    const { GroupId = '' } = await send(
      new sdk.CreateSecurityGroupCommand({ VpcId: vpcId, GroupName: 'ends', Description: 'ends' }),
    );
    const { VpcEndpoint } = await send(
      new sdk.CreateVpcEndpointCommand({
        VpcId: vpcId,
        VpcEndpointType: 'Interface',
        ServiceName: 'com.amazonaws.us-west-2.ssm',
        SubnetIds: [subnetId],
        SecurityGroupIds: [GroupId],
        ...tags('vpc-endpoint'),
      }),
    );
    const id = VpcEndpoint?.VpcEndpointId ?? '';
    expect(await interfacesIn(subnetId)).toMatchObject([{ InterfaceType: 'vpc_endpoint', RequesterManaged: true }]);
    const unknown = 'vpce-00000000000000000';
    const { Unsuccessful } = await send(new sdk.DeleteVpcEndpointsCommand({ VpcEndpointIds: [unknown, id] }));
    expect(Unsuccessful).toMatchObject([{ ResourceId: unknown, Error: { Code: 'InvalidVpcEndpoint.NotFound' } }]);
    const seen = () => send(new sdk.DescribeVpcEndpointsCommand({ VpcEndpointIds: [id] }));
    expect((await seen()).VpcEndpoints?.[0]?.State).toBe('deleting');
    sim.pass(61);
    expect(await codeOf(seen())).toBe('InvalidVpcEndpointId.NotFound');
    expect(await codeOf(send(new sdk.DeleteSecurityGroupCommand({ GroupId })))).toBe('DependencyViolation');
    sim.pass(61);
    expect(await interfacesIn(subnetId)).toEqual([]);
    await send(new sdk.DeleteSecurityGroupCommand({ GroupId }));
  });

  it('of the gateway kind are routes of their tables and go at once', async () => {
    const { vpcId } = await vpc(4);
    const { RouteTable } = await send(new sdk.CreateRouteTableCommand({ VpcId: vpcId }));
    const RouteTableIds = [RouteTable?.RouteTableId ?? ''];
    const { VpcEndpoint } = await send(
      new sdk.CreateVpcEndpointCommand({ VpcId: vpcId, ServiceName: 'com.amazonaws.us-west-2.s3', RouteTableIds }),
    );
    const id = VpcEndpoint?.VpcEndpointId ?? '';
    const targets = async () =>
      (await send(new sdk.DescribeRouteTablesCommand({ RouteTableIds }))).RouteTables?.[0]?.Routes?.map(
        ({ GatewayId }) => GatewayId,
      );
    expect(await targets()).toEqual(['local', id]);
    expect(await codeOf(send(new sdk.DeleteVpcCommand({ VpcId: vpcId })))).toBe('DependencyViolation');
    await send(new sdk.DeleteVpcEndpointsCommand({ VpcEndpointIds: [id] }));
    expect(await targets()).toEqual(['local']);
  });
});

describe('route tables', () => {
  it('hold their VPC, are not deleted while subnets use them, and the main one goes with the VPC', async () => {
    const { vpcId, subnetId } = await vpc(5);
    const ofVpc = async () =>
      (await send(new sdk.DescribeRouteTablesCommand({ Filters: [{ Name: 'vpc-id', Values: [vpcId] }] }))).RouteTables;
    const [main] = (await ofVpc()) ?? [];
    expect(main?.Associations).toMatchObject([{ Main: true }]);
    const drop = (RouteTableId = '') => send(new sdk.DeleteRouteTableCommand({ RouteTableId }));
    expect(await codeOf(drop(main?.RouteTableId))).toBe('DependencyViolation');
    const { RouteTable } = await send(new sdk.CreateRouteTableCommand({ VpcId: vpcId, ...tags('route-table') }));
    const RouteTableId = RouteTable?.RouteTableId ?? '';
    const { AssociationId } = await send(new sdk.AssociateRouteTableCommand({ RouteTableId, SubnetId: subnetId }));
    const other = await send(new sdk.CreateRouteTableCommand({ VpcId: vpcId }));
    expect(
      await codeOf(
        send(new sdk.AssociateRouteTableCommand({ RouteTableId: other.RouteTable?.RouteTableId, SubnetId: subnetId })),
      ),
    ).toBe('Resource.AlreadyAssociated');
    await drop(other.RouteTable?.RouteTableId);
    expect(await codeOf(drop(RouteTableId))).toBe('DependencyViolation');
    await send(new sdk.DisassociateRouteTableCommand({ AssociationId }));
    await send(new sdk.DeleteSubnetCommand({ SubnetId: subnetId }));
    expect(await codeOf(send(new sdk.DeleteVpcCommand({ VpcId: vpcId })))).toBe('DependencyViolation');
    await drop(RouteTableId);
    expect(await codeOf(drop(RouteTableId))).toBe('InvalidRouteTableID.NotFound');
    await send(new sdk.DeleteVpcCommand({ VpcId: vpcId }));
    expect(await ofVpc()).toEqual([]);
  });

  it('lose their association with a subnet that is deleted', async () => {
    const { vpcId, subnetId } = await vpc(6);
    const { RouteTable } = await send(new sdk.CreateRouteTableCommand({ VpcId: vpcId }));
    const RouteTableId = RouteTable?.RouteTableId ?? '';
    await send(new sdk.AssociateRouteTableCommand({ RouteTableId, SubnetId: subnetId }));
    await send(new sdk.DeleteSubnetCommand({ SubnetId: subnetId }));
    await send(new sdk.DeleteRouteTableCommand({ RouteTableId }));
  });

  it('take one route per destination, to a gateway of their own VPC', async () => {
    const { vpcId } = await vpc(7);
    const [near, far] = [await gateway(vpcId), await gateway((await vpc(8)).vpcId)];
    const { RouteTable } = await send(new sdk.CreateRouteTableCommand({ VpcId: vpcId }));
    const RouteTableId = RouteTable?.RouteTableId ?? '';
    const DestinationCidrBlock = '0.0.0.0/0';
    const route = (GatewayId: string) =>
      send(new sdk.CreateRouteCommand({ RouteTableId, DestinationCidrBlock, GatewayId }));
    expect(await codeOf(route(far))).toBe('InvalidParameterValue');
    expect(await codeOf(route('igw-00000000000000000'))).toBe('InvalidGatewayID.NotFound');
    await route(near);
    const { NatGateway } = await send(
      new sdk.CreateNatGatewayCommand({
        ConnectivityType: 'private',
        SubnetId: (await send(new sdk.CreateSubnetCommand({ VpcId: vpcId, CidrBlock: '10.7.1.0/24' }))).Subnet
          ?.SubnetId,
      }),
    );
    const { NatGatewayId } = NatGateway ?? {};
    const second = send(new sdk.CreateRouteCommand({ RouteTableId, DestinationCidrBlock, NatGatewayId }));
    expect(await codeOf(second)).toBe('RouteAlreadyExists');
    const state = async () =>
      (
        await send(new sdk.DescribeRouteTablesCommand({ RouteTableIds: [RouteTableId] }))
      ).RouteTables?.[0]?.Routes?.find((one) => one.DestinationCidrBlock === DestinationCidrBlock)?.State;
    expect(await state()).toBe('active');
    await send(new sdk.DetachInternetGatewayCommand({ InternetGatewayId: near, VpcId: vpcId }));
    expect(await state()).toBe('blackhole');
    await send(new sdk.DeleteRouteCommand({ RouteTableId, DestinationCidrBlock }));
    expect(await codeOf(send(new sdk.DeleteRouteCommand({ RouteTableId, DestinationCidrBlock })))).toBe(
      'InvalidRoute.NotFound',
    );
  });
});

describe('an internet gateway', () => {
  it('is attached once, holds its VPC, and is not deleted before it is detached', async () => {
    const [{ vpcId, subnetId }, other] = [await vpc(9), await vpc(10)];
    const InternetGatewayId = await gateway(vpcId);
    const attach = (VpcId: string, id = InternetGatewayId) =>
      send(new sdk.AttachInternetGatewayCommand({ InternetGatewayId: id, VpcId }));
    expect(await codeOf(attach(other.vpcId))).toBe('Resource.AlreadyAssociated');
    const drop = () => send(new sdk.DeleteInternetGatewayCommand({ InternetGatewayId }));
    expect(await codeOf(drop())).toBe('DependencyViolation');
    await send(new sdk.DeleteSubnetCommand({ SubnetId: subnetId }));
    expect(await codeOf(send(new sdk.DeleteVpcCommand({ VpcId: vpcId })))).toBe('DependencyViolation');
    const detach = () => send(new sdk.DetachInternetGatewayCommand({ InternetGatewayId, VpcId: vpcId }));
    await detach();
    expect(await codeOf(detach())).toBe('Gateway.NotAttached');
    await drop();
    expect(await codeOf(drop())).toBe('InvalidInternetGatewayID.NotFound');
    await send(new sdk.DeleteVpcCommand({ VpcId: vpcId }));
  });

  it('stays while a machine has a public address, which the subnet gives when told to', async () => {
    const { vpcId, subnetId } = await vpc(11);
    const InternetGatewayId = await gateway(vpcId);
    await send(new sdk.ModifySubnetAttributeCommand({ SubnetId: subnetId, MapPublicIpOnLaunch: { Value: true } }));
    const [id = ''] = await sim.launch(1, { input: { SubnetId: subnetId, Placement: undefined } });
    const { Reservations } = await send(new sdk.DescribeInstancesCommand({ InstanceIds: [id] }));
    const address = Reservations?.[0]?.Instances?.[0]?.PublicIpAddress;
    expect(address).toMatch(/^\d+\./);
    const Filters = [{ Name: 'attachment.instance-id', Values: [id] }];
    const { NetworkInterfaces } = await send(new sdk.DescribeNetworkInterfacesCommand({ Filters }));
    expect(NetworkInterfaces?.map(({ Association }) => Association?.PublicIp)).toEqual([address]);
    const detach = () => send(new sdk.DetachInternetGatewayCommand({ InternetGatewayId, VpcId: vpcId }));
    expect(await codeOf(detach())).toBe('DependencyViolation');
    await send(new sdk.TerminateInstancesCommand({ InstanceIds: [id] }));
    expect(await codeOf(detach())).toBe('DependencyViolation');
    sim.pass(61);
    await detach();
  });
});

it('every VPC says what it resolves, and keeps what it is told', async () => {
  const { vpcId: VpcId } = await vpc(12);
  await send(new sdk.ModifyVpcAttributeCommand({ VpcId, EnableDnsHostnames: { Value: true } }));
  const { EnableDnsHostnames } = await send(
    new sdk.DescribeVpcAttributeCommand({ VpcId, Attribute: 'enableDnsHostnames' }),
  );
  expect(EnableDnsHostnames?.Value).toBe(true);
});
