/** What does a slot get in place of a volume that cannot come along? The plan of its copies, and their next steps. */
import type { SlotVolume, VolumeCopy } from '../contracts/volumes';
import type { FollowingVolume } from './volumes';

/** What a copy needs next: `restored` and `new` say how the volume is made now. */
export type CopyStep = 'snapshot' | 'wait' | 'restored' | 'new';

/** `state` is AWS's word, `startedAt` an ISO time. */
export interface SnapshotSeen {
  state: string;
  startedAt: string;
}

/** A snapshot that fails, or is not complete in time, is given up: the slot goes on with an empty volume. */
export function copyStep(
  { source, withinMs }: Pick<VolumeCopy, 'source' | 'withinMs'>,
  snapshot: SnapshotSeen | undefined,
  nowMs: number,
): CopyStep {
  if (source === undefined) return 'new';
  if (snapshot === undefined) return 'snapshot';
  if (snapshot.state === 'completed') return 'restored';
  const isLate = nowMs - Date.parse(snapshot.startedAt) >= withinMs;
  return isLate || snapshot.state === 'error' ? 'new' : 'wait';
}

/** A volume that has to get from its zone to a node of the same or another one. */
export interface Stuck {
  volume: SlotVolume;
  node: { zone: string };
  spec: Pick<FollowingVolume, 'onStuck'>;
  /** True when AWS has the volume no more. */
  isGone?: boolean;
}

/**
 * The volume that a copy is taken from; undefined when the slot goes on with an empty one.
 *
 *     zone is dry, onStuck snapshot -> the old volume, once it is free
 *     old machine never let go      -> the old volume, as it is on the disk at that moment
 *     onStuck rebuild               -> nothing: the service copies its data from its peers
 */
export function sourceOf({ volume, spec, isGone = false }: Stuck): string | undefined {
  return spec.onStuck === 'rebuild' || isGone ? undefined : volume.volumeId;
}

/** Whether it is worth to wait for the volume: to attach it, or to copy it when nobody writes to it any more. */
export function isAwaited(one: Stuck): boolean {
  return one.volume.zone === one.node.zone || sourceOf(one) !== undefined;
}
