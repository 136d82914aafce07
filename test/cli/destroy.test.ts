/** Which experiments does `destroy` end, whom does it ask, and what does it say of each? */
import { HoldfastError, type ExperimentHandle, type Holdfast } from '../../src/client';
import type { CleanupPlan, CleanupResult } from '../../src/contracts/messages';
import type { ReaperReport, ReaperRow } from '../../src/contracts/reaper';
import { aHandle, runCli, type FakeOptions, type Ran } from './fake-context';
import { aNode, aResult, aStatus } from './fixtures';

function aPlan(experimentId: string, instances = 2): CleanupPlan {
  const cost = { count: instances, kept: 0, usdPerHour: 0.5, unpriced: 0 };
  return {
    ...{ experimentId, digest: `digest-of-${experimentId}`, document: '', account: '1', regions: ['us-west-2'] },
    ...{ resources: instances, usdPerHour: 0.5, kept: [], unreadable: [] },
    rows: [{ region: 'us-west-2', type: 'instance', ...cost }],
  };
}

function found(experimentId: string, more: Partial<ReaperRow> = {}): ReaperRow {
  return {
    ...{ experimentId, installation: 'default', owner: 'ada', regions: ['us-west-2'], resources: 2, unreadable: [] },
    ...{ youngestAt: '2026-01-01T00:00:00.000Z', alone: false, group: 'orphaned', reason: 'nothing runs it' },
    ...more,
  };
}

/** Two run, one is known by its tags alone; what is done to them is noted. */
function world(more: { experiments?: ReaperRow[]; unread?: string[]; handle?: Partial<ExperimentHandle> } = {}) {
  const did: string[] = [];
  const queries: string[] = [];
  const running = ['lab-1', 'lab-2'];
  const note = (line: string): Promise<void> => {
    did.push(line);
    return Promise.resolve();
  };
  const status = aStatus({
    nodes: [aNode('broker-0'), aNode('broker-1')],
    cost: { usdPerHour: 0.25, onDemandUsdPerHour: 1, spentUsd: 1, atExpiryUsd: 3, at: '' },
  });
  const clean: CleanupResult = { ...aResult().certificate, experimentId: 'lab-3' };
  const client: Partial<Holdfast> = {
    get: (id) =>
      aHandle({
        ...{ id, isRunning: () => Promise.resolve(running.includes(id)), status: () => Promise.resolve(status) },
        ...{ note: (text) => note(`note ${id}: ${text}`), stop: () => note(`stop ${id}`) },
        result: () => Promise.resolve(aResult({ experimentId: id, phase: 'Cancelled' })),
        ...more.handle,
      }),
    list: ({ query = '' } = {}) => {
      queries.push(query);
      const startedAt = '2026-01-01T00:00:00.000Z';
      const rows = running.map((id) => ({ id, runId: 'r', state: 'RUNNING', startedAt, owner: 'ada', phase: 'Ready' }));
      return Promise.resolve(query.startsWith('ExecutionStatus') ? rows : []);
    },
    reap: () => {
      const place = { installation: 'default', account: '1', regions: ['us-west-2'], apply: false, at: '' };
      const experiments = more.experiments ?? [found('lab-1'), found('lab-3'), found('lab-4', { owner: 'bob' })];
      return Promise.resolve<ReaperReport>({ ...place, experiments, unread: more.unread ?? [] });
    },
    planCleanup: ({ experimentId }) => Promise.resolve(aPlan(experimentId)),
    cleanup: ({ experimentId, apply = 'everything' }) =>
      note(`cleanup ${experimentId} ${apply}`).then(() => ({ ...clean, experimentId })),
  };
  const run = (args: string[], options: FakeOptions = {}): Promise<Ran> =>
    runCli(['destroy', ...args], { client, ...options });
  return { did, queries, run };
}

const cells = (lines: string[]): string[][] => lines.map((line) => line.split(/ {2,}/));

