/** What must hold of finding by tag and of deleting? The policy decides, the port acts, and nothing of the experiment is left. */
import {
  AllocateAddressCommand,
  AuthorizeSecurityGroupIngressCommand,
  CreateKeyPairCommand,
  CreateNetworkInterfaceCommand,
  CreatePlacementGroupCommand,
  CreateSecurityGroupCommand,
  CreateVolumeCommand,
  DeleteNetworkInterfaceCommand,
  DeleteTagsCommand,
  ModifyInstanceAttributeCommand,
  type ResourceType as AwsResourceType,
  type TagSpecification,
} from '@aws-sdk/client-ec2';
import { RESOURCE_TYPES, type Removal, type TaggedResource } from '../../src/contracts/inventory';
import { alive, type Entries } from '../../src/policy/deletion';
import { toTags } from '../../src/aws/tags';
import { until } from './backend';
import type { Bench, Case } from './cases';
import { clearRegion } from './clearing';

function specs(tags: Record<string, string>, type: AwsResourceType): TagSpecification[] {
  return [{ ResourceType: type, Tags: toTags(tags) }];
}

/** Waits until every id is found by tag, as indexes and describes may lag. */
async function found({ cloud, region, experimentId }: Bench, ids: string[]): Promise<Map<string, TaggedResource>> {
  return until(`${ids.join(', ')} found by tag`, async () => {
    const { resources } = await cloud.inventory(region).discover(experimentId);
    const byId = new Map(resources.map((one) => [one.id, one]));
    return ids.every((id) => byId.has(id)) ? byId : undefined;
  });
}

/** Goes on until nothing is alive, or nothing moves any more; answers everything ever seen. */
async function clear({ cloud, region, experimentId }: Bench): Promise<Entries> {
  return (await clearRegion(cloud.inventory(region), region, experimentId)).entries;
}

async function makeGroup({ aws, subnets, tags, experimentId }: Bench, name: string, over = tags): Promise<string> {
  const { GroupId } = await aws.send(
    new CreateSecurityGroupCommand({
      GroupName: `${experimentId}-${name}`,
      Description: 'contract',
      VpcId: subnets[0]?.vpcId,
      TagSpecifications: specs(over, 'security-group'),
    }),
  );
  return GroupId ?? '';
}

async function makeVolume({ aws, subnets }: Bench, tags: Record<string, string>): Promise<string> {
  const input = { AvailabilityZone: subnets[0]?.zone, Size: 1, TagSpecifications: specs(tags, 'volume') };
  return (await aws.send(new CreateVolumeCommand(input))).VolumeId ?? '';
}

async function allow({ aws }: Bench, GroupId: string, from: string): Promise<void> {
  const IpPermissions = [{ IpProtocol: 'tcp', FromPort: 1, ToPort: 2, UserIdGroupPairs: [{ GroupId: from }] }];
  await until('the groups are there', () =>
    aws.send(new AuthorizeSecurityGroupIngressCommand({ GroupId, IpPermissions })),
  );
}

function outcomes(removals: Removal[]): Record<string, string> {
  return Object.fromEntries(removals.map((one) => [one.id, one.outcome]));
}

