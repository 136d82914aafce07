/** Which VPC endpoints are there? Interface endpoints with an interface per subnet, gateway endpoints as routes in tables. */
import { AwsError } from '../errors';
import { plan } from '../world/agenda';
import { newId } from '../world/ids';
import { addManagedInterface, releaseManagedInterface } from '../world/managed-interfaces';
import { addResource, endResource, newResource } from '../world/resources';
import { once } from '../tokens';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, RegionState, SimSubnet, SimVpc, SimVpcEndpoint } from '../world/state';
import { find, isVisible, select } from './describe';
import type { Fields } from './filters';
import { defined, flag, invalid, missing, need, text, texts, type Input } from './input';
import { tagList, tagSpecs } from './tag-specs';
import { unknownGroup, unknownRouteTable, unknownSubnet, unknownVpc, unknownVpcEndpoint } from './unknown';

const OPEN_POLICY =
  '{"Version":"2008-10-17","Statement":[{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}]}';

function stateOf({ availableAt, deletingAt }: SimVpcEndpoint, now: number): 'pending' | 'available' | 'deleting' {
  if (deletingAt !== undefined) return 'deleting';
  return now >= availableAt ? 'available' : 'pending';
}

const createVpcEndpoint: Handler = (input, ctx) =>
  once(ctx.world.tokens, `${ctx.account}/${ctx.region}/CreateVpcEndpoint`, input, () => {
    const state = regionState(ctx);
    const vpc = find(ctx, state.vpcs, need(input, 'VpcId'), unknownVpc);
    const kind = kindOf(input);
    const serviceName = serviceOf(ctx, input);
    const { 'vpc-endpoint': tags } = tagSpecs(input, ['vpc-endpoint']);
    const base = newResource(ctx, 'vpc-endpoint', newId(ctx.world, 'vpce'), tags);
    const parts =
      kind === 'Gateway' ? gatewayParts(ctx, state, input) : interfaceParts(ctx, state, vpc, base.id, input);
    const endpointReady = kind === 'Gateway' ? 0 : ctx.world.random.between(ctx.world.scenario.delays.endpointReady);
    const endpoint = addResource<SimVpcEndpoint>(state, {
      ...base,
      ...parts,
      draws: { ...base.draws, endpointReady },
      vpcId: vpc.id,
      serviceName,
      kind,
      policy: text(input, 'PolicyDocument') ?? OPEN_POLICY,
      privateDns: flag(input, 'PrivateDnsEnabled') ?? kind === 'Interface',
      availableAt: base.createdAt + endpointReady,
    });
    const token = text(input, 'ClientToken');
    return defined({ VpcEndpoint: render(state, endpoint, base.createdAt), ClientToken: token });
  });

function kindOf(input: Input): SimVpcEndpoint['kind'] {
  const kind = text(input, 'VpcEndpointType') ?? 'Gateway';
  if (kind !== 'Gateway' && kind !== 'Interface')
    throw invalid('vpcEndpointType', kind, 'The simulator knows Gateway and Interface.');
  return kind;
}

function serviceOf({ region }: HandlerContext, input: Input): string {
  const name = text(input, 'ServiceName');
  if (name === undefined) throw missing('ServiceName');
  if (name.startsWith(`com.amazonaws.${region}.`)) return name;
  throw new AwsError('InvalidServiceName', `The Vpc Endpoint Service '${name}' does not exist`);
}

type Parts = Pick<SimVpcEndpoint, 'subnetIds' | 'securityGroupIds' | 'routeTableIds' | 'interfaceIds'>;

function gatewayParts(ctx: HandlerContext, state: RegionState, input: Input): Parts {
  const routeTableIds = texts(input, 'RouteTableIds');
  for (const id of routeTableIds) find(ctx, state.routeTables, id, unknownRouteTable);
  return { subnetIds: [], securityGroupIds: [], routeTableIds, interfaceIds: [] };
}

