/** What is in an account before anyone uses it? A default VPC with a subnet per zone, a default security group, a main route table and a gateway. */
import { newId } from './ids';
import { formatCidr } from './network';
import { addResource, newResource } from './resources';
import type {
  HandlerContext,
  RegionState,
  SimInternetGateway,
  SimResource,
  SimRoute,
  SimRouteTable,
  SimSecurityGroup,
  SimSecurityGroupRule,
  SimVpc,
  World,
} from './state';

/** AWS's default VPC: 172.31.0.0/16 with one /20 per zone (VPC user guide, "Default VPCs"). */
const VPC_BASE = 172 * 2 ** 24 + 31 * 2 ** 16;
const SUBNET_BITS = 20;

export function furnish(ctx: HandlerContext, state: RegionState): void {
  const vpc = addResource(state, {
    ...settled(newResource(ctx, 'vpc', newId(ctx.world, 'vpc'))),
    cidr: formatCidr({ base: VPC_BASE, bits: 16 }),
    isDefault: true,
    dns: { support: true, hostnames: true },
  } satisfies SimVpc);
  addDefaultGroup(ctx, state, vpc, true);
  const gateway = addResource<SimInternetGateway>(state, {
    ...partOf(vpc, 'igw'),
    type: 'internet-gateway',
    vpcId: vpc.id,
  });
  addMainRouteTable(state, vpc).routes.push({
    destination: '0.0.0.0/0',
    target: { member: 'GatewayId', id: gateway.id },
    origin: 'CreateRoute',
  });
  const zones = ctx.world.scenario.regions[ctx.region]?.zones ?? [];
  zones.forEach((zone, index) => {
    addResource(state, {
      ...settled(newResource(ctx, 'subnet', newId(ctx.world, 'subnet'))),
      zone,
      vpcId: vpc.id,
      cidr: formatCidr({ base: VPC_BASE + index * 2 ** (32 - SUBNET_BITS), bits: SUBNET_BITS }),
      defaultForAz: true,
      mapPublicIp: true,
      used: new Set<number>(),
      // The first address a host can have: AWS keeps the first four.
      nextHost: 4,
    });
  });
}

/** Every VPC has a group named `default` that lets its members talk to each other and everything out. */
export function addDefaultGroup(
  ctx: HandlerContext,
  state: RegionState,
  vpc: SimVpc,
  furniture: boolean,
): SimSecurityGroup {
  const base = newResource(ctx, 'security-group', newId(ctx.world, 'sg'));
  const group = addResource<SimSecurityGroup>(state, {
    ...settled(base),
    furniture: true,
    name: 'default',
    description: 'default VPC security group',
    vpcId: vpc.id,
    rules: new Map(),
    visibleAt: furniture ? 0 : base.visibleAt,
  });
  addRule(ctx.world, group, { egress: false, protocol: '-1', referencedGroupId: group.id });
  addOpenEgress(ctx.world, group);
  return group;
}

/** Every VPC has a main route table, for the subnets that are associated with no other (VPC user guide, "Route tables"). */
export function addMainRouteTable(state: RegionState, vpc: SimVpc): SimRouteTable {
  return addResource<SimRouteTable>(state, {
    ...partOf(vpc, 'rtb'),
    type: 'route-table',
    vpcId: vpc.id,
    main: true,
    routes: [localRoute(vpc)],
    associations: new Map([[vpc.id.replace('vpc-', 'rtbassoc-'), undefined]]),
  });
}

export function localRoute(vpc: SimVpc): SimRoute {
  return { destination: vpc.cidr, target: { member: 'GatewayId', id: 'local' }, origin: 'CreateRouteTable' };
}

/** What came with the VPC and is seen from the moment that it is; the id has the digits of the VPC's. */
function partOf(vpc: SimVpc, prefix: string): Omit<SimResource, 'type'> {
  const { region, account, createdAt, visibleAt, tagsIndexedAt, taggedAt } = vpc;
  const id = vpc.id.replace('vpc', prefix);
  const times = { createdAt, visibleAt, tagsIndexedAt, taggedAt };
  return { id, region, account, ...times, tags: {}, draws: {}, seq: 0, furniture: true };
}

/** The rule that each new security group starts with: everything out. */
export function addOpenEgress(world: World, group: SimSecurityGroup): void {
  addRule(world, group, { egress: true, protocol: '-1', cidrIpv4: '0.0.0.0/0' });
}

export function addRule(
  world: World,
  group: SimSecurityGroup,
  rule: Omit<SimSecurityGroupRule, 'ruleId' | 'tags'> & { tags?: Record<string, string> },
): SimSecurityGroupRule {
  const made: SimSecurityGroupRule = { tags: {}, ...rule, ruleId: newId(world, 'sgr') };
  group.rules.set(made.ruleId, made);
  return made;
}

function settled<T extends { visibleAt: number; tagsIndexedAt: number }>(resource: T): T & { furniture: true } {
  return { ...resource, visibleAt: 0, tagsIndexedAt: 0, furniture: true };
}
