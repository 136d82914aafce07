/** Does a cleanup keep to the plan it is given? Nothing outside of it is deleted, and nothing at all when it changed. */
import { readFile } from 'node:fs/promises';
import type { CleanupPlan } from '../../src/contracts/messages';
import { causeOf, SETTLE, smallCluster, useCleanupBench, type CleanupBench } from '../support/cleanup-bench';
import { memoryResource } from '../support/memory-inventory';

const withWorker = useCleanupBench();

/** Why a cleanup by this plan was refused. */
async function refusal({ start }: CleanupBench, plan: CleanupPlan, over = {}): Promise<string> {
  const input = { experimentId: 'exp-1', settleSeconds: SETTLE, apply: plan.digest, ...over };
  const failure = causeOf(await (await start(input)).result().catch((error: unknown) => error));
  expect(failure.type).toBe('PlanRefused');
  return failure.message;
}

describe('a plan', () => {
  it('is deleted whole by the first digits of its digest, and named in the certificate', async () => {
    await withWorker(smallCluster(), {}, async ({ plan, run, calls }) => {
      const { digest } = await plan();

      const result = await run({ apply: digest.slice(0, 12) });

      expect(result).toMatchObject({ verdict: 'clean', resources: 10 });
      expect(calls.mutations).toBe(9);
      expect(JSON.parse(await readFile(result.document, 'utf8'))).toMatchObject({ plan: digest });
    });
  });

  it('has the same digest whatever order AWS answers in, and another for other ids or tags that decide', async () => {
    const digestOf = async (change: (world: ReturnType<typeof smallCluster>) => void): Promise<string> => {
      const world = smallCluster();
      change(world);
      let digest = '';
      await withWorker(world, {}, async ({ plan }) => {
        digest = (await plan()).digest;
      });
      return digest;
    };
    const same = await digestOf(() => undefined);

    expect(await digestOf((world) => world.reverse())).toBe(same);
    expect(await digestOf((world) => Object.assign(world[0]!.tags, { Name: 'called otherwise' }))).toBe(same);
    expect(await digestOf((world) => world.pop())).not.toBe(same);
    expect(await digestOf((world) => Object.assign(world[0]!.tags, { Owner: 'eve' }))).not.toBe(same);
  });

  it('leaves what came after it, and names it', async () => {
    const world = smallCluster();
    await withWorker(world, {}, async ({ plan, run, calls }) => {
      const { digest } = await plan();
      world.push(memoryResource({ type: 'instance', id: 'i-late' }));
      world.push(memoryResource({ type: 'key-pair', id: 'key-late', region: 'eu-west-1' }));

      const result = await run({ apply: digest });

      expect(result).toMatchObject({ verdict: 'blocked', resources: 12 });
      expect(result.left.toSorted()).toEqual([
        'eu-west-1 key-pair key-late: it came after the plan and is not deleted',
        'us-west-2 instance i-late: it came after the plan and is not deleted',
      ]);
      expect(calls.remove.flat()).not.toContain('i-late');
      expect(calls.mutations).toBe(9);
    });
  });

  it('is no worse for what is gone meanwhile, and can be carried out twice', async () => {
    const world = smallCluster();
    await withWorker(world, {}, async ({ plan, run, calls }) => {
      const { digest } = await plan();
      world[3]!.endsAt = Date.now();

      expect(await run({ apply: digest })).toMatchObject({ verdict: 'clean', resources: 10 });
      expect(await run({ apply: digest })).toMatchObject({ verdict: 'clean', resources: 10 });
      expect(calls.mutations).toBe(8);
    });
  });

  it('is refused as a whole when a tag that decides changed, and says which', async () => {
    const world = smallCluster();
    await withWorker(world, {}, async (bench) => {
      const made = await bench.plan();
      world[0]!.tags = { ...world[0]!.tags, ExpiresAt: '2027-01-01T00:00:00Z' };

      expect(await refusal(bench, made)).toContain(
        'us-west-2 vpc vpc-1: tag ExpiresAt was absent and is 2027-01-01T00:00:00Z',
      );
      expect(bench.calls.mutations).toBe(0);
    });
  });

  it('is refused in another account, for other regions, and when a region was enabled since', async () => {
    let made: CleanupPlan | undefined;
    const applied = async (bench: CleanupBench, over = {}): Promise<string> => {
      const message = await refusal(bench, made!, over);
      expect(bench.calls).toMatchObject({ discover: [], mutations: 0 });
      return message;
    };
    await withWorker(smallCluster(), {}, async ({ plan }) => {
      made = await plan();
    });
    await withWorker(smallCluster(), { account: '999999999999' }, async (bench) => {
      expect(await applied(bench)).toMatch(/^account: the plan is of 123456789012 .*999999999999/);
    });
    await withWorker(smallCluster(), {}, async (bench) => {
      expect(await applied(bench, { regions: ['us-west-2'] })).toMatch(/^regions: .*asked for are us-west-2$/);
    });
    await withWorker(smallCluster(), { regions: ['us-west-2', 'eu-west-1', 'ap-south-1'] }, async (bench) => {
      expect(await applied(bench)).toBe('regions: ap-south-1 was enabled after the plan was made');
    });
  });

  it('that nobody made is a wrong input', async () => {
    await withWorker(smallCluster(), {}, async ({ start, calls }) => {
      const handle = await start({ experimentId: 'exp-1', apply: 'f'.repeat(12) });

      const failure = causeOf(await handle.result().catch((error: unknown) => error));
      expect(failure).toMatchObject({ type: 'InvalidInput', message: expect.stringContaining('no plan ffffffffffff') });
      expect(calls.discover).toEqual([]);
    });
  });
});

describe('a limit', () => {
  it('stops before the first deletion when more would go', async () => {
    await withWorker(smallCluster(), {}, async ({ start, run, calls }) => {
      const handle = await start({ experimentId: 'exp-1', maxResources: 9 });

      const failure = causeOf(await handle.result().catch((error: unknown) => error));
      expect(failure).toMatchObject({
        type: 'PlanRefused',
        message: '10 resources would be deleted, at most 9 are allowed',
      });
      expect(calls.mutations).toBe(0);
      expect(await run({ maxResources: 10 })).toMatchObject({ verdict: 'clean' });
    });
  });
});
