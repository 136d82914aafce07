/** Does cleanup find, delete and prove on a real Temporal server? The cloud is in memory, so every call is known. */
import { readFile } from 'node:fs/promises';
import Ajv2020 from 'ajv/dist/2020';
import type { Certificate } from '../../src/contracts/inventory';
import type { CleanupStatus } from '../../src/contracts/messages';
import { until } from '../contract/backend';
import { causeOf, detailsOf, SETTLE, smallCluster as cluster, useCleanupBench } from '../support/cleanup-bench';
import { memoryResource } from '../support/memory-inventory';
import published from '../../examples/certificate.schema.json';

const withWorker = useCleanupBench();

describe('cleanup', () => {
  it('deletes everything in the right order, and certifies it after a second look', async () => {
    await withWorker(cluster(), {}, async ({ run, calls }) => {
      const result = await run();

      expect(result).toMatchObject({ experimentId: 'exp-1', verdict: 'clean', resources: 10, left: [] });
      expect(result.failed).toBeUndefined();
      expect(calls.mutations).toBe(9);
      const order = calls.remove.flat();
      expect(order.indexOf('vpc-1')).toBe(order.length - 1);
      expect(order.indexOf('vol-1')).toBeGreaterThan(order.indexOf('i-1'));
      expect(order.filter((id, index) => order.indexOf(id) !== index)).toEqual([]);
      expect(calls.discover.slice(-2).sort()).toEqual(['eu-west-1 index', 'us-west-2 index']);
      const certificate = JSON.parse(await readFile(result.document, 'utf8')) as Certificate;
      expect(certificate.resources.map((one) => one.evidence)).toEqual(
        Array.from({ length: 10 }, () => expect.stringMatching(/deleted|not found/) as string),
      );
      const validate = new Ajv2020({ strict: false, formats: { 'date-time': true } }).compile(published);
      expect([validate(certificate), validate.errors]).toEqual([true, null]);
      expect(certificate.cells.map(({ region, subject }) => `${region} ${subject}`)).toContain('eu-west-1 volume');
      const { first, second } = certificate.passes ?? { first: '', second: '' };
      expect(Date.parse(second) - Date.parse(first)).toBeGreaterThanOrEqual(200);
      const [before, after] = [certificate.startedAt, certificate.finishedAt].map((at) => Date.parse(at));
      expect((after ?? 0) - (before ?? 0)).toBeGreaterThanOrEqual(900);
    });
  });

  it('proves that nothing was ever there with two looks at every region', async () => {
    await withWorker([], {}, async ({ run, calls }) => {
      await expect(run()).resolves.toMatchObject({ verdict: 'clean', resources: 0 });

      expect([...calls.discover].sort()).toEqual([
        'eu-west-1 full',
        'eu-west-1 index',
        'us-west-2 full',
        'us-west-2 index',
      ]);
    });
  });

  it('touches nothing that lacks either tag or belongs to a namesake', async () => {
    const others = [
      memoryResource({ type: 'volume', id: 'vol-a', tags: { ExperimentID: 'exp-1' } }),
      memoryResource({ type: 'volume', id: 'vol-b', tags: { ManagedBy: 'holdfast' } }),
      memoryResource({ type: 'volume', id: 'vol-c', tags: { ExperimentID: 'exp-10', ManagedBy: 'holdfast' } }),
    ];
    await withWorker([...others, memoryResource({ type: 'volume', id: 'vol-1' })], {}, async ({ run, calls }) => {
      await expect(run()).resolves.toMatchObject({ verdict: 'clean', resources: 1 });

      expect(calls.remove).toEqual([['vol-1']]);
    });
  });

  it('deletes nothing for a plan, and says what is there', async () => {
    await withWorker(cluster(), {}, async ({ plan, calls }) => {
      const made = await plan();

      expect(made).toMatchObject({ experimentId: 'exp-1', resources: 10, kept: [], unreadable: [] });
      expect(made.rows.find((row) => row.type === 'instance')).toMatchObject({ region: 'us-west-2', count: 2 });
      expect(calls).toMatchObject({ remove: [], mutations: 0 });
      expect((await plan()).digest).toBe(made.digest);
    });
  });

  it('keeps what is protected and what hangs on it, deletes the rest, and names both', async () => {
    const kept = memoryResource({ type: 'instance', id: 'i-9', protectedBy: 'disableApiTermination' });
    const disk = memoryResource({ type: 'volume', id: 'vol-9', neededBy: ['i-9'] });
    await withWorker([...cluster(), kept, disk], {}, async ({ run, calls }) => {
      const result = await run();

      expect(result).toMatchObject({ verdict: 'protected', resources: 12 });
      expect(result.failed).toContain('us-west-2 instance i-9: protected: disableApiTermination');
      expect(result.left).toHaveLength(2);
      expect(calls.remove.flat().sort()).not.toContain('i-9');
      expect(calls.mutations).toBe(9);
    });
  });

  it('is blocked by what others hold, without touching or waiting', async () => {
    const holders = [{ type: 'network-interface', id: 'eni-x', tags: { Owner: 'eve' } }];
    const group = memoryResource({ type: 'security-group', id: 'sg-1', holders });
    await withWorker([group], {}, async ({ run, calls }) => {
      const startedAt = Date.now();
      const result = await run({ limitSeconds: 600 });

      expect(result).toMatchObject({
        verdict: 'blocked',
        left: [expect.stringContaining('held by network-interface eni-x (Owner=eve)')],
      });
      expect(calls.mutations).toBe(0);
      expect(Date.now() - startedAt).toBeLessThan(10_000);
    });
  });

  it('never counts a region or kind that it could not read as empty', async () => {
    await withWorker([], { unreadable: ['eu-west-1', 'us-west-2/volume'] }, async ({ run }) => {
      const result = await run();

      expect(result.verdict).toBe('unproven');
      expect(result.left).toContainEqual('us-west-2 volume: could not be read: UnauthorizedOperation');
      expect(result.left.filter((line) => line.startsWith('eu-west-1'))).not.toEqual([]);
    });
    await withWorker([], { unreadable: ['*'] }, async ({ run }) => {
      await expect(run()).resolves.toMatchObject({ verdict: 'unproven' });
    });
  });

  it('is unproven when a deletion is not permitted, and does all the others', async () => {
    await withWorker(cluster(), { denied: ['launch-template'] }, async ({ run, calls }) => {
      const result = await run();

      expect(result).toMatchObject({
        verdict: 'unproven',
        left: [expect.stringContaining('launch-template lt-1: denied')],
      });
      expect(calls.mutations).toBe(8);
    });
  });

  it('deletes each resource once though the reply to every first deletion is lost', async () => {
    await withWorker(cluster(), { lostReplies: 1 }, async ({ run, calls }) => {
      await expect(run({ limitSeconds: 60 })).resolves.toMatchObject({ verdict: 'clean' });

      expect(calls.mutations).toBe(9);
    });
  });

  it('gives its verdict at its limit with what is still on its way out', async () => {
    await withWorker([memoryResource({ type: 'instance', id: 'i-1', endsAfterMs: 600_000 })], {}, async ({ run }) => {
      const result = await run({ limitSeconds: '1500ms' });

      expect(result).toMatchObject({
        verdict: 'blocked',
        left: ['us-west-2 instance i-1: still on its way out (ending)'],
      });
    });
  });

  it('stops when it is cancelled, and says what it saw', async () => {
    await withWorker([memoryResource({ type: 'instance', id: 'i-1', endsAfterMs: 600_000 })], {}, async ({ start }) => {
      const handle = await start({ experimentId: 'exp-1', settleSeconds: SETTLE });
      await until('it waits for the instance', async () => {
        const status: CleanupStatus = await handle.query('status');
        return status.ending === 1 ? status : undefined;
      });
      await handle.cancel();

      const result = detailsOf(await handle.result().catch((error: unknown) => error));
      expect(result.failed).toMatch(/^stopped on request; blocked: 1 left of exp-1/);
      const certificate = JSON.parse(await readFile(result.document, 'utf8')) as Certificate;
      expect(certificate).toMatchObject({ verdict: 'blocked' });
    });
  });

  it.each([[undefined], [{}], ['garbage'], [[1, 2]], [{ experimentId: 'exp-*' }]])(
    'fails in seconds on the input %j',
    async (input) => {
      await withWorker([], {}, async ({ start, calls }) => {
        const handle = await start(input);

        const failure = causeOf(await handle.result().catch((error: unknown) => error));
        expect(failure).toMatchObject({ type: 'InvalidInput', nonRetryable: true });
        expect(failure.message).not.toContain('\n');
        expect(calls.discover).toEqual([]);
      });
    },
  );
});
