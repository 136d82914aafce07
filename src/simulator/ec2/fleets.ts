/** What became of a fleet? Instant fleets are described by id only, and deleted together with their instances. */
import { AwsError } from '../errors';
import { stateAt } from '../world/instance';
import { BY_USER, terminate } from '../world/lifecycle';
import { endResource } from '../world/resources';
import { regionState } from '../world/world';
import type { Handler, Handlers, RegionState, SimFleet } from '../world/state';
import { find, select } from './describe';
import type { Fields } from './filters';
import { fleetInstances } from './fleet-pools';
import { defined, flag, invalid, missing, need, texts } from './input';
import { tagList } from './tag-specs';
import { unknownFleet } from './unknown';

const FIELDS: Fields<SimFleet> = {
  'fleet-state': (fleet) => stateOf(fleet),
  type: () => 'instant',
  'activity-status': (fleet) => activityOf(fleet),
};

function stateOf(fleet: SimFleet): string {
  return fleet.endedAt === undefined ? 'active' : 'deleted_terminating';
}

function activityOf(fleet: SimFleet): string {
  return fleet.errors.length > 0 ? 'error' : 'fulfilled';
}

/** Without ids there is nothing to see: "If a fleet is of type instant, you must specify the fleet ID" (API reference). */
const describeFleets: Handler = (input, ctx) => {
  const state = regionState(ctx);
  if (texts(input, 'FleetIds').length === 0) return { Fleets: [] };
  const ids = texts(input, 'FleetIds');
  for (const id of ids) if (!state.fleets.has(id)) throw unknownFleet([id]);
  const wanted = new Map(ids.map((id) => [id, find(ctx, state.fleets, id, unknownFleet)]));
  const { items, ...more } = select(ctx, state, input, {
    shelf: wanted,
    fields: FIELDS,
    // AWS gives no range; a thousand is its usual end.
    limits: { min: 1, max: 1000 },
  });
  return { Fleets: items.map((fleet) => render(state, fleet)), ...more };
};

function render(state: RegionState, fleet: SimFleet): Record<string, unknown> {
  const { request } = fleet;
  return defined({
    FleetId: fleet.id,
    FleetState: stateOf(fleet),
    ActivityStatus: activityOf(fleet),
    Type: 'instant',
    CreateTime: new Date(fleet.createdAt),
    ClientToken: fleet.clientToken,
    FulfilledCapacity: fleet.fulfilled.spot + fleet.fulfilled.onDemand,
    FulfilledOnDemandCapacity: fleet.fulfilled.onDemand,
    TargetCapacitySpecification: request['TargetCapacitySpecification'],
    LaunchTemplateConfigs: request['LaunchTemplateConfigs'],
    SpotOptions: request['SpotOptions'],
    OnDemandOptions: request['OnDemandOptions'],
    ExcessCapacityTerminationPolicy: 'no-termination',
    TerminateInstancesWithExpiration: false,
    ReplaceUnhealthyInstances: false,
    Errors: fleet.errors,
    Instances: fleetInstances(state, fleet, fleet.instanceIds),
    Tags: tagList(fleet.tags),
  });
}

/** "DescribeFleetInstances does not support fleets of type instant" (EC2 API reference). */
const describeFleetInstances: Handler = (input, ctx) => {
  const id = need(input, 'FleetId');
  find(ctx, regionState(ctx).fleets, id, unknownFleet);
  throw new AwsError('UnsupportedOperation', `The fleet ${id} is of type instant; use DescribeFleets with its id.`);
};

/** "You can delete up to 25 fleets of type instant in a single request" (API reference, DeleteFleets). */
const MAX_INSTANT = 25;

const deleteFleets: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const ids = texts(input, 'FleetIds');
  if (ids.length === 0) throw missing('FleetIds');
  if (ids.length > MAX_INSTANT) {
    throw invalid('fleetIds', ids.length, `At most ${MAX_INSTANT} instant fleets can be deleted by one request.`);
  }
  const withInstances = flag(input, 'TerminateInstances') ?? false;
  const done: Record<string, unknown>[] = [];
  const failed: Record<string, unknown>[] = [];
  for (const id of ids) {
    const fleet = state.fleets.get(id);
    const refusal = refusalOf(fleet, withInstances);
    if (refusal !== undefined || !fleet) {
      failed.push({ FleetId: id, Error: { Code: refusal, Message: `The fleet ${id} could not be deleted.` } });
      continue;
    }
    const before = stateOf(fleet);
    for (const instanceId of fleet.instanceIds) {
      const instance = state.instances.get(instanceId);
      if (instance && stateAt(instance, Date.now()) !== 'terminated') terminate(ctx.world, state, instance, BY_USER);
    }
    endResource(state, fleet);
    done.push({ FleetId: id, PreviousFleetState: before, CurrentFleetState: stateOf(fleet) });
  }
  return { SuccessfulFleetDeletions: done, UnsuccessfulFleetDeletions: failed };
};

/** An instant fleet is never deleted without its instances ("Delete an EC2 Fleet", EC2 user guide). */
function refusalOf(fleet: SimFleet | undefined, withInstances: boolean): string | undefined {
  if (!fleet) return 'fleetIdDoesNotExist';
  return withInstances && fleet.endedAt === undefined ? undefined : 'fleetNotInDeletableState';
}

export const fleetOperations: Handlers = {
  DescribeFleets: describeFleets,
  DescribeFleetInstances: describeFleetInstances,
  DeleteFleets: deleteFleets,
};
