/** What must hold of networks that an experiment makes for itself, or names? */
import {
  CreateVpcCommand,
  DescribeInternetGatewaysCommand,
  DescribeRouteTablesCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
  DisassociateRouteTableCommand,
} from '@aws-sdk/client-ec2';
import type { Bench, Case } from './cases';

const CIDR = '10.64.0.0/16';

/** What EC2 has of the experiment's network, by its tags. */
async function madeOf({ aws, experimentId }: Bench) {
  const Filters = [{ Name: 'tag:ExperimentID', Values: [experimentId] }];
  const [{ Vpcs = [] }, { Subnets = [] }, { InternetGateways = [] }, { RouteTables = [] }] = await Promise.all([
    aws.send(new DescribeVpcsCommand({ Filters })),
    aws.send(new DescribeSubnetsCommand({ Filters })),
    aws.send(new DescribeInternetGatewaysCommand({ Filters })),
    aws.send(new DescribeRouteTablesCommand({ Filters })),
  ]);
  return { vpcs: Vpcs, subnets: Subnets, gateways: InternetGateways, tables: RouteTables };
}

export const NETWORK_CASES: Case[] = [
  {
    says: 'a network of its own has a subnet per zone, a way out of each, public addresses, and tags on all of it',
    minimum: true,
    run: async (bench) => {
      const { compute, region, tags } = bench;
      const zones = [`${region}a`, `${region}b`];

      const network = await compute.ensureNetwork({ cidr: CIDR, zones, tags });

      const { vpcs, subnets, gateways, tables } = await madeOf(bench);
      expect([vpcs.length, subnets.length, gateways.length, tables.length]).toEqual([1, 2, 1, 1]);
      expect(network).toMatchObject({ vpcId: vpcs[0]?.VpcId, cidr: CIDR });
      expect(
        subnets.map(({ AvailabilityZone = '', SubnetId }) => network.subnets[AvailabilityZone] === SubnetId),
      ).toEqual([true, true]);
      expect(subnets.map(({ CidrBlock }) => CidrBlock).sort()).toEqual(['10.64.0.0/19', '10.64.32.0/19']);
      expect(subnets.map(({ MapPublicIpOnLaunch }) => MapPublicIpOnLaunch)).toEqual([true, true]);
      expect(gateways[0]?.Attachments?.map(({ VpcId }) => VpcId)).toEqual([network.vpcId]);
      expect(tables[0]?.Routes).toContainEqual(
        expect.objectContaining({ DestinationCidrBlock: '0.0.0.0/0', GatewayId: gateways[0]?.InternetGatewayId }),
      );
      expect(new Set(tables[0]?.Associations?.map(({ SubnetId }) => SubnetId))).toEqual(
        new Set(Object.values(network.subnets)),
      );
      for (const one of [...vpcs, ...subnets, ...gateways, ...tables]) {
        expect(Object.fromEntries((one.Tags ?? []).map(({ Key, Value }) => [Key, Value]))).toMatchObject(tags);
      }
    },
  },
  {
    says: 'a network that is there is kept, and what it lacks is made',
    minimum: true,
    run: async (bench) => {
      const { aws, compute, region, tags } = bench;
      const request = { cidr: CIDR, zones: [`${region}a`], tags };
      const first = await compute.ensureNetwork(request);
      const { tables } = await madeOf(bench);
      const AssociationId = tables[0]?.Associations?.[0]?.RouteTableAssociationId;
      await aws.send(new DisassociateRouteTableCommand({ AssociationId }));

      expect((await compute.ensureNetwork({ ...request, zones: [] })).subnets).toEqual(first.subnets);
      const second = await compute.ensureNetwork({ ...request, zones: [`${region}a`, `${region}c`] });

      const made = await madeOf(bench);
      expect(second).toMatchObject({ vpcId: first.vpcId, subnets: first.subnets });
      expect(Object.keys(second.subnets).sort()).toEqual([`${region}a`, `${region}c`]);
      expect([made.vpcs.length, made.subnets.length, made.gateways.length, made.tables.length]).toEqual([1, 2, 1, 1]);
      expect(made.tables[0]?.Associations).toHaveLength(2);
    },
  },
  {
    says: 'VPCs, subnets and groups are found by id with their VPC and tags; unknown ones are absent',
    minimum: true,
    run: async ({ aws, compute, subnets, tags, experimentId }) => {
      const vpcId = subnets[0]?.vpcId ?? '';
      const groupId = await compute.ensureSecurityGroup({ name: `holdfast-${experimentId}`, vpcId, ingress: [], tags });
      const TagSpecifications = [{ ResourceType: 'vpc' as const, Tags: [{ Key: 'Owner', Value: 'ada' }] }];
      const { Vpc } = await aws.send(new CreateVpcCommand({ CidrBlock: '10.9.0.0/16', TagSpecifications }));

      expect(await compute.securityGroups([groupId, 'sg-0123456789abcdef0'])).toEqual([{ groupId, vpcId }]);
      expect(await compute.vpcs([Vpc?.VpcId ?? '', 'vpc-0123456789abcdef0'])).toEqual([
        { vpcId: Vpc?.VpcId, tags: { Owner: 'ada' } },
      ]);
      const known = subnets[0]?.subnetId ?? '';
      const found = await compute.subnets([known, 'subnet-0123456789abcdef0']);
      expect(found.map(({ subnetId }) => subnetId)).toEqual([known]);
    },
  },
  {
    says: 'a group can be opened to others, as often as one likes',
    minimum: true,
    run: async ({ aws, compute, subnets, tags, experimentId }) => {
      const vpcId = subnets[0]?.vpcId ?? '';
      const make = (name: string): Promise<string> =>
        compute.ensureSecurityGroup({ name: `holdfast-${experimentId}-${name}`, vpcId, ingress: [], tags });
      const [a, b, c] = await Promise.all([make('a'), make('b'), make('c')]);

      await compute.allowFrom(a, [b]);
      await compute.allowFrom(a, [b, c]);
      await compute.allowFrom(a, []);

      const { SecurityGroups } = await aws.send(new DescribeSecurityGroupsCommand({ GroupIds: [a] }));
      const from = SecurityGroups?.[0]?.IpPermissions?.flatMap((rule) => rule.UserIdGroupPairs ?? []);
      expect(from?.map(({ GroupId }) => GroupId).sort()).toEqual([a, b, c].sort());
    },
  },
];
