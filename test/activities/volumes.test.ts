/** Do volumes come along once and only ours, whatever is repeated, and is what is made in their place made once? */
import { randomUUID } from 'node:crypto';
import { ApplicationFailure } from '@temporalio/common';
import type { Cloud, VolumeView } from '../../src/aws/ports';
import type { VolumeCopy, VolumeMove } from '../../src/contracts/volumes';
import { attempts, startBench, type Bench } from '../support/activity-bench';
import { eventually } from '../support/lab';

const REGION = 'us-west-2';
const IMAGE = '/aws/service/canonical/ubuntu/server/24.04/stable/current/{arch}/hvm/ebs-gp3/ami-id';
const OWNERSHIP = {
  experimentId: 'exp-1',
  installation: 'test',
  project: 'p',
  owner: 'ada',
  expiresAt: '2030-01-01T00:00:00Z',
  extra: {},
};

let bench: Bench;

beforeAll(async () => {
  bench = await startBench();
});

afterAll(() => bench.close());
beforeEach(() => bench.reset());
afterEach(() => bench.faults([]));

interface Pair {
  from: string;
  to: string;
  disk: VolumeView;
  zone: string;
}

/** Two running machines of one zone, the first with a data volume that outlives it. */
async function pair(experimentId = 'exp-1', cloud: Cloud = bench.cloud): Promise<Pair> {
  const tags = { ExperimentID: experimentId, ManagedBy: 'holdfast' };
  const compute = cloud.compute(REGION);
  const [subnet] = await compute.subnets(undefined);
  const imageId = (await compute.image({ ssmParameter: IMAGE }, 'x86_64')) ?? '';
  if (subnet === undefined) throw new Error('no subnet');
  const launch = async (volumes: Parameters<typeof compute.ensureTemplate>[0]['volumes']): Promise<string> => {
    const templateName = `template-${randomUUID()}`;
    await compute.ensureTemplate({ name: templateName, securityGroupIds: [], volumes, tags });
    const { nodes } = await compute.fleet({
      templateName,
      market: 'spot',
      allocation: 'price-capacity-optimized',
      pools: [{ zone: subnet.zone, subnetId: subnet.subnetId, instanceType: 't3.micro', imageId }],
      count: 1,
      clientToken: randomUUID(),
      tags: { ...tags, LaunchID: randomUUID() },
    });
    return nodes[0]?.instanceId ?? '';
  };
  const from = await launch([{ device: '/dev/sdf', sizeGiB: 50, type: 'gp3', keep: true }]);
  const to = await launch([]);
  await eventually(async () => {
    const views = await compute.instances([from, to]);
    return views.every((view) => view.state === 'running') ? true : undefined;
  });
  const disk = (await cloud.volumes(REGION).ofInstances([from])).find((view) => view.attachment?.device === '/dev/sdf');
  if (disk === undefined) throw new Error('no data volume');
  return { from, to, disk, zone: subnet.zone };
}

function where() {
  return { target: bench.target, region: REGION, pollMs: 20 };
}

function moveOf({ from, to, disk, zone }: Pair, over: Partial<VolumeMove> = {}): VolumeMove {
  const { volumeId } = disk;
  const until = Date.now() + 20_000;
  return { volumeId, device: '/dev/sdf', slot: 'bookkeeper-0', from, to, toZone: zone, until, ...over };
}

function copyOf(source: string | undefined, over: Partial<VolumeCopy> = {}): VolumeCopy {
  return {
    slot: 'bookkeeper-0',
    component: 'bookkeeper',
    device: '/dev/sdf',
    zone: 'us-west-2b',
    sizeGiB: 50,
    type: 'gp3',
    copyId: 'run-1/bookkeeper-0/2//dev/sdf',
    withinMs: 20_000,
    ...(source === undefined ? {} : { source }),
    ...over,
  };
}

async function alive(type: string): Promise<string[]> {
  const { resources } = await bench.ledger();
  return resources.filter((one) => one.type === type && one.endedAt === undefined).map(({ id }) => id);
}

describe('the volumes of slots', () => {
  it('are found by their devices, and only those that carry the tags', async () => {
    const { from, disk, zone } = await pair();
    const nodes = [{ instanceId: from, devices: ['/dev/sdf'] }];

    const found = await bench.run('slotVolumes', { ...where(), experimentId: 'exp-1', nodes });
    const foreign = await bench.run('slotVolumes', { ...where(), experimentId: 'exp-2', nodes }, { attempt: 10 });

    expect(found).toEqual({ [from]: [{ volumeId: disk.volumeId, device: '/dev/sdf', zone, origin: 'new' }] });
    expect(foreign).toEqual({ [from]: [] });
  });

  it('are looked for again while they are not shown, ten times', async () => {
    const input = { ...where(), experimentId: 'exp-1', nodes: [{ instanceId: 'i-1', devices: ['/dev/sdf'] }] };

    await expect(bench.run('slotVolumes', input, { attempt: 9 })).rejects.toMatchObject({ type: 'NotReady' });
    expect(await bench.run('slotVolumes', input, { attempt: 10 })).toEqual({ 'i-1': [] });
  });
});

