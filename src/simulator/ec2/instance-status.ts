/** Is a machine well? DescribeInstanceStatus: both checks are initializing for a while after the start, then ok. */
import { AwsError } from '../errors';
import { STATE_CODES, stateAt } from '../world/instance';
import { regionState } from '../world/world';
import type { Handler, Handlers, SimInstance, World } from '../world/state';
import { select } from './describe';
import type { Fields } from './filters';
import { flag, texts } from './input';
import { zoneId } from './places';
import { unknownInstance } from './unknown';

/** "Up to 100 instance IDs" (EC2 API reference, DescribeInstanceStatus). */
const MAX_IDS = 100;

/** Drawn when first looked at: what nobody asks for need not be in the ledger. */
function checksAt(world: World, instance: SimInstance): number {
  instance.draws['statusChecks'] ??= world.random.between(world.scenario.delays.statusChecks);
  return instance.runningAt + instance.draws['statusChecks'];
}

function statusOf(world: World, instance: SimInstance, now: number): 'ok' | 'initializing' | 'not-applicable' {
  if (stateAt(instance, now) !== 'running') return 'not-applicable';
  return now >= checksAt(world, instance) ? 'ok' : 'initializing';
}

const REACHABILITY = { ok: 'passed', initializing: 'initializing', 'not-applicable': undefined };

const describeInstanceStatus: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const now = Date.now();
  const ids = texts(input, 'InstanceIds');
  if (ids.length > MAX_IDS)
    throw new AwsError('InvalidParameterValue', `At most ${MAX_IDS} instance IDs can be given.`);
  const status = (instance: SimInstance): string => statusOf(ctx.world, instance, now);
  const reachability = (instance: SimInstance): string | undefined => REACHABILITY[statusOf(ctx.world, instance, now)];
  const fields: Fields<SimInstance> = {
    'availability-zone': ({ zone }) => zone,
    'availability-zone-id': ({ zone }) => zoneId(zone),
    'instance-state-name': (instance) => stateAt(instance, now),
    'instance-state-code': (instance) => STATE_CODES[stateAt(instance, now)],
    'instance-status.status': status,
    'instance-status.reachability': reachability,
    'system-status.status': status,
    'system-status.reachability': reachability,
    // Scheduled events are not played: there are none, so these filters keep nothing.
    'event.code': () => undefined,
    'event.description': () => undefined,
  };
  const all = flag(input, 'IncludeAllInstances') ?? false;
  const shelf = new Map(
    [...state.instances].filter(
      ([, instance]) => all || stateAt(instance, now) === 'running' || ids.includes(instance.id),
    ),
  );
  const { items, ...more } = select(ctx, state, input, {
    shelf,
    fields,
    ids: { member: 'InstanceIds', prefix: 'i', malformed: 'InvalidInstanceID.Malformed', unknown: unknownInstance },
    // 5 to 1,000 a page, not together with ids: EC2 API reference, DescribeInstanceStatus.
    limits: { min: 5, max: 1000, byDefault: 1000, notWith: 'InstanceIds' },
  });
  const shown = items.filter((instance) => all || stateAt(instance, now) === 'running');
  return {
    InstanceStatuses: shown.map((instance) => render(instance, statusOf(ctx.world, instance, now), now)),
    ...more,
  };
};

function render(instance: SimInstance, status: keyof typeof REACHABILITY, now: number): Record<string, unknown> {
  const name = stateAt(instance, now);
  const details = REACHABILITY[status];
  const check = { Status: status, Details: details === undefined ? [] : [{ Name: 'reachability', Status: details }] };
  return {
    InstanceId: instance.id,
    AvailabilityZone: instance.zone,
    InstanceState: { Name: name, Code: STATE_CODES[name] },
    InstanceStatus: check,
    SystemStatus: check,
    Events: [],
  };
}

export const instanceStatusOperations: Handlers = { DescribeInstanceStatus: describeInstanceStatus };
