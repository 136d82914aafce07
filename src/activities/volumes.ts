/** How do the data volumes of a slot get to its next node? Found, moved or copied, in batches, ours alone. */
import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { Cloud, InstanceView, SnapshotView, VolumesPort, VolumeView } from '../aws/ports';
import { Failure } from '../contracts/failures';
import { isOwned, ownershipTags, TAG, type Ownership } from '../contracts/names';
import type { SlotVolume, VolumeCopied, VolumeCopy, VolumeMove, VolumeMoved } from '../contracts/volumes';
import { copyStep } from '../policy/volume-copies';
import { nextStep, type VolumeStep } from '../policy/volumes';
import { beating } from './beating';
import { notReady } from './failure';
import { assertTarget, type Target } from './target';

interface Where {
  target: Target;
  region: string;
  /** Between two looks, in milliseconds. */
  pollMs: number;
}

export interface SlotVolumesInput extends Where {
  experimentId: string;
  nodes: { instanceId: string; devices: string[] }[];
}

export interface MoveInput extends Where {
  experimentId: string;
  moves: VolumeMove[];
}

export interface CopyInput extends Where {
  ownership: Ownership;
  copies: VolumeCopy[];
}

/** What was made so far, by copy id; it travels along so that nothing is made twice. */
interface Made {
  snapshots: Record<string, SnapshotView>;
  volumes: Record<string, VolumeCopied>;
}

/** EC2 shows attachments of running machines within seconds; a node that ended meanwhile never shows its own again. */
const LOOKS_FOR_ATTACHED = 10;

export function createVolumeActivities({ cloud }: { cloud: Cloud }) {
  return {
    /** The volumes on these devices by instance. What is not there after ten looks is left out. */
    async slotVolumes(input: SlotVolumesInput): Promise<Record<string, SlotVolume[]>> {
      await assertTarget(cloud, input.target);
      const { cancellationSignal: signal, info } = Context.current();
      const ids = input.nodes.map((node) => node.instanceId);
      const views = await cloud.volumes(input.region).ofInstances(ids, { signal });
      const found = input.nodes.map(({ instanceId, devices }): [string, SlotVolume[]] => [
        instanceId,
        devices.flatMap((device) => volumeOn(views, instanceId, device, input.experimentId)),
      ]);
      const isWhole = input.nodes.every(({ devices }, index) => found[index]?.[1].length === devices.length);
      if (isWhole || info.attempt >= LOOKS_FOR_ATTACHED) return Object.fromEntries(found);
      throw notReady('not every data volume is shown as attached yet', input.pollMs);
    },

    /**
     * Brings each volume to its new node: ends the machine that holds it once the new one runs, then attaches. Answers
     * when every move has ended, at the latest when their time is up; until then throws `NotReady`.
     */
    async moveVolumes(input: MoveInput): Promise<VolumeMoved[]> {
      await assertTarget(cloud, input.target);
      const moved = await beating(() => moveOn(cloud, input));
      const ended = moved.flatMap(({ volumeId, step }) => (isEnd(step) ? [{ volumeId, end: step }] : []));
      if (ended.length === moved.length) return ended;
      throw notReady(
        `${String(ended.length)} of ${String(moved.length)} volumes have come along; ${waiting(moved)}`,
        input.pollMs,
      );
    },

    /** Makes a volume for each copy, through a snapshot where it has a source; until all are made throws `NotReady`. */
    async copyVolumes(input: CopyInput): Promise<VolumeCopied[]> {
      await assertTarget(cloud, input.target);
      const context = Context.current();
      const before = (context.info.heartbeatDetails as Made | undefined) ?? { snapshots: {}, volumes: {} };
      const made: Made = { snapshots: { ...before.snapshots }, volumes: { ...before.volumes } };
      await beating(
        () => copyOn(cloud.volumes(input.region), input, made),
        () => made,
      );
      context.heartbeat(made);
      const done = input.copies.flatMap(({ copyId }) => made.volumes[copyId] ?? []);
      if (done.length === input.copies.length) return done;
      throw notReady(`${String(done.length)} of ${String(input.copies.length)} volumes are copied`, input.pollMs);
    },
  };
}

export type VolumeActivities = ReturnType<typeof createVolumeActivities>;

function volumeOn(views: VolumeView[], instanceId: string, device: string, experimentId: string): SlotVolume[] {
  const view = views.find(({ attachment }) => attachment?.instanceId === instanceId && attachment.device === device);
  if (view === undefined || !isOwned(view.tags, experimentId)) return [];
  return [{ volumeId: view.volumeId, device, zone: view.zone, origin: 'new' }];
}

interface Moving {
  volumeId: string;
  step: VolumeStep;
}

function isEnd(step: VolumeStep): step is VolumeMoved['end'] {
  return step !== 'release' && step !== 'attach' && step !== 'wait';
}

