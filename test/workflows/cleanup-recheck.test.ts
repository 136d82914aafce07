/** Is everything looked at once more after a clean end, without holding that end, and said when something lives again? */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Recheck } from '../../src/contracts/inventory';
import { recheckWorkflowId } from '../../src/contracts/names';
import { until } from '../contract/backend';
import { detailsOf, SETTLE, smallCluster, useCleanupBench, type CleanupBench } from '../support/cleanup-bench';
import { memoryResource } from '../support/memory-inventory';

const withWorker = useCleanupBench();
const quick = { settleSeconds: SETTLE, recheckSeconds: '1s' };

/** Tags of an experiment that no other test cleans up: its recheck has its id. */
function of(experimentId: string) {
  const tags = { ExperimentID: experimentId, ManagedBy: 'holdfast' };
  return { input: { experimentId, ...quick }, tags };
}

async function stateOf({ client }: CleanupBench, experimentId: string): Promise<{ name: string; runId: string }> {
  const { status, runId } = await client.workflow.getHandle(recheckWorkflowId(experimentId)).describe();
  return { name: status.name, runId };
}

describe('the look after a clean end', () => {
  it('comes when it should, finds nothing, deletes nothing, and is kept beside the certificate', async () => {
    const { input, tags } = of(`recheck-${String(process.pid)}-a`);
    await withWorker(smallCluster({ tags }), {}, async (bench) => {
      const clean = await bench.run(input);
      expect(clean.verdict).toBe('clean');
      expect((await stateOf(bench, input.experimentId)).name).toBe('RUNNING');
      const before = bench.calls.mutations;

      const again = await bench.client.workflow.getHandle(recheckWorkflowId(input.experimentId)).result();

      expect(again).toMatchObject({ verdict: 'clean', resources: 10 });
      expect(bench.calls.mutations).toBe(before);
      expect(bench.calls.discover.slice(-2).sort()).toEqual(['eu-west-1 full', 'us-west-2 full']);
      const kept = JSON.parse(await readFile(join(dirname(clean.document), 'recheck.json'), 'utf8')) as Recheck;
      expect(kept).toMatchObject({ verdict: 'clean', certificate: clean.digest, left: [] });
    });
  });

  it('fails with the list when something lives again, and touches it not', async () => {
    const { input, tags } = of(`recheck-${String(process.pid)}-b`);
    const world = smallCluster({ tags });
    await withWorker(world, {}, async (bench) => {
      await bench.run(input);
      world.push(memoryResource({ type: 'instance', id: 'i-again', tags }));

      const handle = bench.client.workflow.getHandle(recheckWorkflowId(input.experimentId));
      const again = detailsOf(await handle.result().catch((error: unknown) => error));

      expect(again).toMatchObject({ verdict: 'blocked', left: ['us-west-2 instance i-again: exists'] });
      expect(again.failed).toMatch(/^after the certificate of .*blocked, 1 left or back/);
      expect(bench.calls.remove.flat()).not.toContain('i-again');
    });
  });

  it('is unproven when something can no longer be read', async () => {
    const { input } = of(`recheck-${String(process.pid)}-c`);
    const options = { unreadable: [] as string[] };
    await withWorker([], options, async (bench) => {
      await bench.run(input);
      options.unreadable.push('eu-west-1');

      const handle = bench.client.workflow.getHandle(recheckWorkflowId(input.experimentId));
      const again = detailsOf(await handle.result().catch((error: unknown) => error));

      expect(again.verdict).toBe('unproven');
    });
  });

  it('follows the newest clean end of an id alone, and no end that is not clean', async () => {
    const { input, tags } = of(`recheck-${String(process.pid)}-d`);
    const world = [memoryResource({ type: 'volume', id: 'vol-1', tags, protectedBy: 'tag DoNotDelete' })];
    await withWorker(world, {}, async (bench) => {
      const later = { ...input, recheckSeconds: '1h' };
      expect(await bench.run(later)).toMatchObject({ verdict: 'protected' });
      await expect(stateOf(bench, input.experimentId)).rejects.toThrow(/not found/);
      delete world[0]!.protectedBy;
      await bench.run(later);
      const first = await stateOf(bench, input.experimentId);
      await bench.run(later);

      const second = await until('the newer one took its place', async () => {
        const now = await stateOf(bench, input.experimentId);
        return now.runId === first.runId ? undefined : now;
      });
      expect(second.name).toBe('RUNNING');
      const handle = bench.client.workflow.getHandle(recheckWorkflowId(input.experimentId), first.runId);
      expect((await handle.describe()).status.name).toBe('TERMINATED');
      await bench.client.workflow.getHandle(recheckWorkflowId(input.experimentId)).terminate('test over');
    });
  });
});
