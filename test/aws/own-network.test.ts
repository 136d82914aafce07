import {
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  CreateInternetGatewayCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSubnetCommand,
  CreateVpcCommand,
  DescribeInternetGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  EC2Client,
  ModifySubnetAttributeCommand,
} from '@aws-sdk/client-ec2';
import { mockClient } from 'aws-sdk-client-mock';
import { ensureNetwork } from '../../src/aws/own-network';
import { toTags } from '../../src/aws/tags';
import { awsError, mockedRegion, TAGS } from './support';

const ec2 = mockClient(EC2Client);
const aws = mockedRegion();
const Tags = toTags(TAGS);
const request = { cidr: '10.64.0.0/16', zones: ['us-west-2a', 'us-west-2b'], tags: TAGS };
const subnet = (zone: string) => ({
  SubnetId: `subnet-${zone}`,
  AvailabilityZone: zone,
  MapPublicIpOnLaunch: false,
  Tags,
});

/** A region that holds nothing at first, and shows what it made. */
beforeEach(() => {
  ec2.reset();
  const vpc = { VpcId: 'vpc-1', CidrBlock: request.cidr, Tags };
  ec2
    .on(DescribeVpcsCommand)
    .resolvesOnce({ Vpcs: [] })
    .resolves({ Vpcs: [vpc] });
  ec2.on(DescribeSubnetsCommand).resolves({ Subnets: request.zones.map(subnet) });
  ec2.on(CreateInternetGatewayCommand, { DryRun: true }).rejects(awsError('DryRunOperation'));
  ec2
    .on(CreateInternetGatewayCommand, { DryRun: undefined })
    .resolves({ InternetGateway: { InternetGatewayId: 'igw-1' } });
  ec2.on(CreateVpcCommand).resolves({ Vpc: vpc });
  ec2
    .on(CreateSubnetCommand)
    .callsFake(({ AvailabilityZone }: { AvailabilityZone: string }) => ({ Subnet: subnet(AvailabilityZone) }));
  ec2.on(CreateRouteTableCommand).resolves({ RouteTable: { RouteTableId: 'rtb-1' } });
  ec2.on(DescribeInternetGatewaysCommand).resolves({ InternetGateways: [{ InternetGatewayId: 'igw-1', Tags }] });
  ec2.on(DescribeRouteTablesCommand).resolves({ RouteTables: [{ RouteTableId: 'rtb-1', Tags }] });
  ec2.on(AttachInternetGatewayCommand).resolves({});
  ec2.on(CreateRouteCommand).resolves({});
  ec2.on(AssociateRouteTableCommand).resolves({});
  ec2.on(ModifySubnetAttributeCommand).resolves({});
});

const made = {
  vpcId: 'vpc-1',
  cidr: '10.64.0.0/16',
  subnets: { 'us-west-2a': 'subnet-us-west-2a', 'us-west-2b': 'subnet-us-west-2b' },
};

/** So often the command was sent, dry runs left out. */
function sent(command: Parameters<typeof ec2.commandCalls>[0]): number {
  return ec2.commandCalls(command).filter(({ args }) => !('DryRun' in args[0].input)).length;
}

