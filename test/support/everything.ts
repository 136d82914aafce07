/** What does an experiment leave behind that uses everything? One of each kind, in a network of its own, tagged. */
import {
  AllocateAddressCommand,
  AssociateRouteTableCommand,
  AttachInternetGatewayCommand,
  AuthorizeSecurityGroupEgressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateInternetGatewayCommand,
  CreateKeyPairCommand,
  CreateLaunchTemplateCommand,
  CreateNatGatewayCommand,
  CreateNetworkInterfaceCommand,
  CreatePlacementGroupCommand,
  CreateRouteCommand,
  CreateRouteTableCommand,
  CreateSecurityGroupCommand,
  CreateSnapshotCommand,
  CreateSubnetCommand,
  CreateVolumeCommand,
  CreateVpcCommand,
  CreateVpcEndpointCommand,
  DescribeSnapshotsCommand,
  DescribeVolumesCommand,
  RegisterImageCommand,
  type ResourceType as AwsResourceType,
  type TagSpecification,
} from '@aws-sdk/client-ec2';
import { PutParameterCommand } from '@aws-sdk/client-ssm';
import type { AwsRegion } from '../../src/aws/clients';
import { toTags } from '../../src/aws/tags';
import { until } from '../contract/backend';

type Tags = Record<string, string>;

export function specs(tags: Tags, type: AwsResourceType): TagSpecification[] {
  return [{ ResourceType: type, Tags: toTags(tags) }];
}

export function tagsOf(experimentId: string): Tags {
  return { ExperimentID: experimentId, ManagedBy: 'holdfast', Project: 'test' };
}

export interface Network {
  vpcId: string;
  subnetId: string;
  routeTableId: string;
  gatewayId: string;
  zone: string;
}

/** A VPC with a subnet that reaches the internet through a gateway and a route table. */
export async function makeNetwork(aws: AwsRegion, tags: Tags): Promise<Network> {
  const zone = `${aws.region}a`;
  const { Vpc } = await aws.send(
    new CreateVpcCommand({ CidrBlock: '10.9.0.0/16', TagSpecifications: specs(tags, 'vpc') }),
  );
  const vpcId = Vpc?.VpcId ?? '';
  const place = { VpcId: vpcId, CidrBlock: '10.9.1.0/24', AvailabilityZone: zone };
  const { Subnet } = await aws.send(new CreateSubnetCommand({ ...place, TagSpecifications: specs(tags, 'subnet') }));
  const subnetId = Subnet?.SubnetId ?? '';
  const { InternetGateway } = await aws.send(
    new CreateInternetGatewayCommand({ TagSpecifications: specs(tags, 'internet-gateway') }),
  );
  const gatewayId = InternetGateway?.InternetGatewayId ?? '';
  await aws.send(new AttachInternetGatewayCommand({ InternetGatewayId: gatewayId, VpcId: vpcId }));
  const { RouteTable } = await aws.send(
    new CreateRouteTableCommand({ VpcId: vpcId, TagSpecifications: specs(tags, 'route-table') }),
  );
  const routeTableId = RouteTable?.RouteTableId ?? '';
  await aws.send(
    new CreateRouteCommand({ RouteTableId: routeTableId, DestinationCidrBlock: '0.0.0.0/0', GatewayId: gatewayId }),
  );
  await aws.send(new AssociateRouteTableCommand({ RouteTableId: routeTableId, SubnetId: subnetId }));
  return { vpcId, subnetId, routeTableId, gatewayId, zone };
}

/** A NAT gateway with its address, and an endpoint of each type. */
export async function makeManaged(aws: AwsRegion, net: Network, tags: Tags, groupId: string): Promise<void> {
  const { AllocationId } = await aws.send(
    new AllocateAddressCommand({ Domain: 'vpc', TagSpecifications: specs(tags, 'elastic-ip') }),
  );
  const nat = { SubnetId: net.subnetId, AllocationId, TagSpecifications: specs(tags, 'natgateway') };
  await aws.send(new CreateNatGatewayCommand(nat));
  const point = { VpcId: net.vpcId, TagSpecifications: specs(tags, 'vpc-endpoint') };
  await aws.send(
    new CreateVpcEndpointCommand({
      ...point,
      VpcEndpointType: 'Interface',
      ServiceName: `com.amazonaws.${aws.region}.ssm`,
      SubnetIds: [net.subnetId],
      SecurityGroupIds: [groupId],
    }),
  );
  await aws.send(
    new CreateVpcEndpointCommand({
      ...point,
      VpcEndpointType: 'Gateway',
      ServiceName: `com.amazonaws.${aws.region}.s3`,
      RouteTableIds: [net.routeTableId],
    }),
  );
}

