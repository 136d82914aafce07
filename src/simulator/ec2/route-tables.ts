/** Which route tables are there? One came with each VPC; others are made, tied to subnets, and deleted when tied to none. */
import { AwsError, notFound } from '../errors';
import { localRoute } from '../world/furniture';
import { newId } from '../world/ids';
import { addResource, endResource, newResource } from '../world/resources';
import { once } from '../tokens';
import { regionState } from '../world/world';
import type { Handler, Handlers, RegionState, SimRouteTable } from '../world/state';
import { find, select } from './describe';
import type { Fields } from './filters';
import { defined, invalid, need } from './input';
import { endpointRoutes, renderRoute, routeState } from './routes';
import { tagList, tagSpecs } from './tag-specs';
import { unknownRouteTable, unknownSubnet, unknownVpc } from './unknown';

const createRouteTable: Handler = (input, ctx) =>
  once(ctx.world.tokens, `${ctx.account}/${ctx.region}/CreateRouteTable`, input, () => {
    const state = regionState(ctx);
    const vpc = find(ctx, state.vpcs, need(input, 'VpcId'), unknownVpc);
    const { 'route-table': tags } = tagSpecs(input, ['route-table']);
    const table = addResource<SimRouteTable>(state, {
      ...newResource(ctx, 'route-table', newId(ctx.world, 'rtb'), tags),
      vpcId: vpc.id,
      main: false,
      routes: [localRoute(vpc)],
      associations: new Map(),
    });
    return { RouteTable: render(state, table) };
  });

function fieldsOf(state: RegionState): Fields<SimRouteTable> {
  return {
    'route-table-id': ({ id }) => id,
    'vpc-id': ({ vpcId }) => vpcId,
    'owner-id': ({ account }) => account,
    'association.main': ({ main, associations }) => (associations.size > 0 ? main : undefined),
    'association.route-table-association-id': ({ associations }) => [...associations.keys()],
    'association.route-table-id': ({ id, associations }) => (associations.size > 0 ? id : undefined),
    'association.subnet-id': ({ associations }) => [...associations.values()].filter((id) => id !== undefined),
    'route.destination-cidr-block': ({ routes }) => routes.map(({ destination }) => destination),
    'route.gateway-id': ({ routes }) =>
      routes.flatMap(({ target }) => (target.member === 'GatewayId' ? target.id : [])),
    'route.nat-gateway-id': ({ routes }) =>
      routes.flatMap(({ target }) => (target.member === 'NatGatewayId' ? target.id : [])),
    'route.origin': ({ routes }) => routes.map(({ origin }) => origin),
    'route.state': ({ routes }) => routes.map((route) => routeState(state, route)),
  };
}

const describeRouteTables: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const { items, ...more } = select(ctx, state, input, {
    shelf: state.routeTables,
    fields: fieldsOf(state),
    ids: {
      member: 'RouteTableIds',
      prefix: 'rtb',
      malformed: 'InvalidRouteTableId.Malformed',
      unknown: unknownRouteTable,
    },
    // 5 to 100 a page: EC2 API reference, DescribeRouteTables.
    limits: { min: 5, max: 100, byDefault: 100, notWith: 'RouteTableIds' },
  });
  return { RouteTables: items.map((table) => render(state, table)), ...more };
};

function render(state: RegionState, table: SimRouteTable): Record<string, unknown> {
  return {
    RouteTableId: table.id,
    VpcId: table.vpcId,
    OwnerId: table.account,
    Routes: [...table.routes.map((route) => renderRoute(state, route)), ...endpointRoutes(state, table)],
    Associations: [...table.associations].map(([RouteTableAssociationId, SubnetId]) =>
      defined({
        RouteTableAssociationId,
        RouteTableId: table.id,
        SubnetId,
        Main: SubnetId === undefined,
        AssociationState: { State: 'associated' },
      }),
    ),
    PropagatingVgws: [],
    Tags: tagList(table.tags),
  };
}

const deleteRouteTable: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const table = find(ctx, state.routeTables, need(input, 'RouteTableId'), unknownRouteTable);
  if (table.associations.size > 0) {
    throw new AwsError('DependencyViolation', `The routeTable '${table.id}' has dependencies and cannot be deleted.`);
  }
  endResource(state, table);
  for (const endpoint of state.vpcEndpoints.values())
    endpoint.routeTableIds = endpoint.routeTableIds.filter((id) => id !== table.id);
  return {};
};

const associateRouteTable: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const table = find(ctx, state.routeTables, need(input, 'RouteTableId'), unknownRouteTable);
  const subnet = find(ctx, state.subnets, need(input, 'SubnetId'), unknownSubnet);
  if (subnet.vpcId !== table.vpcId) {
    throw new AwsError(
      'InvalidParameterValue',
      `Route table ${table.id} and network subnet ${subnet.id} belong to different networks.`,
    );
  }
  const tied = [...state.routeTables.values()].find(({ associations }) =>
    [...associations.values()].includes(subnet.id),
  );
  if (tied && tied !== table) {
    throw new AwsError(
      'Resource.AlreadyAssociated',
      `the specified association for route table ${table.id} conflicts with an existing association`,
    );
  }
  const there = tied && [...table.associations].find(([, id]) => id === subnet.id)?.[0];
  const AssociationId = there ?? newId(ctx.world, 'rtbassoc');
  table.associations.set(AssociationId, subnet.id);
  return { AssociationId, AssociationState: { State: 'associated' } };
};

const disassociateRouteTable: Handler = (input, ctx) => {
  const id = need(input, 'AssociationId');
  const table = [...regionState(ctx).routeTables.values()].find(({ associations }) => associations.has(id));
  if (!table) throw notFound('InvalidAssociationID.NotFound', 'association', [id]);
  if (table.associations.get(id) === undefined) {
    throw invalid('associationId', id, 'Cannot disassociate the main route table association.');
  }
  table.associations.delete(id);
  return {};
};

export const routeTableOperations: Handlers = {
  CreateRouteTable: createRouteTable,
  DescribeRouteTables: describeRouteTables,
  DeleteRouteTable: deleteRouteTable,
  AssociateRouteTable: associateRouteTable,
  DisassociateRouteTable: disassociateRouteTable,
};
