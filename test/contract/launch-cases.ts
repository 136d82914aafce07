/** What must hold of launches, and of what they made? */
import { DescribeVolumesCommand } from '@aws-sdk/client-ec2';
import { Failure } from '../../src/contracts/failures';
import type { FleetRequest } from '../../src/aws/ports';
import { until } from './backend';
import type { Bench, Case } from './cases';

/** A request for another type, so that scarcity made for one case is not felt by the next. */
async function fleetOf(bench: Bench, instanceType: string, over: Partial<FleetRequest> = {}): Promise<FleetRequest> {
  const request = await bench.fleet(over);
  return { ...request, pools: request.pools.map((pool) => ({ ...pool, instanceType })) };
}

/** Waits until the launch is readable by tag, as it need not be at once. */
async function visible({ compute }: Bench, launchId: string, count: number): Promise<string[]> {
  const found = await until(`${String(count)} instances of ${launchId}`, async () => {
    const views = await compute.launchedBy(launchId);
    return views.length === count ? views : undefined;
  });
  return found.map((view) => view.instanceId).sort();
}

export const LAUNCH_CASES: Case[] = [
  {
    says: 'a fleet answers the exact count, each node with type, zone and market, all with the tags of the launch',
    minimum: true,
    run: async (bench) => {
      const request = await bench.fleet({ count: 3 });
      const reply = await bench.compute.fleet(request);
      expect(reply.refusals).toEqual([]);
      expect(reply.nodes).toHaveLength(3);
      expect(reply.fleetId).toMatch(/^fleet-/);
      const zones = request.pools.map((pool) => pool.zone);
      for (const node of reply.nodes) {
        expect(node).toMatchObject({ instanceType: 't3.micro', market: 'spot' });
        expect(zones).toContain(node.zone);
      }
      const ids = reply.nodes.map((node) => node.instanceId).sort();
      expect(await visible(bench, request.tags['LaunchID'] ?? '', 3)).toEqual(ids);
      const own = await bench.compute.ofExperiment(bench.experimentId);
      expect(own.map((view) => view.instanceId).sort()).toEqual(ids);
      expect(await bench.compute.ofExperiment('contract')).toEqual([]);
      const views = await bench.compute.instances(ids);
      expect(views.map((view) => view.instanceId).sort()).toEqual(ids);
      for (const view of views) {
        expect(view.tags).toMatchObject(request.tags);
        expect(['pending', 'running']).toContain(view.state);
        expect(Date.parse(view.launchedAt)).toBeGreaterThan(Date.now() - 3_600_000);
      }
    },
  },
  {
    says: 'living nodes of an installation are found whatever their experiment, and those of another are not',
    minimum: true,
    run: async (bench) => {
      const { compute, experimentId, tags } = bench;
      const installation = `of-${experimentId}`;
      const launch = async (own: Record<string, string>): Promise<string[]> => {
        const request = await bench.fleet({ count: 1 });
        const reply = await compute.fleet({ ...request, tags: { ...request.tags, ...own } });
        return reply.nodes.map((node) => node.instanceId);
      };
      const first = await launch({ HoldfastInstallation: installation });
      const second = await launch({ HoldfastInstallation: installation, ExperimentID: `${experimentId}-b` });
      await launch({ HoldfastInstallation: `${installation}-other` });
      const wanted = [...first, ...second].sort();
      await until('both are readable by tag', async () => {
        const found = await compute.ofInstallation(installation);
        return found
          .map((view) => view.instanceId)
          .sort()
          .join() === wanted.join()
          ? true
          : undefined;
      });
      await compute.terminate(first);
      const left = await until('the ended one is left out', async () => {
        const found = await compute.ofInstallation(installation);
        return found.length === 1 ? found : undefined;
      });
      expect(left[0]?.tags).toMatchObject({ ManagedBy: tags['ManagedBy'], ExperimentID: `${experimentId}-b` });
      const all = await compute.ofInstallation(installation, { withEnded: true });
      expect(all.map((view) => view.instanceId).sort()).toEqual(wanted);
    },
  },
  {
    says: 'the troubles of a region are none while all is well',
    run: async (bench) => {
      const { nodes } = await bench.compute.fleet(await bench.fleet({ count: 1 }));
      const ids = nodes.map((node) => node.instanceId);
      await until('it runs', async () => {
        const views = await bench.compute.instances(ids);
        return views[0]?.state === 'running' ? true : undefined;
      });
      expect(await bench.compute.troubles()).toEqual([]);
    },
  },
  {
    says: 'an on-demand fleet answers on-demand nodes',
    minimum: true,
    run: async (bench) => {
      const { nodes } = await bench.compute.fleet(await bench.fleet({ market: 'on-demand', count: 1 }));
      expect(nodes).toHaveLength(1);
      expect(nodes[0]?.market).toBe('on-demand');
      const views = await until('it is readable', async () => {
        const found = await bench.compute.instances(nodes.map((node) => node.instanceId));
        return found.length === 1 ? found : undefined;
      });
      expect(views[0]?.market).toBe('on-demand');
    },
  },
  {
    says: 'a diversified fleet uses every pool',
    run: async (bench) => {
      const request = await bench.fleet({ allocation: 'diversified', count: 2 });
      const { nodes } = await bench.compute.fleet(request);
      expect(new Set(nodes.map((node) => node.zone))).toEqual(new Set(request.pools.map((pool) => pool.zone)));
    },
  },
  {
    says: 'nodes become running with a private address',
    minimum: true,
    run: async (bench) => {
      const { nodes } = await bench.compute.fleet(await bench.fleet());
      const ids = nodes.map((node) => node.instanceId);
      const views = await until('all run', async () => {
        const found = await bench.compute.instances(ids);
        return found.length === ids.length && found.every((view) => view.state === 'running') ? found : undefined;
      });
      for (const view of views) expect(view.privateIp).toMatch(/^\d+(\.\d+){3}$/);
    },
  },
  {
    says: 'ids that EC2 does not know are absent, alone or among others',
    minimum: true,
    run: async (bench) => {
      const unknown = 'i-0123456789abcdef0';
      expect(await bench.compute.instances([unknown])).toEqual([]);
      const { nodes } = await bench.compute.fleet(await bench.fleet({ count: 1 }));
      const id = nodes[0]?.instanceId ?? '';
      const views = await until('it is readable', async () => {
        const found = await bench.compute.instances([unknown, id]);
        return found.length > 0 ? found : undefined;
      });
      expect(views.map((view) => view.instanceId)).toEqual([id]);
      expect(await bench.compute.instances([])).toEqual([]);
    },
  },
  {
    says: 'terminated nodes leave the launch; unknown and ended ones count as ended',
    minimum: true,
    run: async (bench) => {
      const request = await bench.fleet();
      const launchId = request.tags['LaunchID'] ?? '';
      await bench.compute.fleet(request);
      const ids = await visible(bench, launchId, 2);
      await bench.compute.terminate([...ids, 'i-0123456789abcdef0']);
      await until('none is left', async () => {
        const left = await bench.compute.launchedBy(launchId);
        return left.length === 0 ? true : undefined;
      });
      await bench.compute.terminate(ids);
      await bench.compute.terminate(['i-0123456789abcdef0']);
    },
  },
  {
    says: 'tags are added to what is there',
    minimum: true,
    run: async (bench) => {
      const request = await bench.fleet();
      await bench.compute.fleet(request);
      const ids = await visible(bench, request.tags['LaunchID'] ?? '', 2);
      await bench.compute.tag(ids, { Slot: 'broker-0' });
      await until('the tag is readable', async () => {
        const views = await bench.compute.instances(ids);
        return views.every((view) => view.tags['Slot'] === 'broker-0') ? true : undefined;
      });
      const views = await bench.compute.instances(ids);
      expect(views.every((view) => view.tags['ExperimentID'] === bench.experimentId)).toBe(true);
    },
  },
  {
    says: 'a rehearsal of a good request resolves and buys nothing',
    minimum: true,
    run: async (bench) => {
      const request = await bench.fleet();
      await bench.compute.rehearseFleet(request);
      expect(await bench.compute.launchedBy(request.tags['LaunchID'] ?? '')).toEqual([]);
      expect((await bench.compute.fleet(request)).nodes).toHaveLength(2);
    },
  },
  {
    says: 'a launch with an image that does not exist buys nothing and blames the request, by refusals or as a whole',
    needs: ['image-check'],
    run: async (bench) => {
      const request = await bench.fleet();
      const pools = request.pools.map((pool) => ({ ...pool, imageId: 'ami-0123456789abcdef0' }));
      const said: unknown = await bench.compute.fleet({ ...request, pools }).catch((error: unknown) => error);
      if (said instanceof Failure) {
        expect(said).toMatchObject({ type: 'InvalidRequest', details: { code: 'InvalidAMIID.NotFound' } });
      } else {
        const refusal = expect.objectContaining({ code: 'InvalidAMIID.NotFound', class: 'config', scope: 'request' });
        expect(said).toMatchObject({ nodes: [], refusals: [refusal, refusal] });
      }
      expect(await bench.compute.ofExperiment(bench.experimentId)).toEqual([]);
    },
  },
  {
    says: 'a launch from a template that does not exist is NotYetVisible',
    run: async (bench) => {
      const request = await bench.fleet();
      const other = { ...request, templateName: 'holdfast-no-such-template' };
      await expect(bench.compute.fleet(other)).rejects.toMatchObject({ type: 'NotYetVisible' });
    },
  },
  {
    says: 'the same request with the same token answers the same nodes',
    needs: ['fleet-token'],
    run: async (bench) => {
      const request = await bench.fleet();
      const first = await bench.compute.fleet(request);
      const second = await bench.compute.fleet(request);
      expect(second.nodes).toEqual(first.nodes);
      await visible(bench, request.tags['LaunchID'] ?? '', 2);
    },
  },
  {
    says: 'another request with the same token is refused and launches nothing',
    needs: ['fleet-token'],
    run: async (bench) => {
      const request = await bench.fleet();
      await bench.compute.fleet(request);
      await expect(bench.compute.fleet({ ...request, count: 5 })).rejects.toMatchObject({
        details: { code: 'IdempotentParameterMismatch' },
      });
      await visible(bench, request.tags['LaunchID'] ?? '', 2);
    },
  },
  {
    says: 'pools without capacity refuse one by one, the others launch',
    needs: ['fleet-refusals'],
    run: async (bench) => {
      const request = await fleetOf(bench, 't3a.micro', { allocation: 'diversified' });
      const [dry, wet] = request.pools;
      await bench.backend.setCapacity?.({
        region: bench.region,
        zone: dry?.zone ?? '',
        type: 't3a.micro',
        market: 'spot',
        capacity: 0,
      });
      const reply = await bench.compute.fleet(request);
      for (const node of reply.nodes) expect(node.zone).toBe(wet?.zone);
      expect(reply.refusals).toEqual([
        expect.objectContaining({
          class: 'capacity',
          scope: 'pool',
          subnetId: dry?.subnetId,
          pool: { region: bench.region, zone: dry?.zone, instanceType: 't3a.micro', market: 'spot' },
        }),
      ]);
    },
  },
  {
    says: 'a fleet that every pool refuses is a reply without nodes',
    needs: ['fleet-refusals'],
    run: async (bench) => {
      const request = await fleetOf(bench, 't2.micro');
      for (const { zone, instanceType: type } of request.pools) {
        await bench.backend.setCapacity?.({ region: bench.region, zone, type, market: 'spot', capacity: 0 });
      }
      const reply = await bench.compute.fleet(request);
      expect(reply.nodes).toEqual([]);
      expect(reply.refusals.map((refusal) => refusal.pool.zone).sort()).toEqual(
        request.pools.map((pool) => pool.zone).sort(),
      );
    },
  },
  {
    says: 'a vCPU quota refuses the family',
    needs: ['quota'],
    run: async (bench) => {
      const request = await fleetOf(bench, 'g4dn.xlarge', { market: 'on-demand' });
      await bench.backend.setQuota?.({ region: bench.region, group: 'G', market: 'on-demand', vcpus: 0 });
      const reply = await bench.compute.fleet(request);
      expect(reply.nodes).toEqual([]);
      expect(reply.refusals.length).toBeGreaterThan(0);
      for (const refusal of reply.refusals) {
        expect(refusal).toMatchObject({ code: 'VcpuLimitExceeded', class: 'quota', scope: 'family' });
      }
    },
  },
  {
    says: 'nodes of a template with a profile have one',
    needs: ['fleet-profile'],
    run: async (bench) => {
      const { nodes } = await bench.compute.fleet(await bench.fleet());
      const views = await until('they are readable', async () => {
        const found = await bench.compute.instances(nodes.map((node) => node.instanceId));
        return found.length === 2 ? found : undefined;
      });
      expect(views.every((view) => view.hasProfile)).toBe(true);
    },
  },
  {
    says: 'the spot requests of spot nodes are fulfilled; on-demand nodes have none',
    run: async (bench) => {
      const spot = (await bench.compute.fleet(await bench.fleet())).nodes.map((node) => node.instanceId).sort();
      const demanded = await bench.compute.fleet(await bench.fleet({ market: 'on-demand', count: 1 }));
      const all = [...spot, ...demanded.nodes.map((node) => node.instanceId), 'i-0123456789abcdef0'];
      const statuses = await until('both are readable', async () => {
        const read = await bench.compute.spotStatuses(all);
        return read.length === 2 ? read : undefined;
      });
      expect(statuses.map((status) => status.instanceId).sort()).toEqual(spot);
      for (const status of statuses) expect(status.code).toBe('fulfilled');
    },
  },
  {
    says: 'data volumes carry the tags of the launch',
    needs: ['fleet-volumes'],
    run: async (bench) => {
      const request = await bench.fleet();
      await bench.compute.fleet(request);
      const Filters = [{ Name: 'tag:LaunchID', Values: [request.tags['LaunchID'] ?? ''] }];
      await until('root and data volume of both nodes', async () => {
        const { Volumes } = await bench.aws.send(new DescribeVolumesCommand({ Filters, MaxResults: 100 }));
        return Volumes?.length === 4 ? true : undefined;
      });
    },
  },
  {
    says: 'an aborted read rejects with an AbortError',
    minimum: true,
    run: async (bench) => {
      const signal = AbortSignal.abort();
      await expect(bench.compute.instances(['i-0123456789abcdef0'], { signal })).rejects.toMatchObject({
        name: 'AbortError',
      });
    },
  },
];
