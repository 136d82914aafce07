/** Is a snapshot of a volume as it was, usable once it is complete, and independent of what is made from it? */
import { clockwork, type Clockwork } from './clockwork';

let sim: Clockwork;
afterEach(() => sim.stop());

const TAGS = [{ ResourceType: 'snapshot', Tags: [{ Key: 'Slot', Value: 'bookkeeper-0' }] }];

interface Snapshot {
  SnapshotId: string;
  State: string;
  Progress: string;
  VolumeSize: number;
}

const refused = (operation: string, input: Record<string, unknown>): Promise<string> => sim.refused(operation, input);

async function taken(): Promise<string> {
  sim = clockwork({ delays: { snapshotReady: [100_000, 100_000], volumeReady: [0, 0], visibilityLag: [0, 0] } });
  const { VolumeId } = await sim.call('CreateVolume', { AvailabilityZone: 'us-west-2a', Size: 50 });
  const { SnapshotId } = await sim.call('CreateSnapshot', { VolumeId, TagSpecifications: TAGS });
  return String(SnapshotId);
}

async function shown(input: Record<string, unknown>): Promise<Snapshot[]> {
  return (await sim.call('DescribeSnapshots', input))['Snapshots'] as Snapshot[];
}

describe('a snapshot', () => {
  it('makes progress, and a volume of any zone once it is complete', async () => {
    const id = await taken();
    const copy = { AvailabilityZone: 'us-west-2b', SnapshotId: id };
    sim.pass(50);
    expect(await shown({ SnapshotIds: [id] })).toMatchObject([{ State: 'pending', Progress: '50%', VolumeSize: 50 }]);
    expect(await refused('CreateVolume', copy)).toBe('IncorrectState');
    sim.pass(50);
    expect(await shown({ SnapshotIds: [id] })).toMatchObject([{ State: 'completed', Progress: '100%' }]);
    expect(await refused('CreateVolume', { ...copy, Size: 49 })).toBe('InvalidParameterValue');
    expect(await sim.call('CreateVolume', copy)).toMatchObject({
      AvailabilityZone: 'us-west-2b',
      Size: 50,
      SnapshotId: id,
    });
  });

  it('is found by tag among the own ones, and is gone when deleted, complete or not', async () => {
    const id = await taken();
    const Filters = [{ Name: 'tag:Slot', Values: ['bookkeeper-0'] }];
    expect((await shown({ OwnerIds: ['self'], Filters })).map(({ SnapshotId }) => SnapshotId)).toEqual([id]);
    expect(await shown({ OwnerIds: ['111111111111'], Filters })).toEqual([]);
    expect(sim.ledger().summary.aliveByType).toMatchObject({ snapshot: 1 });
    await sim.call('DeleteSnapshot', { SnapshotId: id });
    expect(await shown({ Filters })).toEqual([]);
    for (const operation of ['DescribeSnapshots', 'DeleteSnapshot']) {
      const which = operation === 'DeleteSnapshot' ? { SnapshotId: id } : { SnapshotIds: [id] };
      expect(await refused(operation, which)).toBe('InvalidSnapshot.NotFound');
    }
    expect(sim.ledger().summary.aliveByType['snapshot']).toBeUndefined();
  });

  it('of a volume that is not there, or a volume of a snapshot that is not, is refused', async () => {
    await taken();
    expect(await refused('CreateSnapshot', { VolumeId: 'vol-0123456789abcdef0' })).toBe('InvalidVolume.NotFound');
    const copy = { AvailabilityZone: 'us-west-2a', SnapshotId: 'snap-0123456789abcdef0' };
    expect(await refused('CreateVolume', copy)).toBe('InvalidSnapshot.NotFound');
  });
});
