/** Where does a route table send what? Routes by destination; the local one stays, and one whose target is gone is a black hole. */
import { AwsError, notFound } from '../errors';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, RegionState, SimRoute, SimRouteTable } from '../world/state';
import { find } from './describe';
import { invalid, missing, need, text, type Input } from './input';
import { unknownInstance, unknownInterface, unknownRouteTable } from './unknown';

const TARGETS = ['GatewayId', 'NatGatewayId', 'NetworkInterfaceId', 'InstanceId'] as const;

type Target = SimRoute['target'];

function targetOf(ctx: HandlerContext, state: RegionState, table: SimRouteTable, input: Input): Target {
  const member = TARGETS.find((name) => text(input, name) !== undefined);
  if (!member) throw missing('GatewayId');
  const id = need(input, member);
  const vpcId = networkOf(ctx, state, { member, id });
  if (vpcId !== table.vpcId) {
    throw new AwsError(
      'InvalidParameterValue',
      `route table ${table.id} and network gateway ${id} belong to different networks`,
    );
  }
  return { member, id };
}

/** The VPC that the target is in; undefined for a gateway that is attached to none. */
function networkOf(ctx: HandlerContext, state: RegionState, { member, id }: Target): string | undefined {
  const lost = (code: string, noun: string) => (ids: string[]) => notFound(code, noun, ids);
  switch (member) {
    case 'GatewayId':
      return find(ctx, state.internetGateways, id, lost('InvalidGatewayID.NotFound', 'gateway')).vpcId;
    case 'NatGatewayId': {
      const nat = find(ctx, state.natGateways, id, lost('InvalidNatGatewayID.NotFound', 'natGateway'));
      if (nat.endedAt !== undefined) throw notFound('InvalidNatGatewayID.NotFound', 'natGateway', [id]);
      return nat.vpcId;
    }
    case 'NetworkInterfaceId':
      return find(ctx, state.networkInterfaces, id, unknownInterface).vpcId;
    case 'InstanceId':
      return find(ctx, state.instances, id, unknownInstance).vpcId;
  }
}

function destinationOf(input: Input): string {
  return need(input, 'DestinationCidrBlock');
}

const createRoute: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const table = find(ctx, state.routeTables, need(input, 'RouteTableId'), unknownRouteTable);
  const destination = destinationOf(input);
  const target = targetOf(ctx, state, table, input);
  const there = table.routes.find((route) => route.destination === destination);
  // The same route again is no error (EC2 API reference, CreateRoute, is silent; users see Return: true).
  if (there && there.target.id === target.id) return { Return: true };
  if (there) throw new AwsError('RouteAlreadyExists', `The route identified by ${destination} already exists.`);
  table.routes.push({ destination, target, origin: 'CreateRoute' });
  return { Return: true };
};

function routeOf(table: SimRouteTable, destination: string): SimRoute {
  const route = table.routes.find((item) => item.destination === destination);
  if (route) return route;
  throw new AwsError(
    'InvalidRoute.NotFound',
    `no route with destination-cidr-block ${destination} in route table ${table.id}`,
  );
}

const replaceRoute: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const table = find(ctx, state.routeTables, need(input, 'RouteTableId'), unknownRouteTable);
  const route = routeOf(table, destinationOf(input));
  route.target = targetOf(ctx, state, table, input);
  return {};
};

const deleteRoute: Handler = (input, ctx) => {
  const table = find(ctx, regionState(ctx).routeTables, need(input, 'RouteTableId'), unknownRouteTable);
  const route = routeOf(table, destinationOf(input));
  if (route.target.id === 'local')
    throw invalid('destinationCidrBlock', route.destination, 'Cannot remove local route.');
  table.routes = table.routes.filter((item) => item !== route);
  return {};
};

export function routeState(state: RegionState, { target: { member, id } }: SimRoute): 'active' | 'blackhole' {
  const shelves = {
    GatewayId: state.internetGateways,
    NatGatewayId: state.natGateways,
    NetworkInterfaceId: state.networkInterfaces,
    InstanceId: state.instances,
  };
  const found = shelves[member].get(id);
  if (id === 'local') return 'active';
  const attached = member !== 'GatewayId' || state.internetGateways.get(id)?.vpcId !== undefined;
  return found && found.endedAt === undefined && attached ? 'active' : 'blackhole';
}

export function renderRoute(state: RegionState, route: SimRoute): Record<string, unknown> {
  return {
    DestinationCidrBlock: route.destination,
    [route.target.member]: route.target.id,
    Origin: route.origin,
    State: routeState(state, route),
  };
}

/** Gateway endpoints put a route into each of their tables; it goes with them and by no other way. */
export function endpointRoutes(state: RegionState, table: SimRouteTable): Record<string, unknown>[] {
  return [...state.vpcEndpoints.values()]
    .filter(({ routeTableIds }) => routeTableIds.includes(table.id))
    .map(({ id }) => ({
      DestinationPrefixListId: id.replace('vpce-0', 'pl-'),
      GatewayId: id,
      Origin: 'CreateRoute',
      State: 'active',
    }));
}

export const routeOperations: Handlers = {
  CreateRoute: createRoute,
  ReplaceRoute: replaceRoute,
  DeleteRoute: deleteRoute,
};
