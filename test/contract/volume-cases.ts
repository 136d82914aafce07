/** What must hold of volumes that are made, moved and copied? */
import { randomUUID } from 'node:crypto';
import type { VolumeRequest, VolumeView } from '../../src/aws/ports';
import { until } from './backend';
import type { Bench, Case } from './cases';

function request({ tags, subnets }: Bench, over: Partial<VolumeRequest> = {}): VolumeRequest {
  const zone = subnets[0]?.zone ?? '';
  return { zone, sizeGiB: 8, type: 'gp3', clientToken: randomUUID(), tags: { ...tags, Slot: 'bookkeeper-0' }, ...over };
}

/** A running node in the zone of the first subnet. */
async function nodeOf(bench: Bench): Promise<string> {
  const fleet = await bench.fleet({ count: 1 });
  const { nodes } = await bench.compute.fleet({ ...fleet, pools: fleet.pools.slice(0, 1) });
  const instanceId = nodes[0]?.instanceId ?? '';
  await until('it runs', async () => {
    const [view] = await bench.compute.instances([instanceId]);
    return view?.state === 'running' ? true : undefined;
  });
  return instanceId;
}

async function inState(bench: Bench, volumeId: string, state: string): Promise<VolumeView> {
  return until(`${volumeId} is ${state}`, async () => {
    const [view] = await bench.cloud.volumes(bench.region).describe([volumeId]);
    return view?.state === state ? view : undefined;
  });
}

export const VOLUME_CASES: Case[] = [
  {
    says: 'a volume is made with its tags in its zone, and unknown ones are absent',
    minimum: true,
    run: async (bench) => {
      const volumes = bench.cloud.volumes(bench.region);
      const wanted = request(bench);
      const volumeId = await volumes.create(wanted);
      const view = await inState(bench, volumeId, 'available');
      expect(view).toMatchObject({ volumeId, zone: wanted.zone, tags: wanted.tags });
      expect(view.attachment).toBeUndefined();
      expect(await volumes.describe([volumeId, 'vol-0123456789abcdef0'])).toEqual([view]);
      expect(await volumes.describe([])).toEqual([]);
    },
  },
  {
    says: 'a repeated token makes one volume',
    needs: ['volume-token'],
    run: async (bench) => {
      const volumes = bench.cloud.volumes(bench.region);
      const wanted = request(bench);
      expect(await volumes.create(wanted)).toBe(await volumes.create(wanted));
    },
  },
  {
    says: 'a volume is attached to a node, is found by it, and is free again when that has ended',
    minimum: true,
    run: async (bench) => {
      const volumes = bench.cloud.volumes(bench.region);
      const volumeId = await volumes.create(request(bench));
      await inState(bench, volumeId, 'available');
      const instanceId = await nodeOf(bench);
      await volumes.attach({ volumeId, instanceId, device: '/dev/sdg' });
      const view = await until('it is attached', async () => {
        const found = (await volumes.ofInstances([instanceId])).find((one) => one.volumeId === volumeId);
        return found?.attachment?.state === 'attached' ? found : undefined;
      });
      expect(view).toMatchObject({ state: 'in-use', attachment: { instanceId, device: '/dev/sdg' } });
      await bench.compute.terminate([instanceId]);
      const free = await inState(bench, volumeId, 'available');
      expect(free.attachment).toBeUndefined();
    },
  },
  {
    says: 'a volume that is held is InUse to others',
    needs: ['attach-rules'],
    run: async (bench) => {
      const volumes = bench.cloud.volumes(bench.region);
      const volumeId = await volumes.create(request(bench));
      await inState(bench, volumeId, 'available');
      const [first, second] = [await nodeOf(bench), await nodeOf(bench)];
      await volumes.attach({ volumeId, instanceId: first, device: '/dev/sdg' });
      const again = volumes.attach({ volumeId, instanceId: second, device: '/dev/sdg' });
      await expect(again).rejects.toMatchObject({ type: 'InUse' });
    },
  },
  {
    says: 'a volume of another zone is refused as a mistake of the request',
    needs: ['attach-rules'],
    run: async (bench) => {
      const volumes = bench.cloud.volumes(bench.region);
      const volumeId = await volumes.create(request(bench, { zone: bench.subnets[1]?.zone ?? '' }));
      await inState(bench, volumeId, 'available');
      const attached = volumes.attach({ volumeId, instanceId: await nodeOf(bench), device: '/dev/sdg' });
      await expect(attached).rejects.toMatchObject({
        type: 'InvalidRequest',
        details: { code: 'InvalidVolume.ZoneMismatch' },
      });
    },
  },
  {
    says: 'a volume is copied through a snapshot, which is found by its launch and deleted with the experiment',
    minimum: true,
    run: async (bench) => {
      const volumes = bench.cloud.volumes(bench.region);
      const volumeId = await volumes.create(request(bench));
      await inState(bench, volumeId, 'available');
      const LaunchID = `run/${randomUUID()}`;
      const snapshotId = await volumes.snapshot({ volumeId, tags: { ...bench.tags, LaunchID } });
      const complete = await until('it is complete', async () => {
        const [view] = await volumes.snapshots([LaunchID]);
        return view?.state === 'completed' ? view : undefined;
      });
      expect(complete).toMatchObject({ snapshotId, tags: { LaunchID } });
      expect(Date.parse(complete.startedAt)).toBeGreaterThan(Date.now() - 3_600_000);
      expect(await volumes.snapshots([`${LaunchID}-other`])).toEqual([]);
      const zone = bench.subnets[1]?.zone ?? '';
      const copyId = await volumes.create(request(bench, { zone, snapshotId }));
      expect(await inState(bench, copyId, 'available')).toMatchObject({ zone });

      const inventory = bench.cloud.inventory(bench.region);
      const found = await until('the snapshot is found by tag', async () => {
        const { resources } = await inventory.discover(bench.experimentId);
        return resources.find((one) => one.id === snapshotId);
      });
      expect(found).toMatchObject({ type: 'snapshot', state: 'live', seen: 'completed', neededBy: [] });
      expect(await inventory.remove(bench.experimentId, [found])).toMatchObject([{ id: snapshotId, outcome: 'asked' }]);
      await until('it is gone', async () => {
        const [one] = await inventory.describe([{ type: 'snapshot', id: snapshotId }]);
        return one?.state === 'gone' ? true : undefined;
      });
      expect(await inventory.remove(bench.experimentId, [found])).toMatchObject([{ id: snapshotId, outcome: 'gone' }]);
    },
  },
];
