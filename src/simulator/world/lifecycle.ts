/** How does a machine stop, start and end? Times are drawn at the call; what hangs on the machine follows by the agenda. */
import { hashed } from '../random';
import { plan } from './agenda';
import { emitStart, emitState } from './events';
import { stateAt } from './instance';
import { giveBackAddress } from './network';
import { occupy, vacate } from './pools';
import { endResource, removeTags } from './resources';
import type { RegionState, SimInstance, World } from './state';

export interface StateReason {
  code: string;
  message: string;
}

export const BY_USER: StateReason = {
  code: 'Client.UserInitiatedShutdown',
  message: 'Client.UserInitiatedShutdown: User initiated shutdown',
};
export const BY_SPOT: StateReason = {
  code: 'Server.SpotInstanceTermination',
  message: 'Server.SpotInstanceTermination: Spot instance termination',
};

/** Begins to end the instance; does nothing when it is ending already (TerminateInstances is idempotent). */
export function terminate(world: World, state: RegionState, instance: SimInstance, reason: StateReason): void {
  if (instance.terminatingAt !== undefined || instance.terminatedAt !== undefined) return;
  const now = Date.now();
  const wasStopped = stateAt(instance, now) === 'stopped';
  instance.terminatingAt = now;
  instance.draws['terminate'] = wasStopped ? 0 : world.random.between(world.scenario.delays.terminate);
  instance.stateReason = reason;
  emitState(world, instance, 'shutting-down', now);
  endAt(world, state, instance, now + instance.draws['terminate'], !wasStopped);
  for (const notify of world.onInstanceEnd) notify(instance);
}

/** Sets the end and plans what follows it. Also for machines that die while pending. */
export function endAt(world: World, state: RegionState, instance: SimInstance, at: number, occupied = true): void {
  instance.terminatedAt = at;
  plan(world.agenda, at, () => {
    instance.endedAt = at;
    emitState(world, instance, 'terminated', at);
    if (occupied) vacate(world, instance);
    releaseVolumes(state, instance, at);
    releaseInterfaces(world, state, instance, at);
    closeSpotRequest(state, instance, at);
    if (hashed(world.seed, instance.id, 'tags lost') < world.scenario.listings.tagsLost)
      removeTags(world, state, instance, Object.keys(instance.tags));
  });
}

export function stop(world: World, instance: SimInstance, reason: StateReason): void {
  const now = Date.now();
  instance.stoppingAt = now;
  instance.draws['stop'] = world.random.between(world.scenario.delays.stop);
  instance.stoppedAt = now + instance.draws['stop'];
  instance.stateReason = reason;
  emitState(world, instance, 'stopping', now);
  const at = instance.stoppedAt;
  plan(world.agenda, at, () => {
    vacate(world, instance);
    emitState(world, instance, 'stopped', at);
  });
  for (const notify of world.onInstanceEnd) notify(instance);
}

/** Why a machine went down that was told to from within. */
const BY_ITSELF: StateReason = {
  code: 'Client.InstanceInitiatedShutdown',
  message: 'Client.InstanceInitiatedShutdown: Instance initiated shutdown',
};

/**
 * The machine powers itself off: it stops or ends by its shutdown behavior. One-time spot instances cannot be stopped
 * and end in any case (the case is not documented: invented).
 */
export function shutdown(world: World, state: RegionState, instance: SimInstance): void {
  if (stateAt(instance, Date.now()) !== 'running') return;
  if (instance.market === 'spot' || instance.shutdownBehavior === 'terminate')
    terminate(world, state, instance, BY_ITSELF);
  else stop(world, instance, BY_ITSELF);
}

/** Starts a stopped instance again; the caller has seen that its pool has room. */
export function start(world: World, instance: SimInstance): void {
  const { delays } = world.scenario;
  Reflect.deleteProperty(instance, 'stoppingAt');
  Reflect.deleteProperty(instance, 'stoppedAt');
  Reflect.deleteProperty(instance, 'stateReason');
  instance.pendingAt = Date.now();
  instance.draws['start'] = world.random.between(delays.start);
  instance.runningAt = instance.pendingAt + instance.draws['start'];
  if (instance.agentOnlineAt !== undefined) {
    instance.agentOnlineAt = instance.runningAt + world.random.between(delays.runningToAgent);
  }
  occupy(world, instance);
  emitStart(world, instance);
}

function releaseVolumes(state: RegionState, instance: SimInstance, at: number): void {
  for (const { volumeId, deleteOnTermination } of instance.volumes) {
    const volume = state.volumes.get(volumeId);
    if (!volume) continue;
    Reflect.deleteProperty(volume, 'attachment');
    if (deleteOnTermination) endResource(state, volume, at);
  }
  instance.volumes = [];
}

/** Interfaces linger after their machine, which is why deleting its security group fails for a while. */
function releaseInterfaces(world: World, state: RegionState, instance: SimInstance, at: number): void {
  for (const address of state.addresses.values()) {
    if (address.association?.instanceId === instance.id) Reflect.deleteProperty(address, 'association');
  }
  for (const id of instance.networkInterfaceIds) {
    const eni = state.networkInterfaces.get(id);
    if (!eni) continue;
    if (eni.attachment?.deleteOnTermination === false) {
      Reflect.deleteProperty(eni, 'attachment');
      continue;
    }
    eni.draws['interfaceLinger'] = world.random.between(world.scenario.delays.interfaceLinger);
    const goneAt = at + eni.draws['interfaceLinger'];
    plan(world.agenda, goneAt, () => {
      giveBackAddress(state.subnets.get(eni.subnetId), eni.subnetAddress);
      endResource(state, eni, goneAt);
    });
  }
  instance.networkInterfaceIds = [];
}

function closeSpotRequest(state: RegionState, instance: SimInstance, at: number): void {
  const request = instance.spotRequestId === undefined ? undefined : state.spotRequests.get(instance.spotRequestId);
  if (request) endResource(state, request, at);
}