/** Groups that name each other in pairs, one pair by what comes in and one by what goes out. */
export async function makeGroups(aws: AwsRegion, vpcId: string, tags: Tags): Promise<string[]> {
  const ids: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) {
    const input = { GroupName: `group-${name}`, Description: 'one of each', VpcId: vpcId };
    const TagSpecifications = specs(tags, 'security-group');
    ids.push((await aws.send(new CreateSecurityGroupCommand({ ...input, TagSpecifications }))).GroupId ?? '');
  }
  const [a = '', b = '', c = '', d = ''] = ids;
  const from = (GroupId: string) => [{ IpProtocol: 'tcp', FromPort: 1, ToPort: 2, UserIdGroupPairs: [{ GroupId }] }];
  for (const [GroupId, other] of [
    [a, b],
    [b, a],
  ] as const) {
    await aws.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions: from(other) }));
  }
  for (const [GroupId, other] of [
    [c, d],
    [d, c],
  ] as const) {
    await aws.send(new AuthorizeSecurityGroupEgressCommand({ GroupId, IpPermissions: from(other) }));
  }
  return ids;
}

/** A volume, a snapshot of it, and an image made of that. */
export async function makeDisks(aws: AwsRegion, zone: string, tags: Tags, name: string): Promise<string> {
  const { VolumeId = '' } = await aws.send(
    new CreateVolumeCommand({ AvailabilityZone: zone, Size: 1, TagSpecifications: specs(tags, 'volume') }),
  );
  await until('the volume is there', async () => {
    const { Volumes } = await aws.send(new DescribeVolumesCommand({ VolumeIds: [VolumeId] }));
    return Volumes?.[0]?.State === 'available' ? true : undefined;
  });
  const { SnapshotId = '' } = await aws.send(
    new CreateSnapshotCommand({ VolumeId, TagSpecifications: specs(tags, 'snapshot') }),
  );
  await until('the snapshot is complete', async () => {
    const { Snapshots } = await aws.send(new DescribeSnapshotsCommand({ SnapshotIds: [SnapshotId] }));
    return Snapshots?.[0]?.State === 'completed' ? true : undefined;
  });
  const { ImageId = '' } = await aws.send(
    new RegisterImageCommand({
      Name: name,
      RootDeviceName: '/dev/xvda',
      BlockDeviceMappings: [{ DeviceName: '/dev/xvda', Ebs: { SnapshotId } }],
      TagSpecifications: specs(tags, 'image'),
    }),
  );
  return ImageId;
}

/** What holds nothing: a template, a key pair, a placement group, a parameter, an interface. */
export async function makeSmallThings(aws: AwsRegion, subnetId: string, tags: Tags, name: string): Promise<void> {
  await aws.send(new CreateKeyPairCommand({ KeyName: name, TagSpecifications: specs(tags, 'key-pair') }));
  await aws.send(
    new CreatePlacementGroupCommand({
      GroupName: name,
      Strategy: 'spread',
      TagSpecifications: specs(tags, 'placement-group'),
    }),
  );
  await aws.send(
    new CreateLaunchTemplateCommand({
      LaunchTemplateName: name,
      LaunchTemplateData: { InstanceType: 't3.micro' },
      TagSpecifications: specs(tags, 'launch-template'),
    }),
  );
  await aws.send(new PutParameterCommand({ Name: `/${name}/one`, Value: '1', Type: 'String', Tags: toTags(tags) }));
  await aws.send(
    new CreateNetworkInterfaceCommand({ SubnetId: subnetId, TagSpecifications: specs(tags, 'network-interface') }),
  );
}

/** All of it but machines. Answers the network. */
export async function makeEverything(aws: AwsRegion, experimentId: string): Promise<Network> {
  const tags = tagsOf(experimentId);
  const net = await makeNetwork(aws, tags);
  const [groupId = ''] = await makeGroups(aws, net.vpcId, tags);
  await Promise.all([
    makeManaged(aws, net, tags, groupId),
    makeDisks(aws, net.zone, tags, experimentId),
    makeSmallThings(aws, net.subnetId, tags, experimentId),
  ]);
  return net;
}