function waiting(moved: Moving[]): string {
  return moved
    .flatMap(({ volumeId, step }) => (isEnd(step) ? [] : [`${volumeId}: ${step}`]))
    .join(', ')
    .slice(0, 400);
}

/** One look at everything on its way, and what it allows. */
async function moveOn(cloud: Cloud, { region, experimentId, moves }: MoveInput): Promise<Moving[]> {
  const [compute, volumes] = [cloud.compute(region), cloud.volumes(region)];
  const machines = [...new Set(moves.flatMap(({ from, to }) => (from === undefined ? [to] : [from, to])))];
  const [disks, instances] = await Promise.all([
    volumes.describe(moves.map((move) => move.volumeId)),
    compute.instances(machines),
  ]);
  const disk = new Map(disks.map((view) => [view.volumeId, view]));
  const machine = new Map(instances.map((view) => [view.instanceId, view]));
  const nowMs = Date.now();
  const steps = moves.map((move) => {
    const seen = { from: machine.get(move.from ?? ''), to: machine.get(move.to) };
    return { move, seen, volumeId: move.volumeId, step: nextStep(move, disk.get(move.volumeId), seen, nowMs) };
  });
  const holders = new Set<string>();
  for (const { move, seen, step } of steps) {
    if (step !== 'attach' && step !== 'release') continue;
    assertOwned([disk.get(move.volumeId), step === 'attach' ? seen.to : seen.from], experimentId);
    if (step === 'release' && move.from !== undefined) holders.add(move.from);
  }
  if (holders.size > 0) await compute.terminate([...holders]);
  for (const { move, step } of steps) {
    if (step === 'attach') await volumes.attach({ ...move, instanceId: move.to });
  }
  return steps;
}

/** Nothing without both ownership tags is ever changed. */
function assertOwned(views: (VolumeView | InstanceView | undefined)[], experimentId: string): void {
  for (const view of views) {
    if (view === undefined || isOwned(view.tags, experimentId)) continue;
    const id = 'volumeId' in view ? view.volumeId : view.instanceId;
    throw new Failure('NotOurs', `${id} does not carry the tags of ${experimentId}`, { id });
  }
}

/** One look at the snapshots under way, and what it allows; writes what is made into `made` as soon as it is. */
async function copyOn(volumes: VolumesPort, { ownership, copies }: CopyInput, made: Made): Promise<void> {
  const open = copies.filter(({ copyId }) => made.volumes[copyId] === undefined);
  const seen = await snapshotsOf(volumes, open, made);
  for (const copy of open) {
    const { copyId, component, slot, source } = copy;
    const tags = ownershipTags(ownership, { [TAG.component]: component, [TAG.slot]: slot, [TAG.launchId]: copyId });
    const step = copyStep(copy, seen.get(copyId), Date.now());
    if (step === 'wait') continue;
    if (step === 'snapshot' && (await isThere(volumes, source, ownership.experimentId))) {
      const snapshotId = await volumes.snapshot({ volumeId: source ?? '', tags });
      made.snapshots[copyId] = { snapshotId, state: 'pending', startedAt: new Date().toISOString(), tags };
    } else {
      const snapshotId = step === 'restored' ? seen.get(copyId)?.snapshotId : undefined;
      const volumeId = await make(volumes, copy, tags, snapshotId);
      made.volumes[copyId] = { copyId, volumeId, origin: snapshotId === undefined ? 'new' : 'restored' };
    }
  }
}

async function isThere(volumes: VolumesPort, source: string | undefined, experimentId: string): Promise<boolean> {
  const found = await volumes.describe(source === undefined ? [] : [source]);
  assertOwned(found, experimentId);
  return found.length > 0;
}

/** An earlier try, or the run before a reset, may have made some. What was made and is not shown yet is pending. */
async function snapshotsOf(volumes: VolumesPort, copies: VolumeCopy[], made: Made): Promise<Map<string, SnapshotView>> {
  const ids = copies.flatMap(({ copyId, source }) => (source === undefined ? [] : [copyId]));
  const shown = ids.length === 0 ? [] : await volumes.snapshots(ids);
  const named = shown.map((view): [string, SnapshotView] => [view.tags[TAG.launchId] ?? '', view]);
  return new Map([...Object.entries(made.snapshots), ...named]);
}

async function make(
  volumes: VolumesPort,
  { copyId, zone, sizeGiB, type, iops, throughputMBps }: VolumeCopy,
  tags: Record<string, string>,
  snapshotId: string | undefined,
): Promise<string> {
  const request = {
    zone,
    sizeGiB,
    type,
    tags,
    ...(iops === undefined ? {} : { iops }),
    ...(throughputMBps === undefined ? {} : { throughputMBps }),
    ...(snapshotId === undefined ? {} : { snapshotId }),
  };
  // 64 hexadecimal characters, the longest token EC2 takes: a retry repeats it, any change of the request makes another.
  const clientToken = createHash('sha256')
    .update(JSON.stringify([copyId, request]))
    .digest('hex');
  return volumes.create({ ...request, clientToken });
}
