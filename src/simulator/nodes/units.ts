/** Is a systemd unit of a machine up? Computed from clocks and the script; the words are those of `systemctl is-active`. */
import { hashed } from '../random';
import type { PortScript, ServiceScript } from '../scenario';
import { stateAt } from '../world/instance';
import type { SimNode } from './node';

export type UnitState = 'active' | 'activating' | 'inactive' | 'failed';

/** systemd's rule: a name without a type is a service. */
export function unitName(name: string): string {
  return /\.(service|socket|target|timer|mount)$/.test(name) ? name : `${name}.service`;
}

export function unitStateAt(node: SimNode, name: string, now: number): UnitState {
  const startedAt = startOf(node, name, now);
  if (startedAt === undefined) return 'inactive';
  const service = serviceOf(node, name);
  const upAt = startedAt + startDelay(node, name);
  if (now < upAt) return 'activating';
  if (service?.fails) return 'failed';
  if (!service?.flaps) return 'active';
  const { upSeconds, downSeconds } = service.flaps;
  return (now - upAt) % ((upSeconds + downSeconds) * 1000) < upSeconds * 1000 ? 'active' : 'failed';
}

/** The next moment at which the unit's state can differ by itself; undefined when it stays as it is. */
export function nextChangeOf(node: SimNode, name: string, now: number): number | undefined {
  const startedAt = startOf(node, name, now);
  if (startedAt === undefined) return now < node.instance.runningAt ? node.instance.runningAt : undefined;
  const upAt = startedAt + startDelay(node, name);
  if (now < upAt) return upAt;
  const flaps = serviceOf(node, name)?.flaps;
  if (!flaps) return undefined;
  const period = (flaps.upSeconds + flaps.downSeconds) * 1000;
  const phase = (now - upAt) % period;
  return phase < flaps.upSeconds * 1000 ? now - phase + flaps.upSeconds * 1000 : now - phase + period;
}

/**
 * What `systemctl start|restart|stop` does. `start` leaves a unit alone that the scenario names and that is up or
 * coming up. One that it does not name is taken as not there before the first start.
 */
export function steerUnit(node: SimNode, verb: 'start' | 'restart' | 'stop', name: string, now: number): void {
  const unit = unitName(name);
  const known = node.clocks.has(unit) || serviceOf(node, unit) !== undefined;
  if (verb === 'stop') node.clocks.set(unit, { stoppedAt: now });
  else if (verb === 'restart' || !known || !['active', 'activating'].includes(unitStateAt(node, unit, now))) {
    node.clocks.set(unit, { startedAt: now });
  } else return;
  for (const notify of node.onUnits) notify();
}

/** Names of all units the machine is known to have. */
export function unitsOf(node: SimNode): string[] {
  return [...new Set([...Object.keys(node.script.services ?? {}).map(unitName), ...node.clocks.keys()])];
}

/** Ports with the unit that listens on them. */
export function portsOf(node: SimNode): { unit: string; script: PortScript }[] {
  return Object.entries(node.script.services ?? {}).flatMap(([unit, { ports = [] }]) =>
    ports.map((script) => ({ unit: unitName(unit), script })),
  );
}

/** Drawn from the seed, the machine and the unit alone, so that the order of questions does not matter; in the ledger. */
function startDelay(node: SimNode, name: string): number {
  const unit = unitName(name);
  const key = `service:${unit}`;
  const { world, instance } = node;
  const [min, max] = serviceOf(node, unit)?.delay ?? world.scenario.delays.serviceStart;
  return (instance.draws[key] ??= Math.round(min + hashed(world.seed, instance.id, unit) * (max - min)));
}

function startOf(node: SimNode, name: string, now: number): number | undefined {
  if (stateAt(node.instance, now) !== 'running') return undefined;
  const clock = node.clocks.get(unitName(name));
  if (clock) return clock.startedAt;
  return (serviceOf(node, name)?.autostart ?? true) ? node.instance.runningAt : undefined;
}

function serviceOf(node: SimNode, name: string): ServiceScript | undefined {
  const services = node.script.services ?? {};
  const unit = unitName(name);
  return services[unit] ?? services[unit.replace(/\.service$/, '')];
}
