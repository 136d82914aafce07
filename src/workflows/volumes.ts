/** How does the data of a slot get to its next node? The volume comes along, or a copy of it, or an empty one. */
import { workflowInfo } from '@temporalio/workflow';
import type { Node } from '../contracts/messages';
import type { SlotVolume, VolumeCopied, VolumeCopy, VolumeMove, VolumeMoved } from '../contracts/volumes';
import { isAwaited, sourceOf } from '../policy/volume-copies';
import { following, hasVolumes, shapeOf, type FollowingVolume } from '../policy/volumes';
import { looks, mutations } from './activity-proxies';
import { failure } from './failure';
import type { Provisioning } from './fill';

/** A slot whose node is replaced. */
export interface Succession {
  old: Node;
  node: Node;
}

/** One volume of a slot on its way. */
interface Passage extends Succession {
  volume: SlotVolume;
  spec: FollowingVolume;
  /** True when AWS has the volume no more. */
  isGone?: boolean;
}

/** The nodes with the volumes that follow their slots. One call per region, and none where nothing is to be learnt. */
export async function knowVolumes(run: Provisioning, nodes: Node[]): Promise<Node[]> {
  const devices = (node: Node): string[] => following(run.spec.components[node.component]).map(({ device }) => device);
  const holding = nodes.filter((node) => !hasVolumes(node) && devices(node).length > 0);
  const known: Record<string, SlotVolume[]> = {};
  for (const region of new Set(holding.map((node) => node.region))) {
    const here = holding
      .filter((node) => node.region === region)
      .map((node) => ({ instanceId: node.instanceId, devices: devices(node) }));
    const summary = `which volumes follow ${String(here.length)} slots`;
    const input = { ...whereOf(run, region), experimentId: run.ownership.experimentId, nodes: here };
    Object.assign(known, await looks.slotVolumes.executeWithOptions({ summary }, [input]));
  }
  return withVolumes(nodes, known);
}

function withVolumes(nodes: Node[], known: Record<string, SlotVolume[]>): Node[] {
  return nodes.map((node) => {
    const volumes = known[node.instanceId];
    return volumes === undefined ? node : { ...node, volumes };
  });
}

/** A volume is free or attached within seconds, so it is looked at every 2 s where the spec does not say. */
function whereOf({ target, spec }: Provisioning, region: string) {
  return { target, region, pollMs: (spec.poll ?? 2) * 1000 };
}

/**
 * The new nodes with their volumes attached. What cannot come along is copied or made empty, as its spec says; a node
 * that ends before its volume came keeps the claim, so that the one after it gets the volume.
 */
export async function bringVolumes(run: Provisioning, successions: Succession[]): Promise<Node[]> {
  const brought: Record<string, SlotVolume[]> = {};
  for (const region of new Set(successions.map(({ node }) => node.region))) {
    const passages = successions.filter(({ node }) => node.region === region).flatMap((one) => passagesOf(run, one));
    for (const { node, volume } of await bringAll(run, region, passages))
      brought[node.instanceId] = [...(brought[node.instanceId] ?? []), volume];
  }
  return withVolumes(
    successions.map(({ node }) => node),
    brought,
  );
}

function passagesOf({ spec }: Provisioning, { old, node }: Succession): Passage[] {
  const wanted = following(spec.components[node.component]);
  return (old.volumes ?? []).flatMap((volume) => {
    const own = wanted.find(({ device }) => device === volume.device);
    return own === undefined ? [] : [{ old, node, volume, spec: own }];
  });
}

/** The same passages with the volumes that the new nodes have now. */
async function bringAll(run: Provisioning, region: string, passages: Passage[]): Promise<Passage[]> {
  const ends = await move(
    run,
    region,
    passages.filter(isAwaited).map((one) => moveOf(one, { from: holderOf(one) })),
  );
  const done: Passage[] = [];
  const stuck: Passage[] = [];
  for (const one of passages) {
    const end = ends.find(({ volumeId }) => volumeId === one.volume.volumeId)?.end;
    if (end === 'attached') done.push(kept(run, one));
    else if (end === 'dropped') done.push({ ...one, volume: { ...one.volume, heldBy: holderOf(one) } });
    else stuck.push({ ...one, isGone: end === 'gone' });
  }
  return [...done, ...(await replaceAll(run, region, stuck))];
}

function kept(run: Provisioning, one: Passage): Passage {
  const { volumeId, device, zone } = one.volume;
  run.onEvent(`${one.node.slot} keeps ${volumeId}`);
  return { ...one, volume: { volumeId, device, zone, origin: 'kept' } };
}

function holderOf({ old, volume }: Passage): string {
  return volume.heldBy ?? old.instanceId;
}

function moveOf({ node, volume, spec }: Passage, held: Pick<VolumeMove, 'from'>): VolumeMove {
  return {
    volumeId: volume.volumeId,
    device: volume.device,
    slot: node.slot,
    ...held,
    to: node.instanceId,
    toZone: node.zone,
    until: Date.now() + spec.moveWithin * 1000,
  };
}

async function move(run: Provisioning, region: string, moves: VolumeMove[]): Promise<VolumeMoved[]> {
  if (moves.length === 0) return [];
  const summary = `move ${String(moves.length)} volumes: ${moves.map(({ slot }) => slot).join(', ')}`.slice(0, 200);
  const input = { ...whereOf(run, region), experimentId: run.ownership.experimentId, moves };
  return mutations.moveVolumes.executeWithOptions({ summary }, [input]);
}

/** Makes a volume for each that is stuck and attaches it. What is not attached even then is for the checks to find. */
async function replaceAll(run: Provisioning, region: string, stuck: Passage[]): Promise<Passage[]> {
  if (stuck.length === 0) return [];
  const copies = stuck.map(copyOf);
  const summary = `make ${String(copies.length)} volumes: ${copies.map(({ slot }) => slot).join(', ')}`.slice(0, 200);
  const input = { ...whereOf(run, region), ownership: run.ownership, copies };
  const made = await mutations.copyVolumes.executeWithOptions({ summary }, [input]);
  const replaced = stuck.map((one, index) => replacedBy(run, one, made[index]));
  // Nobody holds what was just made.
  await move(
    run,
    region,
    replaced.map((one) => moveOf(one, {})),
  );
  return replaced;
}

function copyOf(one: Passage): VolumeCopy {
  const { node, volume, spec } = one;
  const source = sourceOf(one);
  return {
    ...shapeOf(spec),
    slot: node.slot,
    component: node.component,
    device: volume.device,
    zone: node.zone,
    copyId: [workflowInfo().firstExecutionRunId, node.slot, node.generation, volume.device].join('/'),
    withinMs: spec.moveWithin * 1000,
    ...(source === undefined ? {} : { source }),
  };
}

function replacedBy(run: Provisioning, { volume, node, ...rest }: Passage, made: VolumeCopied | undefined): Passage {
  if (made === undefined) throw failure('Internal', `no volume was made for ${node.slot}`);
  const { volumeId, origin } = made;
  const what = origin === 'restored' ? 'its copy' : 'an empty one';
  run.onEvent(`${node.slot}: ${volume.volumeId} stays behind in ${volume.zone}, ${what} is ${volumeId}`);
  return { ...rest, node, volume: { volumeId, device: volume.device, zone: node.zone, origin } };
}
