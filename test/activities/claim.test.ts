/** Is a request done once, also when Temporal remembers nothing of it? */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startBench, type Bench } from '../support/activity-bench';

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.close());

const first = { specDigest: 'a', firstRunId: 'run-1' };

describe('claimRequest', () => {
  it('goes on when nobody was before, and when it is tried again by the same run', async () => {
    expect(await bench.run('claimRequest', { experimentId: 'new', ...first })).toEqual({ verdict: 'first' });
    expect(await bench.run('claimRequest', { experimentId: 'new', ...first })).toEqual({ verdict: 'first' });
  });

  it('answers a later run with the result of the first', async () => {
    const result = { experimentId: 'done', phase: 'Failed', reason: 'Workload', results: '/there' };
    await bench.run('claimRequest', { experimentId: 'done', ...first });
    await mkdir(join(bench.results, 'done'), { recursive: true });
    await writeFile(join(bench.results, 'done', 'experiment.json'), JSON.stringify({ ...result, timeline: [] }));

    const claim = await bench.run('claimRequest', { experimentId: 'done', ...first, firstRunId: 'run-2' });

    expect(claim).toEqual({ verdict: 'repeated', result });
  });

  it('refuses a later run with another spec, and one whose first run left nothing', async () => {
    await bench.run('claimRequest', { experimentId: 'cut', ...first });
    const later = { experimentId: 'cut', firstRunId: 'run-2' };

    expect(await bench.run('claimRequest', { ...later, specDigest: 'b' })).toMatchObject({ verdict: 'other-spec' });
    expect(await bench.run('claimRequest', { ...later, specDigest: 'a' })).toMatchObject({ verdict: 'unfinished' });
  });
});
