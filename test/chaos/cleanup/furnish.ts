/** What lies around before a cleanup? Cells of an experiment's resources, and beside them what looks like them. */
import * as sdk from '@aws-sdk/client-ec2';
import { SIMULATOR_CREDENTIALS } from '../../../src/worker';

export interface Room {
  /** Ids that are the experiment's, by both tags. */
  own: string[];
  /** Ids that are somebody else's, or nobody's. */
  foreign: string[];
}

export function ec2At(endpoint: string, region: string): sdk.EC2Client {
  return new sdk.EC2Client({ region, endpoint, credentials: SIMULATOR_CREDENTIALS });
}

const both = (id: string): Record<string, string> => ({ ExperimentID: id, ManagedBy: 'holdfast' });

/** Owners whose things must survive: namesakes, half an owner, and nobody. */
const OTHERS: ((id: string) => Record<string, string>)[] = [
  (id) => both(`${id}0`),
  (id) => both(id.toUpperCase()),
  (id) => ({ ExperimentID: id }),
  () => ({ ManagedBy: 'holdfast' }),
  () => ({}),
];

/** Fills a region with so many cells of the experiment, and one small thing of every other owner. */
export async function furnish(ec2: sdk.EC2Client, experimentId: string, cells: number): Promise<Room> {
  const own: string[] = [];
  for (let cell = 0; cell < cells; cell += 1) own.push(...(await cellOf(ec2, `${experimentId}-${String(cell)}`, cell)));
  await tag(ec2, own, both(experimentId));
  const foreign: string[] = [];
  for (const [index, tagsOf] of OTHERS.entries()) {
    const things = await smallThings(ec2, `${experimentId}-other-${String(index)}`);
    await tag(ec2, things, tagsOf(experimentId));
    foreign.push(...things);
  }
  return { own, foreign };
}

export async function tag(ec2: sdk.EC2Client, ids: string[], tags: Record<string, string>): Promise<void> {
  const Tags = Object.entries(tags).map(([Key, Value]) => ({ Key, Value }));
  if (Tags.length > 0) await ec2.send(new sdk.CreateTagsCommand({ Resources: ids, Tags }));
}

const zoneOf = async (ec2: sdk.EC2Client): Promise<string> => `${await ec2.config.region()}a`;

async function imageOf(ec2: sdk.EC2Client): Promise<string> {
  for await (const { Images } of sdk.paginateDescribeImages({ client: ec2 }, { Owners: ['amazon', '099720109477'] })) {
    const found = Images?.find((image) => image.Architecture === 'x86_64');
    if (found?.ImageId !== undefined) return found.ImageId;
  }
  throw new Error('no image of x86_64');
}

/** One instance with its tags, where it is launched by default. */
export async function instance(ec2: sdk.EC2Client, subnetId?: string, groupId?: string): Promise<string> {
  const { Instances } = await ec2.send(
    new sdk.RunInstancesCommand({
      ImageId: await imageOf(ec2),
      InstanceType: 't3.micro',
      MinCount: 1,
      MaxCount: 1,
      ...(subnetId === undefined ? {} : { SubnetId: subnetId }),
      ...(groupId === undefined ? {} : { SecurityGroupIds: [groupId] }),
    }),
  );
  return Instances?.[0]?.InstanceId ?? '';
}

/** A volume, a group in the default VPC and a key pair. */
async function smallThings(ec2: sdk.EC2Client, name: string): Promise<string[]> {
  const volume = await ec2.send(new sdk.CreateVolumeCommand({ AvailabilityZone: await zoneOf(ec2), Size: 1 }));
  const key = await ec2.send(new sdk.CreateKeyPairCommand({ KeyName: name }));
  const group = await ec2.send(new sdk.CreateSecurityGroupCommand({ GroupName: name, Description: name }));
  return [volume.VolumeId, key.KeyPairId, group.GroupId].filter((id) => id !== undefined);
}

/** A network with groups that name each other, an instance, disks, interfaces and gateways in it. */
async function cellOf(ec2: sdk.EC2Client, name: string, index: number): Promise<string[]> {
  const zone = await zoneOf(ec2);
  const { Vpc } = await ec2.send(new sdk.CreateVpcCommand({ CidrBlock: `10.${String(index + 10)}.0.0/16` }));
  const VpcId = Vpc?.VpcId ?? '';
  const CidrBlock = `10.${String(index + 10)}.0.0/24`;
  const { Subnet } = await ec2.send(new sdk.CreateSubnetCommand({ VpcId, CidrBlock, AvailabilityZone: zone }));
  const SubnetId = Subnet?.SubnetId ?? '';
  const groups = [await groupIn(ec2, VpcId, `${name}-a`), await groupIn(ec2, VpcId, `${name}-b`)];
  await nameEachOther(ec2, groups);
  const { InternetGateway } = await ec2.send(new sdk.CreateInternetGatewayCommand({}));
  const InternetGatewayId = InternetGateway?.InternetGatewayId ?? '';
  await ec2.send(new sdk.AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
  const { RouteTable } = await ec2.send(new sdk.CreateRouteTableCommand({ VpcId }));
  const { AllocationId } = await ec2.send(new sdk.AllocateAddressCommand({ Domain: 'vpc' }));
  const { NatGateway } = await ec2.send(new sdk.CreateNatGatewayCommand({ SubnetId, AllocationId }));
  const machine = await instance(ec2, SubnetId, groups[0]);
  const { NetworkInterface } = await ec2.send(
    new sdk.CreateNetworkInterfaceCommand({ SubnetId, Groups: groups.slice(1) }),
  );
  const { VolumeId } = await ec2.send(new sdk.CreateVolumeCommand({ AvailabilityZone: zone, Size: 1 }));
  const { SnapshotId } = await ec2.send(new sdk.CreateSnapshotCommand({ VolumeId }));
  const { LaunchTemplate } = await ec2.send(
    new sdk.CreateLaunchTemplateCommand({ LaunchTemplateName: name, LaunchTemplateData: { InstanceType: 't3.micro' } }),
  );
  return [
    VpcId,
    SubnetId,
    ...groups,
    InternetGatewayId,
    RouteTable?.RouteTableId,
    AllocationId,
    NatGateway?.NatGatewayId,
    machine,
    NetworkInterface?.NetworkInterfaceId,
    VolumeId,
    SnapshotId,
    LaunchTemplate?.LaunchTemplateId,
    ...(await smallThings(ec2, `${name}-small`)),
  ].filter((id) => id !== undefined);
}

async function groupIn(ec2: sdk.EC2Client, VpcId: string, name: string): Promise<string> {
  const made = await ec2.send(new sdk.CreateSecurityGroupCommand({ GroupName: name, Description: name, VpcId }));
  return made.GroupId ?? '';
}

async function nameEachOther(ec2: sdk.EC2Client, [a = '', b = '']: string[]): Promise<void> {
  for (const [GroupId, other] of [
    [a, b],
    [b, a],
  ]) {
    const IpPermissions = [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: other }] }];
    await ec2.send(new sdk.AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions }));
  }
}
