/** Is a machine well, and what does AWS plan for it? DescribeInstanceStatus: two checks and the scheduled events. */
import { AwsError } from '../errors';
import { STATE_CODES, stateAt } from '../world/instance';
import { regionState } from '../world/world';
import type { Handler, Handlers, ScheduledEvent, SimInstance, World } from '../world/state';
import { select } from './describe';
import type { Fields } from './filters';
import { defined, flag, texts } from './input';
import { zoneId } from './places';
import { unknownInstance } from './unknown';

/** "Up to 100 instance IDs" (EC2 API reference, DescribeInstanceStatus). */
const MAX_IDS = 100;

type Check = 'system' | 'instance';
type Status = 'ok' | 'impaired' | 'insufficient-data' | 'initializing' | 'not-applicable';

/** Drawn when first looked at: what nobody asks for need not be in the ledger. */
function checksAt(world: World, instance: SimInstance): number {
  instance.draws['statusChecks'] ??= world.random.between(world.scenario.delays.statusChecks);
  return instance.runningAt + instance.draws['statusChecks'];
}

/** Both checks are initializing for a while after the start, then ok unless the machine is impaired. */
function statusOf(world: World, instance: SimInstance, check: Check, now: number): Status {
  if (stateAt(instance, now) !== 'running') return 'not-applicable';
  if (now < checksAt(world, instance)) return 'initializing';
  return instance.impaired?.[check]?.status ?? 'ok';
}

const REACHABILITY: Record<Status, string | undefined> = {
  ok: 'passed',
  impaired: 'failed',
  'insufficient-data': 'insufficient-data',
  initializing: 'initializing',
  'not-applicable': undefined,
};

/** Events are shown while the machine exists; those of the dead are not. */
function eventsOf(instance: SimInstance, now: number): ScheduledEvent[] {
  return stateAt(instance, now) === 'terminated' ? [] : (instance.scheduled ?? []);
}

function fieldsOf(world: World, now: number): Fields<SimInstance> {
  const status =
    (check: Check) =>
    (instance: SimInstance): Status =>
      statusOf(world, instance, check, now);
  const reachability =
    (check: Check) =>
    (instance: SimInstance): string | undefined =>
      REACHABILITY[statusOf(world, instance, check, now)];
  const event =
    (read: (event: ScheduledEvent) => string | undefined) =>
    (instance: SimInstance): string[] =>
      eventsOf(instance, now).flatMap((one) => read(one) ?? []);
  return {
    'availability-zone': ({ zone }) => zone,
    'availability-zone-id': ({ zone }) => zoneId(zone),
    'instance-state-name': (instance) => stateAt(instance, now),
    'instance-state-code': (instance) => STATE_CODES[stateAt(instance, now)],
    'instance-status.status': status('instance'),
    'instance-status.reachability': reachability('instance'),
    'system-status.status': status('system'),
    'system-status.reachability': reachability('system'),
    'event.code': event(({ code }) => code),
    'event.description': event(({ description }) => description),
    'event.instance-event-id': event(({ id }) => id),
    'event.not-before': event(({ notBefore }) => new Date(notBefore).toISOString()),
    'event.not-after': event(({ notAfter }) => (notAfter === undefined ? undefined : new Date(notAfter).toISOString())),
  };
}

const describeInstanceStatus: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const now = Date.now();
  const ids = texts(input, 'InstanceIds');
  if (ids.length > MAX_IDS)
    throw new AwsError('InvalidParameterValue', `At most ${MAX_IDS} instance IDs can be given.`);
  const all = flag(input, 'IncludeAllInstances') ?? false;
  const shelf = new Map(
    [...state.instances].filter(
      ([, instance]) => all || stateAt(instance, now) === 'running' || ids.includes(instance.id),
    ),
  );
  const { items, ...more } = select(ctx, state, input, {
    shelf,
    fields: fieldsOf(ctx.world, now),
    ids: { member: 'InstanceIds', prefix: 'i', malformed: 'InvalidInstanceID.Malformed', unknown: unknownInstance },
    // 5 to 1,000 a page, not together with ids: EC2 API reference, DescribeInstanceStatus.
    limits: { min: 5, max: 1000, byDefault: 1000, notWith: 'InstanceIds' },
  });
  const shown = items.filter((instance) => all || stateAt(instance, now) === 'running');
  return { InstanceStatuses: shown.map((instance) => render(ctx.world, instance, now)), ...more };
};

function render(world: World, instance: SimInstance, now: number): Record<string, unknown> {
  const name = stateAt(instance, now);
  return {
    InstanceId: instance.id,
    AvailabilityZone: instance.zone,
    InstanceState: { Name: name, Code: STATE_CODES[name] },
    InstanceStatus: renderCheck(world, instance, 'instance', now),
    SystemStatus: renderCheck(world, instance, 'system', now),
    Events: eventsOf(instance, now).map(renderEvent),
  };
}

function renderCheck(world: World, instance: SimInstance, check: Check, now: number): Record<string, unknown> {
  const status = statusOf(world, instance, check, now);
  const reachability = REACHABILITY[status];
  const since = status === 'impaired' ? instance.impaired?.[check]?.since : undefined;
  const detail = defined({
    Name: 'reachability',
    Status: reachability,
    ImpairedSince: since === undefined ? undefined : new Date(since),
  });
  return { Status: status, Details: reachability === undefined ? [] : [detail] };
}

function renderEvent({ id, code, description, notBefore, notAfter }: ScheduledEvent): Record<string, unknown> {
  return defined({
    InstanceEventId: id,
    Code: code,
    Description: description,
    NotBefore: new Date(notBefore),
    NotAfter: notAfter === undefined ? undefined : new Date(notAfter),
  });
}

export const instanceStatusOperations: Handlers = { DescribeInstanceStatus: describeInstanceStatus };
