/** Does a cleanup of thousands stay within what a history and a payload may hold, and lose nothing between its runs? */
import { readFile } from 'node:fs/promises';
import type { Certificate } from '../../src/contracts/inventory';
import { useCleanupBench, SETTLE } from '../support/cleanup-bench';
import { memoryResource, type MemoryResource } from '../support/memory-inventory';

const withWorker = useCleanupBench();
const PAYLOAD = 256 * 1024;
const tags = { ExperimentID: 'many', ManagedBy: 'holdfast' };

/** Instances with two disks each, of which one ends with them, by region. */
function crowd(region: string, count: number): MemoryResource[] {
  const id = (prefix: string, index: number): string => `${prefix}-0${index.toString(16).padStart(16, '0')}`;
  return Array.from({ length: count }, (_, index) => {
    const machine = id('i', index);
    const common = { region, tags };
    return [
      memoryResource({ ...common, type: 'instance', id: machine, endsAfterMs: 500 }),
      memoryResource({ ...common, type: 'volume', id: id('vol', index), neededBy: [machine] }),
      memoryResource({ ...common, type: 'network-interface', id: id('eni', index), tags: {}, diesWith: machine }),
    ];
  }).flat();
}

describe('a large cleanup', () => {
  it('goes on in new runs, forgets none of the ids, and keeps every payload small', async () => {
    const regions = [1, 2, 3, 4].map((index) => `eu-test-${String(index)}`);
    const world = regions.flatMap((region) => crowd(region, 300));
    await withWorker(world, { regions }, async ({ start, client, calls }) => {
      const handle = await start({ experimentId: 'many', settleSeconds: SETTLE, eventsPerRun: 60 });
      const first = (await handle.describe()).runId;

      const result = (await handle.result()) as { verdict: string; resources: number; document: string };

      expect(result).toMatchObject({ verdict: 'clean', resources: 3600 });
      expect(calls.mutations).toBe(2400);
      const certificate = JSON.parse(await readFile(result.document, 'utf8')) as Certificate;
      expect(new Set(certificate.resources.map((one) => `${one.region}/${one.id}`)).size).toBe(3600);
      const last = await client.workflow.getHandle(handle.workflowId).describe();
      expect(last.runId).not.toBe(first);
      for (const runId of [first, last.runId]) {
        const { events } = await client.workflow.getHandle(handle.workflowId, runId).fetchHistory();
        const sizes = (events ?? []).flatMap((event) => payloadSizes(event));
        expect(Math.max(...sizes)).toBeLessThan(PAYLOAD);
        expect(events?.length).toBeLessThan(1000);
      }
    });
  }, 300_000);
});

/** Bytes of every payload somewhere in an event. */
function payloadSizes(value: unknown): number[] {
  if (value === null || typeof value !== 'object') return [];
  if (value instanceof Uint8Array) return [value.byteLength];
  return Object.values(value).flatMap(payloadSizes);
}
