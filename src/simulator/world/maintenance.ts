/** What does AWS plan for a machine, and when does it fail its checks? Scheduled events, and impaired status checks. */
import { plan } from './agenda';
import { newId } from './ids';
import { stateAt } from './instance';
import { stop, terminate, type StateReason } from './lifecycle';
import type { EventCode, Impairment, RegionState, ScheduledEvent, SimInstance, World } from './state';

/** "Scheduled events for your instances" (EC2 user guide); the wording is of users' reports. */
export const EVENT_CODES: Record<EventCode, string> = {
  'instance-reboot': 'The instance is scheduled for a reboot',
  'system-reboot': 'The instance is scheduled for a system reboot',
  'system-maintenance': 'The instance is scheduled for system maintenance',
  'instance-retirement': 'The instance is running on degraded hardware',
  'instance-stop': 'The instance is running on degraded hardware',
};

const BY_SCHEDULE: StateReason = {
  code: 'Server.ScheduledStop',
  message: 'Server.ScheduledStop: Stopped due to a scheduled retirement',
};

/** Schedules an event and lets it happen at its time, if the machine is still up then. */
export function schedule(
  world: World,
  state: RegionState,
  instance: SimInstance,
  facts: Omit<ScheduledEvent, 'id' | 'description'> & { description?: string },
): ScheduledEvent {
  const event: ScheduledEvent = {
    description: EVENT_CODES[facts.code],
    ...facts,
    id: newId(world, 'instance-event'),
  };
  (instance.scheduled ??= []).push(event);
  plan(world.agenda, event.notBefore, () => happen(world, state, instance, event));
  return event;
}

/**
 * Retirement stops a machine with an EBS root, as `instance-stop` does; a one-time spot machine cannot be stopped and
 * ends (that case is invented). The others leave it up; their description then begins with [Completed], as on AWS.
 */
function happen(world: World, state: RegionState, instance: SimInstance, event: ScheduledEvent): void {
  if (stateAt(instance, Date.now()) !== 'running') return;
  event.description = `[Completed] ${event.description}`;
  if (event.code !== 'instance-retirement' && event.code !== 'instance-stop') return;
  if (instance.market === 'spot') terminate(world, state, instance, BY_SCHEDULE);
  else stop(world, instance, BY_SCHEDULE);
}

/** Lets checks fail from now on; `ok` lets them pass again. With `agentLost` the SSM agent falls silent meanwhile. */
export function impair(
  instance: SimInstance,
  checks: readonly ('system' | 'instance')[],
  status: Impairment['status'] | 'ok',
  agentLost: boolean,
): void {
  for (const check of checks) {
    if (status !== 'ok') (instance.impaired ??= {})[check] = { status, since: Date.now() };
    else if (instance.impaired) Reflect.deleteProperty(instance.impaired, check);
  }
  if (agentLost && status !== 'ok') instance.agentLostAt ??= Date.now();
  if (status === 'ok') Reflect.deleteProperty(instance, 'agentLostAt');
}
