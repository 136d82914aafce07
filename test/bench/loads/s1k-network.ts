/** What does a cell of the load S1k stand in? A VPC with a way out, a NAT gateway, an endpoint, and groups that name each other. */
import * as ec2 from '@aws-sdk/client-ec2';
import type { Maker } from './s1k';

export interface Network {
  subnetIds: string[];
  groupIds: string[];
}

/** Four subnets, the first one with the machines and the NAT gateway; two route tables; five pairs of groups. */
export async function networkOf(maker: Maker, at: number): Promise<Network> {
  const { client, tagged } = maker;
  const prefix = `10.${at}`;
  const { Vpc } = await client.send(
    new ec2.CreateVpcCommand({ CidrBlock: `${prefix}.0.0/16`, TagSpecifications: [tagged('vpc')] }),
  );
  const vpcId = Vpc?.VpcId ?? '';
  const [subnetIds, gatewayId, tables, groups] = await Promise.all([
    Promise.all([0, 1, 2, 3].map((number) => subnet(maker, vpcId, `${prefix}.${number * 16}.0/20`, number))),
    gateway(maker, vpcId),
    Promise.all([routeTable(maker, vpcId), routeTable(maker, vpcId)]),
    Promise.all([0, 1, 2, 3, 4].map((pair) => groupPair(maker, vpcId, pair))),
  ]);
  const groupIds = groups.flat();
  const [natId] = await Promise.all([nat(maker, subnetIds[0] ?? ''), endpoint(maker, vpcId, subnetIds, groupIds)]);
  const everywhere = { DestinationCidrBlock: '0.0.0.0/0' };
  await Promise.all([
    client.send(new ec2.CreateRouteCommand({ RouteTableId: tables[0], ...everywhere, GatewayId: gatewayId })),
    client.send(new ec2.CreateRouteCommand({ RouteTableId: tables[1], ...everywhere, NatGatewayId: natId })),
    ...subnetIds.map((SubnetId, number) =>
      client.send(new ec2.AssociateRouteTableCommand({ SubnetId, RouteTableId: tables[number % 2] })),
    ),
  ]);
  return { subnetIds, groupIds };
}

async function subnet({ client, zones, tagged }: Maker, VpcId: string, CidrBlock: string, at: number): Promise<string> {
  const { Subnet } = await client.send(
    new ec2.CreateSubnetCommand({
      VpcId,
      CidrBlock,
      AvailabilityZone: zones[at % zones.length],
      TagSpecifications: [tagged('subnet')],
    }),
  );
  return Subnet?.SubnetId ?? '';
}

async function gateway({ client, tagged }: Maker, VpcId: string): Promise<string> {
  const { InternetGateway } = await client.send(
    new ec2.CreateInternetGatewayCommand({ TagSpecifications: [tagged('internet-gateway')] }),
  );
  const InternetGatewayId = InternetGateway?.InternetGatewayId ?? '';
  await client.send(new ec2.AttachInternetGatewayCommand({ InternetGatewayId, VpcId }));
  return InternetGatewayId;
}

async function routeTable({ client, tagged }: Maker, VpcId: string): Promise<string> {
  const { RouteTable } = await client.send(
    new ec2.CreateRouteTableCommand({ VpcId, TagSpecifications: [tagged('route-table')] }),
  );
  return RouteTable?.RouteTableId ?? '';
}

/** Two groups, each of which lets the other in: neither can be deleted before a rule of the other is revoked. */
async function groupPair(maker: Maker, VpcId: string, pair: number): Promise<string[]> {
  const { client, tagged } = maker;
  const ids = await Promise.all(
    ['a', 'b'].map(async (side) => {
      const { GroupId = '' } = await client.send(
        new ec2.CreateSecurityGroupCommand({
          VpcId,
          GroupName: `pair-${pair}-${side}`,
          Description: 'one of a pair',
          TagSpecifications: [tagged('security-group')],
        }),
      );
      return GroupId;
    }),
  );
  await Promise.all(
    ids.map((GroupId, at) =>
      client.send(
        new ec2.AuthorizeSecurityGroupIngressCommand({
          GroupId,
          IpPermissions: [{ IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: ids[1 - at] }] }],
        }),
      ),
    ),
  );
  return ids;
}

async function nat({ client, tagged }: Maker, SubnetId: string): Promise<string> {
  const { AllocationId } = await client.send(
    new ec2.AllocateAddressCommand({ TagSpecifications: [tagged('elastic-ip')] }),
  );
  const { NatGateway } = await client.send(
    new ec2.CreateNatGatewayCommand({ SubnetId, AllocationId, TagSpecifications: [tagged('natgateway')] }),
  );
  return NatGateway?.NatGatewayId ?? '';
}

async function endpoint(maker: Maker, VpcId: string, subnetIds: string[], groupIds: string[]): Promise<void> {
  const region = await maker.client.config.region();
  await maker.client.send(
    new ec2.CreateVpcEndpointCommand({
      VpcId,
      VpcEndpointType: 'Interface',
      ServiceName: `com.amazonaws.${region}.ssm`,
      SubnetIds: subnetIds.slice(0, 1),
      SecurityGroupIds: groupIds.slice(4, 5),
      TagSpecifications: [maker.tagged('vpc-endpoint')],
    }),
  );
}