export const INVENTORY_CASES: Case[] = [
  {
    says: 'everything a fleet made is found by its tags, ended in order, and told from the living afterwards',
    minimum: true,
    run: async (bench) => {
      const { nodes, fleetId } = await bench.compute.fleet(await bench.fleet({ count: 2 }));
      const ids = [...nodes.map((node) => node.instanceId), fleetId ?? ''];
      const before = await found(bench, ids);
      expect(before.get(fleetId ?? '')).toMatchObject({ type: 'fleet', state: 'live' });
      const types = new Set([...before.values()].map((one) => one.type));
      expect([...types]).toEqual(expect.arrayContaining(['instance', 'fleet', 'security-group', 'launch-template']));

      const end = await clear(bench);

      expect(alive(end)).toEqual([]);
      for (const id of ids) expect(Object.values(end).map((one) => one.id)).toContain(id);
      const after = await bench.cloud.inventory(bench.region).discover(bench.experimentId);
      expect(after.resources.filter((one) => one.state !== 'gone')).toEqual([]);
    },
  },
  {
    says: 'only the exact id with both tags is found, and nothing without them is deleted',
    minimum: true,
    run: async (bench) => {
      const { experimentId, tags, cloud, region } = bench;
      const mine = await makeVolume(bench, tags);
      const names = [`${experimentId}0`, experimentId.toUpperCase(), `${experimentId.slice(0, -1)}?`, '*'];
      const others = await Promise.all(names.map((name) => makeVolume(bench, { ...tags, ExperimentID: name })));
      const half = await makeVolume(bench, { ExperimentID: experimentId });
      await found(bench, [mine]);

      const inventory = cloud.inventory(region);
      const { resources } = await inventory.discover(experimentId);
      expect(resources.map((one) => one.id)).toEqual([mine]);
      const foreign = await inventory.describe([...others, half].map((id) => ({ type: 'volume', id })));
      for (const one of foreign) {
        await expect(inventory.remove(experimentId, [one])).rejects.toMatchObject({ type: 'NotOurs' });
      }
      const again = await inventory.describe(foreign);
      expect(again.map((one) => one.state)).toEqual(foreign.map(() => 'live'));
      expect(alive(await clear(bench))).toEqual([]);
    },
  },
  {
    says: 'groups that name each other are freed in both directions and deleted',
    minimum: true,
    run: async (bench) => {
      const one = await makeGroup(bench, 'one');
      const other = await makeGroup(bench, 'other');
      await allow(bench, one, other);
      await allow(bench, other, one);
      await allow(bench, one, one);
      await found(bench, [one, other]);

      const end = await clear(bench);

      expect(alive(end)).toEqual([]);
      expect(Object.values(end).filter((entry) => entry.refusal !== undefined)).toEqual([]);
    },
  },
  {
    says: 'what others hold is kept, with the holder named, until they let go',
    minimum: true,
    run: async (bench) => {
      const { aws, subnets } = bench;
      const group = await makeGroup(bench, 'held');
      const neighbour = await makeGroup(bench, 'neighbour', { Owner: 'eve' });
      await allow(bench, neighbour, group);
      const place = { SubnetId: subnets[0]?.subnetId, Groups: [group] };
      const { NetworkInterface: card } = await until('the group is there', () =>
        aws.send(
          new CreateNetworkInterfaceCommand({
            ...place,
            TagSpecifications: specs({ Owner: 'eve' }, 'network-interface'),
          }),
        ),
      );
      await until('both holders are seen', async () => {
        const seen = (await found(bench, [group])).get(group);
        return seen?.holders?.length === 2 ? seen : undefined;
      });

      const [left] = alive(await clear(bench));

      expect(left).toMatchObject({ id: group, state: 'live' });
      expect(left?.holders?.map((one) => [one.id, one.tags]).sort()).toEqual(
        [
          [card?.NetworkInterfaceId, { Owner: 'eve' }],
          [neighbour, { Owner: 'eve' }],
        ].sort(),
      );
      await aws.send(new DeleteNetworkInterfaceCommand({ NetworkInterfaceId: card?.NetworkInterfaceId }));
    },
  },
  {
    says: 'a protected instance and a volume marked DoNotDelete stay and are named, and the rest of the batch goes',
    minimum: true,
    run: async (bench) => {
      const { aws, compute, cloud, region, experimentId, tags } = bench;
      const { nodes } = await compute.fleet(await bench.fleet({ count: 3 }));
      const [safe = '', ...rest] = nodes.map((node) => node.instanceId);
      const volume = await makeVolume(bench, { ...tags, DoNotDelete: 'true' });
      const byId = await found(bench, [safe, ...rest, volume]);
      const protect = (Value: boolean) =>
        aws.send(new ModifyInstanceAttributeCommand({ InstanceId: safe, DisableApiTermination: { Value } }));
      await protect(true);
      expect(byId.get(volume)).toMatchObject({ protectedBy: 'tag DoNotDelete' });

      const instances = [...byId.values()].filter((one) => one.type === 'instance');
      const removals = await cloud.inventory(region).remove(experimentId, instances);

      expect(outcomes(removals)).toEqual({
        [safe]: 'protected',
        ...Object.fromEntries(rest.map((id) => [id, 'asked'])),
      });
      await protect(false);
      await aws.send(new DeleteTagsCommand({ Resources: [volume], Tags: [{ Key: 'DoNotDelete' }] }));
      expect(alive(await clear(bench))).toEqual([]);
    },
  },
  {
    says: 'interfaces, volumes and addresses that nothing uses are deleted',
    minimum: true,
    run: async (bench) => {
      const { aws, subnets, tags } = bench;
      const place = { SubnetId: subnets[0]?.subnetId };
      const card = await aws.send(
        new CreateNetworkInterfaceCommand({ ...place, TagSpecifications: specs(tags, 'network-interface') }),
      );
      const address = await aws.send(
        new AllocateAddressCommand({ Domain: 'vpc', TagSpecifications: specs(tags, 'elastic-ip') }),
      );
      const ids = [
        card.NetworkInterface?.NetworkInterfaceId ?? '',
        address.AllocationId ?? '',
        await makeVolume(bench, tags),
      ];
      await found(bench, ids);

      const end = await clear(bench);

      expect(alive(end)).toEqual([]);
      expect(
        Object.values(end)
          .map((one) => one.id)
          .sort(),
      ).toEqual(ids.sort());
    },
  },
  {
    says: 'key pairs and placement groups are deleted',
    needs: ['placement-groups', 'key-pair-by-id'],
    run: async (bench) => {
      const { aws, tags, experimentId } = bench;
      const key = await aws.send(
        new CreateKeyPairCommand({ KeyName: experimentId, TagSpecifications: specs(tags, 'key-pair') }),
      );
      const group = await aws.send(
        new CreatePlacementGroupCommand({
          GroupName: experimentId,
          Strategy: 'spread',
          TagSpecifications: specs(tags, 'placement-group'),
        }),
      );
      await found(bench, [key.KeyPairId ?? '', group.PlacementGroup?.GroupId ?? '']);

      expect(alive(await clear(bench))).toEqual([]);
    },
  },
  {
    says: 'both indexes and every kind that Holdfast makes are read, and an empty region takes at most 16 calls',
    needs: ['placement-groups'],
    run: async ({ cloud, region, experimentId }) => {
      const { resources, sources } = await cloud.inventory(region).discover(experimentId);

      expect(resources).toEqual([]);
      expect(sources.filter((source) => source.unreadable !== undefined)).toEqual([]);
      const subjects = sources.map((source) => source.subject);
      // Fleets cannot be asked for by tag; the indexes name them.
      const made = ['instance', 'spot-instances-request', 'volume', 'snapshot', 'network-interface', 'security-group'];
      const network = ['launch-template', 'internet-gateway', 'route-table', 'subnet', 'vpc'];
      expect(subjects.sort()).toEqual(['DescribeTags', 'GetResources', ...made, ...network].sort());
      expect(sources.reduce((sum, source) => sum + source.pages, 0)).toBeLessThanOrEqual(16);
    },
  },
  {
    says: 'ids that AWS does not know are gone, of every kind',
    needs: ['placement-groups', 'unknown-ids'],
    run: async ({ cloud, region }) => {
      const prefix: Record<string, string> = {
        instance: 'i',
        'spot-instances-request': 'sir',
        volume: 'vol',
        'network-interface': 'eni',
        'elastic-ip': 'eipalloc',
        'key-pair': 'key',
        'placement-group': 'pg',
        'security-group': 'sg',
        'launch-template': 'lt',
        subnet: 'subnet',
        vpc: 'vpc',
        snapshot: 'snap',
        image: 'ami',
        natgateway: 'nat',
        'vpc-endpoint': 'vpce',
        'internet-gateway': 'igw',
        'route-table': 'rtb',
      };
      const whole: Record<string, string> = {
        fleet: 'fleet-00000000-0000-4000-8000-000000000000',
        'ssm:parameter': `arn:aws:ssm:${region}:123456789012:parameter/no/such`,
      };
      const id = (type: string): string => whole[type] ?? `${prefix[type] ?? ''}-0123456789abcdef0`;
      const refs = RESOURCE_TYPES.map((type) => ({ type, id: id(type) }));

      const described = await cloud.inventory(region).describe(refs);

      expect(described.map((one) => [one.type, one.state])).toEqual(RESOURCE_TYPES.map((type) => [type, 'gone']));
    },
  },
];
