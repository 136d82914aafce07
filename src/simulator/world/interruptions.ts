/** How does AWS take a spot machine back? A warning that shows in its request, its metadata and an event, then the end. */
import { plan } from './agenda';
import { emitInterruptionWarning, emitRebalance } from './events';
import { stateAt } from './instance';
import { BY_SPOT, terminate } from './lifecycle';
import type { ReclaimReason, RegionState, SimInstance, World } from './state';

/** "Two minutes" (EC2 user guide, "Spot Instance interruption notices"); best effort on AWS, exact here. */
export const NOTICE_SECONDS = 120;

export interface Reclaim {
  noticeMs: number;
  /** What took it, for the ledger: `control`, `weather`, `losses`, `price` or `trace`. */
  by: string;
  reason?: ReclaimReason;
}

/** A machine and the region that holds it. */
export interface Placed {
  state: RegionState;
  instance: SimInstance;
}

/**
 * Announces the reclaim and ends the machine `noticeMs` later. A machine that has had its notice keeps that one; false
 * when it is ending already.
 */
export function interrupt(world: World, state: RegionState, instance: SimInstance, reclaim: Reclaim): boolean {
  if (instance.interruption) return true;
  if (!isReclaimable(instance)) return false;
  const noticeAt = Date.now();
  const statusLag = world.random.between(world.scenario.delays.spotStatusLag);
  const { noticeMs, by, reason = 'no-capacity' } = reclaim;
  instance.interruption = { noticeAt, statusAt: noticeAt + statusLag, at: noticeAt + noticeMs, by, reason };
  world.interrupted.push(instance);
  emitInterruptionWarning(world, instance);
  plan(world.agenda, instance.interruption.at, () => {
    terminate(world, state, instance, BY_SPOT);
  });
  return true;
}

/** A hint that the machine is at elevated risk; nothing else happens to it. One hint per machine. */
export function recommendRebalance(world: World, instance: SimInstance): void {
  if (instance.rebalanceAt !== undefined || !isReclaimable(instance)) return;
  instance.rebalanceAt = Date.now();
  emitRebalance(world, instance);
}

/** Whether AWS could take it: a spot machine that is coming up or running, and not on its way out. */
export function isReclaimable(instance: SimInstance): boolean {
  if (instance.market !== 'spot' || instance.interruption) return false;
  if (instance.terminatedAt !== undefined) return false;
  return ['pending', 'running'].includes(stateAt(instance, Date.now()));
}

/** Every machine that could be taken, of all accounts and regions, with the region that holds it; oldest first within one. */
export function reclaimables(world: World): Placed[] {
  return [...world.regions.values()].flatMap((state) =>
    [...state.instances.values()].filter(isReclaimable).map((instance) => ({ state, instance })),
  );
}
