/** Which volumes follow a slot, where does that pin its next node, and what is the next step of each on its way? */
import type { Node } from '../contracts/messages';
import type { VolumeMove, VolumeMoved, VolumeShape } from '../contracts/volumes';
import type { ComponentSpec } from '../schemas/experiment';

type VolumeSpec = ComponentSpec['volumes'][number];
/** A volume of a spec with its device. */
export type FollowingVolume = VolumeSpec & { device: string };

/** The component's data volumes with their devices: /dev/sdf to /dev/sdp are what AWS recommends on Linux. */
export function withDevices(part: ComponentSpec): FollowingVolume[] {
  return part.volumes.map((volume, index) => ({
    ...volume,
    device: `/dev/sd${String.fromCharCode('f'.charCodeAt(0) + index)}`,
  }));
}

/** Those of them that move with the slot. */
export function following(part: ComponentSpec | undefined): FollowingVolume[] {
  return part === undefined ? [] : withDevices(part).filter((volume) => volume.follows === 'slot');
}

/** What AWS needs to make a volume like it. */
export function shapeOf({ sizeGiB, type, iops, throughputMBps }: VolumeSpec): VolumeShape {
  return {
    sizeGiB,
    type,
    ...(iops === undefined ? {} : { iops }),
    ...(throughputMBps === undefined ? {} : { throughputMBps }),
  };
}

/** The key of the launch template whose nodes get no volumes that follow, beside the component's own. */
export function bareTemplate(component: string): string {
  return `${component}.bare`; // a component's name holds no dot
}

/** Whether data comes along when the node is replaced. */
export function hasVolumes({ volumes = [] }: Pick<Node, 'volumes'>): boolean {
  return volumes.length > 0;
}

/** Slots that one request can fill. */
export interface LaunchGroup {
  component: string;
  region: string;
  /** Set where the volumes of the slots are: nodes of another zone could not have them. */
  zone?: string;
  slots: Node[];
}

/**
 * One request per component and region, and per zone where volumes pin it.
 *
 *     broker-0, broker-1 lost, without volumes                  -> one request
 *     bookkeeper-0 of zone a, bookkeeper-1 and -2 of zone b lost -> two requests
 */
export function launchGroups(lost: readonly Node[]): LaunchGroup[] {
  const groups = new Map<string, LaunchGroup>();
  for (const node of lost) {
    const { component, region } = node;
    const zone = node.volumes?.[0]?.zone;
    const key = [component, region, zone].join('/');
    const group = groups.get(key) ?? { component, region, ...(zone === undefined ? {} : { zone }), slots: [] };
    groups.set(key, { ...group, slots: [...group.slots, node] });
  }
  return [...groups.values()];
}

/** What was seen of a volume. */
export interface VolumeSeen {
  volumeId: string;
  zone: string;
  /** AWS's word: `creating`, `available`, `in-use`, `deleting`, `error`. */
  state: string;
  attachment?: { instanceId: string; state: string };
}

/** What was seen of the old and the new machine; `state` is AWS's word. */
export interface Machines {
  from: { state: string } | undefined;
  to: { state: string } | undefined;
}

/** What to do next for a volume: an end, or `release` (end the machine that holds it), `attach`, `wait`. */
export type VolumeStep = VolumeMoved['end'] | 'release' | 'attach' | 'wait';

const ENDED = new Set(['shutting-down', 'terminated', 'stopping', 'stopped']);
const LOST = new Set(['deleting', 'deleted', 'error']);

/**
 * The next step of a volume on its way. The machine that holds it is ended only once the new one runs: until then it
 * may still serve, and its shutdown writes out what is in memory and unmounts.
 *
 *     held by the old node, new one pending    -> wait
 *     held by the old node, new one running    -> release
 *     free, new one running in the same zone   -> attach
 *     free, new one in another zone            -> free
 *     still held when its time is up           -> late
 */
export function nextStep(
  move: VolumeMove,
  volume: VolumeSeen | undefined,
  machines: Machines,
  nowMs: number,
): VolumeStep {
  if (ENDED.has(machines.to?.state ?? '')) return 'dropped';
  const isLate = nowMs >= move.until;
  // What was attached and is unknown now is no more; what was just made may not be readable yet.
  if (volume === undefined) return move.from === undefined ? lateOr('wait', isLate) : 'gone';
  if (LOST.has(volume.state)) return 'gone';
  if (volume.state === 'available') return ofFree(move, volume, machines, isLate);
  return ofHeld(move, volume, machines, isLate);
}

function lateOr(step: VolumeStep, isLate: boolean): VolumeStep {
  return isLate ? 'late' : step;
}

/** However late it is found free, it is attached. A machine that never runs is no fault of the volume. */
function ofFree({ toZone }: VolumeMove, { zone }: VolumeSeen, { to }: Machines, isLate: boolean): VolumeStep {
  if (zone !== toZone) return 'free';
  if (to?.state === 'running') return 'attach';
  return isLate ? 'dropped' : 'wait';
}

/** An attachment under way is not taken back: whether the disk is there is for the checks of the node to say. */
function ofHeld(move: VolumeMove, { attachment }: VolumeSeen, { from, to }: Machines, isLate: boolean): VolumeStep {
  if (attachment?.instanceId === move.to) return attachment.state === 'attached' || isLate ? 'attached' : 'wait';
  const isOld = attachment !== undefined && attachment.instanceId === move.from;
  return lateOr(isOld && from?.state === 'running' && to?.state === 'running' ? 'release' : 'wait', isLate);
}