describe('a move', () => {
  it('ends the old machine once, waits for its volume, and attaches that to the new one', async () => {
    const both = await pair();
    const input = { ...where(), experimentId: 'exp-1', moves: [moveOf(both)] };

    const { value, waits } = await attempts(bench, 'moveVolumes', input);

    expect(value).toEqual([{ volumeId: both.disk.volumeId, end: 'attached' }]);
    expect(waits[0]?.message).toContain(`${both.disk.volumeId}: release`);
    const [disk] = await bench.cloud.volumes(REGION).describe([both.disk.volumeId]);
    expect(disk?.attachment).toEqual({ instanceId: both.to, device: '/dev/sdf', state: 'attached' });
    expect(await alive('instance')).toEqual([both.to]);
    const { calls } = (await bench.ledger()).summary;
    expect([calls['TerminateInstances'], calls['AttachVolume']]).toEqual([1, 1]);
  });

  it('that lost the reply to its attachment finds it made', async () => {
    const both = await pair();
    await bench.cloud.compute(REGION).terminate([both.from]);
    await bench.faults([{ operation: 'AttachVolume', nth: 1, effect: { loseReply: true } }]);
    const input = { ...where(), experimentId: 'exp-1', moves: [moveOf(both)] };

    await eventually(async () => {
      const failure: unknown = await attempts(bench, 'moveVolumes', input).catch((error: unknown) => error);
      return failure instanceof ApplicationFailure && failure.type === 'ServiceUnavailable' ? true : undefined;
    });
    const { value } = await attempts(bench, 'moveVolumes', input);

    expect(value).toMatchObject([{ end: 'attached' }]);
    expect((await bench.ledger()).summary.calls['AttachVolume']).toBe(1);
  });

  it.each(['a volume', 'a machine'])('of %s that is not ours changes nothing', async (what) => {
    const both = await pair('exp-2');
    const tags = { ExperimentID: 'exp-1', ManagedBy: 'holdfast' };
    await bench.cloud.compute(REGION).tag([what === 'a volume' ? both.from : both.disk.volumeId, both.to], tags);
    const input = { ...where(), experimentId: 'exp-1', moves: [moveOf(both)] };

    await expect(bench.run('moveVolumes', input)).rejects.toMatchObject({ type: 'NotOurs', nonRetryable: true });

    expect((await alive('instance')).sort()).toEqual([both.from, both.to].sort());
  });

  it('to another zone ends when the volume is free, and is late when it never gets free', async () => {
    const both = await pair();
    const away = moveOf(both, { toZone: 'us-west-2d' });
    const input = { ...where(), experimentId: 'exp-1', moves: [{ ...away, until: 0 }] };

    expect(await bench.run('moveVolumes', input)).toEqual([{ volumeId: both.disk.volumeId, end: 'late' }]);
    const { value } = await attempts(bench, 'moveVolumes', { ...input, moves: [away] });

    expect(value).toEqual([{ volumeId: both.disk.volumeId, end: 'free' }]);
    expect((await bench.ledger()).summary.calls['AttachVolume']).toBeUndefined();
  });
});

describe('a copy', () => {
  it('is made from a snapshot in the zone that it is for, with the tags of its slot', async () => {
    const { disk } = await pair();
    const input = { ...where(), ownership: OWNERSHIP, copies: [copyOf(disk.volumeId)] };

    const { value } = await attempts(bench, 'copyVolumes', input);

    expect(value).toMatchObject([{ origin: 'restored' }]);
    const [made] = await bench.cloud.volumes(REGION).describe([value[0]?.volumeId ?? '']);
    const tags = { ExperimentID: 'exp-1', ManagedBy: 'holdfast', Component: 'bookkeeper', Slot: 'bookkeeper-0' };
    expect(made).toMatchObject({ zone: 'us-west-2b', tags });
    const snapshots = await bench.cloud.volumes(REGION).snapshots([copyOf(undefined).copyId]);
    expect(snapshots).toMatchObject([{ state: 'completed', tags }]);
  });

  it.each(['CreateSnapshot', 'CreateVolume'])('is made once although the reply of %s was lost', async (operation) => {
    const { disk } = await pair();
    const before = (await alive('volume')).length;
    await bench.faults([{ operation, nth: 1, effect: { loseReply: true } }]);
    const input = { ...where(), ownership: OWNERSHIP, copies: [copyOf(disk.volumeId)] };

    const again = await eventually(async () => {
      const failure: unknown = await attempts(bench, 'copyVolumes', input).catch((error: unknown) => error);
      return failure instanceof ApplicationFailure ? failure : undefined;
    });
    // As the server makes it after a failure: a later attempt, with the beats that were kept, which may be none.
    const made = await eventually(async () => {
      const info = { attempt: 2 };
      return bench.run('copyVolumes', input, info).catch(() => undefined);
    });

    expect(again.type).toBe('ServiceUnavailable');
    expect(made).toMatchObject([{ origin: 'restored' }]);
    expect(await alive('snapshot')).toHaveLength(1);
    expect(await alive('volume')).toHaveLength(before + 1);
  });

  it('without a source, or of one that is gone, is an empty volume', async () => {
    const copies = [copyOf(undefined, { copyId: 'run-1/a' }), copyOf('vol-0123456789abcdef0', { copyId: 'run-1/b' })];

    const value = await bench.run('copyVolumes', { ...where(), ownership: OWNERSHIP, copies });

    expect(value.map(({ copyId, origin }) => [copyId, origin])).toEqual([
      ['run-1/a', 'new'],
      ['run-1/b', 'new'],
    ]);
    expect(new Set(value.map(({ volumeId }) => volumeId)).size).toBe(2);
  });

  it('of a volume that is not ours is refused', async () => {
    const { disk } = await pair('exp-2');
    const input = { ...where(), ownership: OWNERSHIP, copies: [copyOf(disk.volumeId)] };

    await expect(bench.run('copyVolumes', input)).rejects.toMatchObject({ type: 'NotOurs' });
    expect(await alive('snapshot')).toEqual([]);
  });
});
