/**
 * What is there to clean up? The reference load S1k: cells of 99 tagged objects that need one another, made through the
 * public API. Ten cells and their five placement groups are 995 objects in one region; primary interfaces carry no tags.
 */
import * as ec2 from '@aws-sdk/client-ec2';
import { ownershipTags } from '../../../src/contracts/names';
import type { ScenarioPatch } from '../../../src/simulator';
import { networkOf, type Network } from './s1k-network';

export interface Load {
  url: string;
  experimentId: string;
  /** Cells by region. */
  cells: Record<string, number>;
  installation?: string;
}

/** What a cell's parts are made with. */
export interface Maker {
  client: ec2.EC2Client;
  zones: string[];
  imageId: string;
  experimentId: string;
  tagged(type: ec2.ResourceType): ec2.TagSpecification;
}

/** All default regions of AWS in 2026 that need no opt-in. */
const REGIONS =
  'us-east-1 us-east-2 us-west-1 us-west-2 ca-central-1 sa-east-1 eu-central-1 eu-west-1 eu-west-2 eu-west-3 eu-north-1 ' +
  'ap-south-1 ap-southeast-1 ap-southeast-2 ap-northeast-1 ap-northeast-2 ap-northeast-3';

/** Seventeen regions with room for as many addresses as any of these loads needs. */
export const S1K_SCENARIO = {
  regions: Object.fromEntries(
    REGIONS.split(' ').map((region) => [region, { zones: ['a', 'b', 'c'].map((letter) => `${region}${letter}`) }]),
  ),
  limits: { addresses: 1_000 },
} satisfies ScenarioPatch;

/** Ten times S1k: a hundred cells over seventeen regions. */
export const S10K_CELLS: Record<string, number> = Object.fromEntries(
  REGIONS.split(' ').map((region, at) => [region, at < 15 ? 6 : 5]),
);

/** Cells under way at a time: enough to keep one simulator busy. */
const AT_A_TIME = 12;

const GROUPS_PER_TEN_CELLS = 5;

/** Makes the load; when it resolves every machine runs and everything is attached. */
export async function loadS1k({ url, experimentId, cells, installation = 'bench' }: Load): Promise<void> {
  const clients: ec2.EC2Client[] = [];
  const tasks: (() => Promise<unknown>)[] = [];
  for (const [region, count] of Object.entries(cells)) {
    const client = clientOf(url, region);
    clients.push(client);
    const maker = await makerOf(client, experimentId, installation);
    for (let at = 0; at < count; at += 1) tasks.push(() => makeCell(maker, at));
    for (let at = 0; at < Math.round((count * GROUPS_PER_TEN_CELLS) / 10); at += 1)
      tasks.push(() => makeGroup(maker, at));
  }
  await Promise.all(Array.from({ length: AT_A_TIME }, () => work(tasks)));
  for (const client of clients) client.destroy();
}

async function work(tasks: (() => Promise<unknown>)[]): Promise<void> {
  for (let task = tasks.shift(); task; task = tasks.shift()) await task();
}

/** Retries of the SDK stay on: a scenario that throttles makes the load slower and no other. */
function clientOf(url: string, region: string): ec2.EC2Client {
  const credentials = { accessKeyId: 'load', secretAccessKey: 'load' };
  return new ec2.EC2Client({ region, endpoint: url, credentials, maxAttempts: 20 });
}

async function makerOf(client: ec2.EC2Client, experimentId: string, installation: string): Promise<Maker> {
  const { AvailabilityZones = [] } = await client.send(new ec2.DescribeAvailabilityZonesCommand({}));
  const { Images = [] } = await client.send(
    new ec2.DescribeImagesCommand({ Filters: [{ Name: 'architecture', Values: ['x86_64'] }] }),
  );
  const tags = ownershipTags({
    experimentId,
    installation,
    project: 'bench',
    owner: 'bench',
    expiresAt: new Date(Date.now() + 3_600_000).toISOString(),
    extra: {},
  });
  const Tags = Object.entries({ ...tags, Component: 'load' }).map(([Key, Value]) => ({ Key, Value }));
  return {
    client,
    zones: AvailabilityZones.map(({ ZoneName = '' }) => ZoneName),
    imageId: Images[0]?.ImageId ?? '',
    experimentId,
    tagged: (ResourceType) => ({ ResourceType, Tags }),
  };
}

function makeGroup({ client, experimentId, tagged }: Maker, at: number): Promise<unknown> {
  return client.send(
    new ec2.CreatePlacementGroupCommand({
      GroupName: `${experimentId}-${at}`,
      Strategy: 'spread',
      TagSpecifications: [tagged('placement-group')],
    }),
  );
}

async function makeCell(maker: Maker, at: number): Promise<void> {
  const network = await networkOf(maker, at);
  const name = `${maker.experimentId}-${at}`;
  const { client, tagged } = maker;
  await Promise.all([
    makeMachines(maker, network),
    client.send(
      new ec2.CreateKeyPairCommand({ KeyName: name, KeyType: 'ed25519', TagSpecifications: [tagged('key-pair')] }),
    ),
    client.send(
      new ec2.CreateLaunchTemplateCommand({
        LaunchTemplateName: name,
        LaunchTemplateData: { ImageId: maker.imageId },
        TagSpecifications: [tagged('launch-template')],
      }),
    ),
  ]);
}

/** Thirty machines: ten with a data volume that outlives them, six with a second interface. */
async function makeMachines(maker: Maker, network: Network): Promise<void> {
  const [withData, plain] = await Promise.all([launch(maker, network, 10, true), launch(maker, network, 20, false)]);
  await ec2.waitUntilInstanceRunning(
    { client: maker.client, maxWaitTime: 120, minDelay: 1, maxDelay: 2 },
    { InstanceIds: [...withData, ...plain] },
  );
  await Promise.all(plain.slice(0, 6).map((id) => attachInterface(maker, network, id)));
}

async function launch(maker: Maker, network: Network, count: number, data: boolean): Promise<string[]> {
  const Ebs = { VolumeSize: 10, VolumeType: 'gp3' as const, DeleteOnTermination: false };
  const { Instances = [] } = await maker.client.send(
    new ec2.RunInstancesCommand({
      MinCount: count,
      MaxCount: count,
      ImageId: maker.imageId,
      InstanceType: 't3.micro',
      SubnetId: network.subnetIds[0],
      SecurityGroupIds: network.groupIds.slice(0, 2),
      ...(data ? { BlockDeviceMappings: [{ DeviceName: '/dev/sdf', Ebs }] } : {}),
      TagSpecifications: [maker.tagged('instance'), maker.tagged('volume')],
    }),
  );
  return Instances.map(({ InstanceId = '' }) => InstanceId);
}

async function attachInterface({ client, tagged }: Maker, network: Network, InstanceId: string): Promise<void> {
  const { NetworkInterface } = await client.send(
    new ec2.CreateNetworkInterfaceCommand({
      SubnetId: network.subnetIds[0],
      Groups: network.groupIds.slice(2, 4),
      TagSpecifications: [tagged('network-interface')],
    }),
  );
  const { NetworkInterfaceId } = NetworkInterface ?? {};
  await client.send(new ec2.AttachNetworkInterfaceCommand({ NetworkInterfaceId, InstanceId, DeviceIndex: 1 }));
}