describe('destroy', () => {
  it('shows what fits and what it costs, and changes nothing in a dry run', async () => {
    const { did, queries, run } = world();

    const { code, out } = await run(['--owner', 'me', '--older-than', '1d', '--dry-run']);

    expect(cells(out)).toEqual([
      ['ID', 'OWNER', 'PHASE', 'NODES', 'REGION', '$/H', 'UNTIL LEASE END', 'AGE', 'ENDED BY'],
      ['lab-1', 'ada', 'Configuring', '2', 'us-west-2', '$0.2500', '$2.00', '13s', 'its workflow'],
      ['lab-2', 'ada', 'Configuring', '2', 'us-west-2', '$0.2500', '$2.00', '13s', 'its workflow'],
      ['lab-3', '-', 'not running', '2', 'us-west-2', '$0.5000', '-', '-', 'its tags'],
      [''],
      ['3 experiments, 6 nodes: $1.00/h, $4.00 until their leases end'],
    ]);
    expect(queries).toEqual([
      "ExecutionStatus = 'Running' AND HoldfastOwner = 'ada' AND StartTime < '2026-01-01T15:04:13.000Z'",
    ]);
    expect({ code, did }).toEqual({ code: 0, did: [] });
  });

  it('stops what runs through its workflow, cleans the rest up by its plan, and gives a receipt for each', async () => {
    const { did, run } = world();

    const { code, out } = await run(['--owner', 'ada', '--yes']);

    expect(did.sort()).toEqual([
      'cleanup lab-3 digest-of-lab-3',
      'note lab-1: destroyed by ada',
      'note lab-2: destroyed by ada',
      'stop lab-1',
      'stop lab-2',
    ]);
    expect(out.filter((line) => line.startsWith('lab')).sort()).toEqual([
      'lab-1  Cancelled  paid $0.0004',
      'lab-2  Cancelled  paid $0.0004',
      'lab-3',
    ]);
    expect(out.filter((line) => line.includes('clean: nothing is left'))).toHaveLength(3);
    expect(code).toBe(0);
  });

  it('ends the named ones, also one that Temporal has forgotten', async () => {
    const { did, run } = world();

    await run(['lab-1', 'lab-9', '--yes']);

    expect(did.filter((line) => !line.startsWith('note')).sort()).toEqual([
      'cleanup lab-9 digest-of-lab-9',
      'stop lab-1',
    ]);
  });

  it('does not touch what another installation shares the id of, and says so', async () => {
    const contested = found('lab-5', { group: 'malformed', reason: 'another installation uses the same id' });

    const { did, run } = world({ experiments: [contested] });

    const { out } = await run(['--owner', 'ada', '--yes']);

    expect(out.join('\n')).not.toContain('lab-5');
    expect(did.filter((line) => line.startsWith('cleanup'))).toEqual([]);
    expect((await run(['--owner', 'ada', '--dry-run'])).out).toContain(
      'left alone lab-5: another installation uses the same id',
    );
  });

  it('leaves out what AWS does not date when an age is asked for, and what is of no known template', async () => {
    const undated = [{ ...found('lab-3'), youngestAt: undefined } as unknown as ReaperRow];

    const byAge = await world({ experiments: undated }).run(['--older-than', '1d', '--dry-run', '-o', 'json']);
    const byTemplate = await world().run(['--template', 'lab', '--dry-run', '-o', 'json']);

    for (const { out } of [byAge, byTemplate]) {
      const { targets } = JSON.parse(out.join('\n')) as { targets: { id: string }[] };
      expect(targets.map(({ id }) => id)).toEqual(['lab-1', 'lab-2']);
    }
  });

  it('asks, and does nothing without a yes', async () => {
    for (const answer of [false, undefined]) {
      const { did, run } = world();
      const { code } = await run(['lab-1'], answer === undefined ? {} : { answer });
      expect({ code, did }).toEqual({ code: 3, did: [] });
    }
    const { did, run } = world();
    expect((await run(['lab-1'], { answer: true })).code).toBe(0);
    expect(did).toContain('stop lab-1');
  });

  it('wants words typed where more than ten nodes would end, and a yes is none', async () => {
    const nodes = Array.from({ length: 11 }, (_, index) => aNode(`broker-${String(index)}`));
    const handle = { status: () => Promise.resolve(aStatus({ nodes })) };

    expect((await world({ handle }).run(['lab-1'], { answer: true })).code).toBe(3);
    expect((await world({ handle }).run(['lab-1'], { answer: 'destroy 1' })).code).toBe(0);
  });

  it('wants them typed where nobody knows how many', async () => {
    const handle = { status: () => Promise.reject(new HoldfastError('no-worker', 'nobody')) };

    expect((await world({ handle }).run(['lab-1'], { answer: true })).code).toBe(3);
  });

  it('exits with the worst of all, and one that fails keeps no other from ending', async () => {
    const certificate = { ...aResult().certificate, verdict: 'protected' as const, left: ['i-1: DoNotDelete'] };
    const result = () => Promise.resolve(aResult({ certificate }));
    const lost = () => Promise.reject(new HoldfastError('no-result', 'it was terminated'));

    const kept = await world({ handle: { result } }).run(['--owner', 'ada', '--yes']);
    const failed = await world({ handle: { result: lost } }).run(['--owner', 'ada', '--yes']);

    expect(kept.code).toBe(6);
    expect(kept.out).toContain('    left i-1: DoNotDelete');
    expect(failed.code).toBe(2);
    expect(failed.out).toContain('  it was terminated');
    expect(failed.out.join('\n')).toContain('clean: nothing is left');
  });

  it('takes one that is being torn down already as it ends', async () => {
    const stop = () => Promise.reject(new HoldfastError('refused', 'the experiment is TearingDown'));

    expect(await world({ handle: { stop } }).run(['lab-1', '--yes'])).toMatchObject({ code: 0 });
  });

  it('says what could not be read and exits with 7, since there may be more', async () => {
    const { code, out } = await world({ unread: ['eu-west-1: denied'] }).run(['--owner', 'ada', '--dry-run']);

    expect(out).toContain('could not be read eu-west-1: denied');
    expect(code).toBe(7);
  });

  it.each([
    [[], 'which experiments?'],
    [['lab-1', '--owner', 'me'], 'not both'],
  ])('refuses %j: nothing said never means everything', async (args, complaint) => {
    const { did, run } = world();

    const { code, err } = await run([...args, '--yes']);

    expect(err.join('\n')).toContain(complaint);
    expect({ code, did }).toEqual({ code: 3, did: [] });
  });

  it('leaves them ending on Ctrl-C and says which', async () => {
    const { run } = world({ handle: { result: () => new Promise(() => undefined) } });

    const { code, err } = await run(['lab-1', '--yes'], {
      onInterrupt: (press) => {
        setImmediate(press);
      },
    });

    expect(err.at(-1)).toBe('left, still ending: lab-1');
    expect(code).toBe(0);
  });
});