function interfaceParts(ctx: HandlerContext, state: RegionState, vpc: SimVpc, id: string, input: Input): Parts {
  const subnets = texts(input, 'SubnetIds').map((subnetId) => find(ctx, state.subnets, subnetId, unknownSubnet));
  const stranger = subnets.find(({ vpcId }) => vpcId !== vpc.id);
  if (stranger) throw invalid('subnetId', stranger.id, `It is not in ${vpc.id}.`);
  const named = texts(input, 'SecurityGroupIds').map((groupId) =>
    find(ctx, state.securityGroups, groupId, unknownGroup),
  );
  const own = [...state.securityGroups.values()].filter(({ vpcId, name }) => vpcId === vpc.id && name === 'default');
  const securityGroupIds = (named.length > 0 ? named : own).map((group) => group.id);
  const interfaceIds = subnets.map(
    (subnet: SimSubnet) =>
      addManagedInterface(ctx, state, subnet, {
        owner: { id, kind: 'vpc_endpoint' },
        description: `VPC Endpoint Interface ${id}`,
        securityGroupIds,
      }).id,
  );
  return { subnetIds: subnets.map((subnet) => subnet.id), securityGroupIds, routeTableIds: [], interfaceIds };
}

function fieldsOf(now: number): Fields<SimVpcEndpoint> {
  return {
    'vpc-endpoint-id': ({ id }) => id,
    'vpc-id': ({ vpcId }) => vpcId,
    'service-name': ({ serviceName }) => serviceName,
    'vpc-endpoint-type': ({ kind }) => kind,
    'vpc-endpoint-state': (endpoint) => stateOf(endpoint, now),
  };
}

const describeVpcEndpoints: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const now = Date.now();
  const { items, ...more } = select(ctx, state, input, {
    shelf: state.vpcEndpoints,
    fields: fieldsOf(now),
    ids: {
      member: 'VpcEndpointIds',
      prefix: 'vpce',
      malformed: 'InvalidVpcEndpointId.Malformed',
      unknown: unknownVpcEndpoint,
    },
    // "Constraint: If the value is greater than 1,000, we return only 1,000 items" (EC2 API reference).
    limits: { min: 1, max: 1000 },
  });
  return { VpcEndpoints: items.map((endpoint) => render(state, endpoint, now)), ...more };
};

function render(state: RegionState, endpoint: SimVpcEndpoint, now: number): Record<string, unknown> {
  return {
    VpcEndpointId: endpoint.id,
    VpcEndpointType: endpoint.kind,
    VpcId: endpoint.vpcId,
    ServiceName: endpoint.serviceName,
    State: stateOf(endpoint, now),
    PolicyDocument: endpoint.policy,
    RouteTableIds: endpoint.routeTableIds,
    SubnetIds: endpoint.subnetIds,
    Groups: endpoint.securityGroupIds.map((GroupId) => ({
      GroupId,
      GroupName: state.securityGroups.get(GroupId)?.name ?? '',
    })),
    NetworkInterfaceIds: endpoint.interfaceIds,
    PrivateDnsEnabled: endpoint.privateDns,
    RequesterManaged: false,
    DnsEntries: [],
    CreationTimestamp: new Date(endpoint.createdAt),
    OwnerId: endpoint.account,
    Tags: tagList(endpoint.tags),
  };
}

/** What cannot be deleted is named in an answer that is otherwise good. */
const deleteVpcEndpoints: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const ids = texts(input, 'VpcEndpointIds');
  if (ids.length === 0) throw missing('VpcEndpointIds');
  const Unsuccessful: Record<string, unknown>[] = [];
  for (const id of ids) {
    const endpoint = state.vpcEndpoints.get(id);
    if (!endpoint || !isVisible(ctx, endpoint, Date.now())) {
      const Message = `The Vpc Endpoint Id '${id}' does not exist`;
      Unsuccessful.push({ ResourceId: id, Error: { Code: 'InvalidVpcEndpoint.NotFound', Message } });
    } else if (endpoint.deletingAt === undefined) remove(ctx, state, endpoint);
  }
  return { Unsuccessful };
};

function remove({ world }: HandlerContext, state: RegionState, endpoint: SimVpcEndpoint): void {
  endpoint.deletingAt = Date.now();
  endpoint.routeTableIds = [];
  const span = endpoint.kind === 'Gateway' ? 0 : world.random.between(world.scenario.delays.endpointDelete);
  endpoint.draws['endpointDelete'] = span;
  const goneAt = endpoint.deletingAt + span;
  plan(world.agenda, goneAt, () => {
    endResource(state, endpoint, goneAt);
    for (const id of endpoint.interfaceIds) releaseManagedInterface(world, state, id, goneAt);
  });
}

export const vpcEndpointOperations: Handlers = {
  CreateVpcEndpoint: createVpcEndpoint,
  DescribeVpcEndpoints: describeVpcEndpoints,
  DeleteVpcEndpoints: deleteVpcEndpoints,
};
