/** What does CreateFleet do? Type `instant`: one call, instances now, and a reason for every pool that refused. */
import { AwsError } from '../errors';
import { newUuid } from '../world/ids';
import { addResource, newResource } from '../world/resources';
import { once } from '../tokens';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, Market, RegionState, SimFleet, SimInstance } from '../world/state';
import { allocate, checkStrategy, type Request } from './allocate';
import type { Candidate } from './candidates';
import { fleetCandidates, fleetError, fleetInstances } from './fleet-pools';
import { flag, invalid, missing, number, record, text, type Input } from './input';
import { launchAll, launchDelay, noteTarget, payForInstances } from './start-launch';
import { tagSpecs } from './tag-specs';

/** "10,000 per EC2 Fleet" (EC2 user guide, "Quotas for EC2 Fleet"). */
const MAX_TARGET = 10_000;

const createFleet: Handler = (input, ctx) =>
  once(ctx.world.tokens, `${ctx.account}/${ctx.region}/CreateFleet`, input, () => makeFleet(input, ctx));

async function makeFleet(input: Input, ctx: HandlerContext): Promise<Record<string, unknown>> {
  const state = regionState(ctx);
  const type = text(input, 'Type') ?? 'maintain';
  if (type !== 'instant') throw invalid('Type', type, 'The simulator plays fleets of type instant only.');
  const tags = tagSpecs(input, ['fleet', 'instance', 'volume', 'network-interface']);
  const requests = requestsOf(input);
  const total = requests.reduce((sum, { target }) => sum + target, 0);
  const candidates = fleetCandidates(ctx, state, input);
  payForInstances(ctx, 'CreateFleet', total);
  noteTarget(ctx, input, total);
  const launchCallMs = await launchDelay(ctx);
  const fleet = newFleet(ctx, state, input, tags.fleet);
  for (const request of requests) {
    const { picks, refusals } = allocate(ctx, candidates, request);
    const made = launchAll(ctx, state, picks, {
      market: request.market,
      launchCallMs,
      fleetId: fleet.id,
      extraTags: { 'aws:ec2:fleet-id': fleet.id },
    });
    note(fleet, request.market, made);
    fleet.errors.push(...[...refusals].map(([pool, error]) => fleetError(pool, request.market, error)));
    if (made.length === 0 && refusals.size === 0) fleet.errors.push(...unfulfillable(candidates, request));
  }
  const { errors, instanceIds } = fleet;
  return { FleetId: fleet.id, Errors: errors, Instances: fleetInstances(state, fleet, instanceIds) };
}

function newFleet(ctx: HandlerContext, state: RegionState, request: Input, tags: Record<string, string>): SimFleet {
  const clientToken = text(request, 'ClientToken');
  return addResource<SimFleet>(state, {
    ...newResource(ctx, 'fleet', `fleet-${newUuid(ctx.world)}`, tags),
    request,
    instanceIds: [],
    errors: [],
    fulfilled: { spot: 0, onDemand: 0 },
    ...(clientToken === undefined ? {} : { clientToken }),
  });
}

function note(fleet: SimFleet, market: Market, made: SimInstance[]): void {
  fleet.instanceIds.push(...made.map(({ id }) => id));
  fleet.fulfilled[market === 'spot' ? 'spot' : 'onDemand'] += made.length;
}

/** The pools could give something, but not the least that was asked for. */
function unfulfillable(candidates: Candidate[], { market, target }: Request): Record<string, unknown>[] {
  const [first] = candidates;
  if (!first || target === 0) return [];
  const error = new AwsError(
    'UnfulfillableCapacity',
    'Unable to fulfill capacity due to your request configuration. Please adjust your request and try again.',
  );
  return [fleetError(first, market, error)];
}

/** What is asked of each market: targets, strategies and the least that is accepted. */
function requestsOf(input: Input): Request[] {
  const spec = record(input, 'TargetCapacitySpecification') ?? {};
  const total = number(spec, 'TotalTargetCapacity');
  if (total === undefined) throw missing('TargetCapacitySpecification.TotalTargetCapacity');
  if (total < 0 || total > MAX_TARGET) throw invalid('totalTargetCapacity', total, `Expecting 0 to ${MAX_TARGET}`);
  const [spot, onDemand] = targetsOf(spec, total);
  return [
    requestOf(record(input, 'OnDemandOptions') ?? {}, 'on-demand', onDemand),
    requestOf(record(input, 'SpotOptions') ?? {}, 'spot', spot),
  ].filter(({ target }) => target > 0);
}

function targetsOf(spec: Input, total: number): [spot: number, onDemand: number] {
  const [spot = 0, onDemand = 0] = [number(spec, 'SpotTargetCapacity'), number(spec, 'OnDemandTargetCapacity')];
  const rest = total - spot - onDemand;
  if (rest < 0) {
    throw new AwsError('InvalidFleetConfig', 'The sum of the target capacities exceeds the total target capacity.');
  }
  const byDefault = text(spec, 'DefaultTargetCapacityType');
  if (rest > 0 && byDefault === undefined) throw missing('TargetCapacitySpecification.DefaultTargetCapacityType');
  return byDefault === 'spot' ? [spot + rest, onDemand] : [spot, onDemand + rest];
}

function requestOf(options: Input, market: Market, target: number): Request {
  const strategy = text(options, 'AllocationStrategy') ?? 'lowest-price';
  checkStrategy(market, strategy);
  const [singleType, singleZone] = [
    flag(options, 'SingleInstanceType') ?? false,
    flag(options, 'SingleAvailabilityZone') ?? false,
  ];
  const min = number(options, 'MinTargetCapacity');
  if (min !== undefined && !singleType && !singleZone) {
    // "At least one of the following must be specified: SingleAvailabilityZone | SingleInstanceType" (API reference).
    throw new AwsError(
      'InvalidParameterCombination',
      'MinTargetCapacity needs SingleInstanceType or SingleAvailabilityZone.',
    );
  }
  if (min !== undefined && min > target) throw invalid('minTargetCapacity', min, 'It exceeds the target capacity.');
  return { market, target, strategy, singleType, singleZone, min: min ?? 0 };
}

export const createFleetOperations: Handlers = { CreateFleet: createFleet };