describe('a network of its own', () => {
  it('is made in 17 calls for two zones', async () => {
    expect(await ensureNetwork(aws, request)).toEqual(made);
    expect(ec2.calls()).toHaveLength(17);
  });

  it('is not begun when the permission for its gateway is missing', async () => {
    ec2.on(CreateInternetGatewayCommand, { DryRun: true }).rejects(awsError('UnauthorizedOperation'));

    await expect(ensureNetwork(aws, request)).rejects.toMatchObject({ type: 'NotAuthorized' });
    expect(sent(CreateVpcCommand)).toBe(0);
  });

  it('is looked for when a reply is lost, and not made twice', async () => {
    ec2.on(CreateVpcCommand).rejects(awsError('InternalError', 'lost', 500));
    ec2.on(CreateRouteTableCommand).rejects(awsError('InternalError', 'lost', 500));
    const tables = [{ RouteTableId: 'rtb-1', Tags }];
    ec2.on(DescribeRouteTablesCommand).resolvesOnce({ RouteTables: [] }).resolves({ RouteTables: tables });

    expect(await ensureNetwork(aws, request)).toEqual(made);
    expect([sent(CreateVpcCommand), sent(CreateRouteTableCommand)]).toEqual([1, 1]);
  });

  it('is kept as it is when nothing of it is missing', async () => {
    const subnets = request.zones.map((zone) => ({ ...subnet(zone), MapPublicIpOnLaunch: true }));
    const table = {
      RouteTableId: 'rtb-1',
      Tags,
      Routes: [{ DestinationCidrBlock: '0.0.0.0/0', GatewayId: 'igw-1' }],
      Associations: subnets.map(({ SubnetId }) => ({ SubnetId })),
    };
    const Attachments = [{ VpcId: 'vpc-1' }];
    ec2.on(DescribeVpcsCommand).resolves({ Vpcs: [{ VpcId: 'vpc-1', CidrBlock: request.cidr, Tags }] });
    ec2.on(DescribeSubnetsCommand).resolves({ Subnets: subnets });
    ec2
      .on(DescribeInternetGatewaysCommand)
      .resolves({ InternetGateways: [{ InternetGatewayId: 'igw-1', Attachments, Tags }] });
    ec2.on(DescribeRouteTablesCommand).resolves({ RouteTables: [table] });

    expect(await ensureNetwork(aws, request)).toEqual(made);
    expect(ec2.calls()).toHaveLength(4);
  });

  it('is never one whose tags only look like ours', async () => {
    const other = { VpcId: 'vpc-0', CidrBlock: '10.0.0.0/16', Tags: toTags({ ...TAGS, ExperimentID: 'EXP-1' }) };
    ec2.on(DescribeVpcsCommand).resolves({ Vpcs: [other] });
    ec2.on(CreateVpcCommand).rejects(awsError('VpcLimitExceeded'));

    await expect(ensureNetwork(aws, request)).rejects.toMatchObject({ type: 'Quota' });
  });

  it('of which a lost reply left two is always the same one, with the gateway that is attached to it or free', async () => {
    const vpc = (id: string) => ({ VpcId: id, CidrBlock: request.cidr, Tags });
    const gateway = (id: string, at: string[]) => ({
      InternetGatewayId: id,
      Attachments: at.map((VpcId) => ({ VpcId })),
      Tags,
    });
    ec2.on(DescribeVpcsCommand).resolves({ Vpcs: [vpc('vpc-2'), vpc('vpc-1')] });
    ec2
      .on(DescribeInternetGatewaysCommand)
      .resolves({ InternetGateways: [gateway('igw-2', ['vpc-2']), gateway('igw-3', [])] });

    expect(await ensureNetwork(aws, request)).toEqual(made);
    const [attached] = ec2.commandCalls(AttachInternetGatewayCommand);
    expect(attached?.args[0].input).toEqual({ InternetGatewayId: 'igw-3', VpcId: 'vpc-1' });
  });

  it.each([
    ['InvalidVpcID.NotFound', CreateSubnetCommand],
    ['InvalidSubnet.Conflict', CreateSubnetCommand],
    ['InvalidSubnetID.NotFound', ModifySubnetAttributeCommand],
    ['InvalidInternetGatewayID.NotFound', AttachInternetGatewayCommand],
    ['InvalidRouteTableID.NotFound', CreateRouteCommand],
  ])('is NotYetVisible when EC2 answers %s', async (code, command) => {
    ec2.on(command as typeof CreateRouteCommand).rejects(awsError(code));

    await expect(ensureNetwork(aws, request)).rejects.toMatchObject({ type: 'NotYetVisible' });
  });

  it.each([
    ['Resource.AlreadyAssociated', AttachInternetGatewayCommand],
    ['Resource.AlreadyAssociated', AssociateRouteTableCommand],
    ['RouteAlreadyExists', CreateRouteCommand],
  ])('is done where something is there already: %s', async (code, command) => {
    ec2.on(command as typeof CreateRouteCommand).rejects(awsError(code));

    expect(await ensureNetwork(aws, request)).toEqual(made);
  });
});
