/** What do `reap`, `leaks` and `setup` print, and how do they exit? */
import type { ReaperReport, ReaperRow } from '../../src/contracts/reaper';
import type { ReaperInput } from '../../src/schemas/reaper';
import { runCli } from './fake-context';

function aRow(more: Partial<ReaperRow> = {}): ReaperRow {
  return {
    experimentId: 'lab-1',
    installation: 'default',
    owner: 'ada',
    regions: ['us-west-2'],
    resources: 7,
    unreadable: [],
    alone: false,
    group: 'good',
    reason: 'its lease ends in 3h',
    ...more,
  };
}

function aReport(experiments: ReaperRow[], unread: string[] = []): ReaperReport {
  const place = { installation: 'default', account: '123456789012', regions: ['us-west-2', 'eu-west-1'] };
  return { ...place, apply: false, at: '2026-01-02T15:04:13.000Z', experiments, unread };
}

const expired = aRow({
  experimentId: 'lab-2',
  group: 'expired',
  reason: 'its lease ended 1h ago',
  action: 'would start',
});

/** A client whose round gives this, and what it was asked. */
function answering(report: ReaperReport): { asked: ReaperInput[]; client: object } {
  const asked: ReaperInput[] = [];
  const reap = (input: ReaperInput): Promise<ReaperReport> => {
    asked.push(input);
    return Promise.resolve(report);
  };
  return { asked, client: { reap } };
}

describe('leaks', () => {
  it('names what leaks with the reason and exits with 8', async () => {
    const { asked, client } = answering(aReport([expired, aRow()]));

    const { out, err, code } = await runCli(['leaks', '--regions', 'us-west-2, eu-west-1'], { client });

    expect(asked).toEqual([{ regions: ['us-west-2', 'eu-west-1'] }]);
    expect(out.map((line) => line.split(/ {2,}/))).toEqual([
      ['EXPERIMENT', 'GROUP', 'WHY', 'NOW', 'RESOURCES', 'REGIONS', 'OWNER'],
      ['lab-2', 'expired', 'its lease ended 1h ago', 'cleanup would start', '7', 'us-west-2', 'ada'],
      ['lab-1', 'good', 'its lease ends in 3h', '-', '7', 'us-west-2', 'ada'],
      ['1 good, 1 expired (installation default, account 123456789012, 2 regions)'],
    ]);
    expect({ code, err }).toEqual({ code: 8, err: [] });
  });

  it.each([
    ['0 when nothing does', aReport([aRow()]), 0],
    ['0 when nothing lives', aReport([]), 0],
    ['8 for an expiry that cannot be read', aReport([aRow({ group: 'malformed' })]), 8],
    ['7 when it could not read everything', aReport([aRow()], ['eu-west-1 DescribeTags: UnauthorizedOperation']), 7],
    ['8 when it found a leak in what it could read', aReport([expired], ['eu-west-1: no']), 8],
  ])('exits with %s', async (_, report, exit) => {
    const ran = await runCli(['leaks'], answering(report));

    expect(ran.code).toBe(exit);
    for (const line of report.unread) expect(ran.out.join('\n')).toContain(`could not be read: ${line}`);
  });

  it('prints the report as JSON', async () => {
    const report = aReport([expired]);
    const { out, code } = await runCli(['leaks', '-o', 'json'], answering(report));
    expect({ report: JSON.parse(out.join('')) as unknown, code }).toEqual({ report, code: 8 });
  });
});

describe('without an acting reaper', () => {
  const looking = { id: 'reaper/holdfast', everySeconds: 900, input: {}, paused: false };
  it.each([
    ['there is no schedule for it', undefined],
    ['its schedule only looks', looking],
    ['its schedule is paused: holidays', { ...looking, input: { apply: true }, paused: true, note: 'holidays' }],
  ])('leaks and run say in one line that %s', async (why, schedule) => {
    const { client } = answering(aReport([]));
    const both = { ...client, reaperSchedule: () => Promise.resolve(schedule) };

    const leaks = await runCli(['leaks'], { client: both });
    const run = await runCli(['run', '-f', 'examples/gpu-one.yaml', '--detach'], { client: both });

    const line = `no reaper is acting (${why}), so nobody ends what is killed or forgotten: holdfast setup`;
    expect(leaks.err).toEqual([line]);
    expect(run.err).toEqual([line]);
    expect(run.code).toBe(0);
  });

  it('a run goes on when nobody can say', async () => {
    const reaperSchedule = (): Promise<never> => Promise.reject(new Error('no permission'));
    const run = await runCli(['run', '-f', 'examples/gpu-one.yaml', '--detach'], { client: { reaperSchedule } });
    expect(run).toMatchObject({ code: 0, err: [] });
  });
});

describe('reap', () => {
  it('only looks unless told to act', async () => {
    const { asked, client } = answering(aReport([expired]));

    const looked = await runCli(['reap'], { client });
    await runCli(['reap', '--apply', '--limit', '3', '--others'], { client });

    expect(looked.code).toBe(0);
    expect(asked).toEqual([{ apply: false }, { apply: true, limit: 3, others: true }]);
  });

  it('comes round on a schedule when asked to', async () => {
    const asked: unknown[] = [];
    const scheduleReaper = (...args: unknown[]): Promise<'created'> => {
      asked.push(args);
      return Promise.resolve('created');
    };

    const ran = await runCli(['reap', '--every', '15m', '--apply'], { client: { scheduleReaper } });

    expect(asked).toEqual([[900, { apply: true }]]);
    expect(ran.out).toEqual([
      'schedule reaper/holdfast created: every 15m00s the reaper ends what is expired or orphaned',
    ]);
  });

  it('refuses what is no duration', async () => {
    expect(await runCli(['reap', '--every', 'often'])).toMatchObject({ code: 3 });
  });
});

describe('setup', () => {
  const schedule = { id: 'reaper/holdfast', everySeconds: 900, change: 'created' as const };

  it('says what it did', async () => {
    const setup = () =>
      Promise.resolve({
        ...{ dryRun: false, namespace: 'default', searchAttributes: ['HoldfastOwner'], schedule },
        templates: ['pulsar-quick'],
      });

    const { out, code } = await runCli(['setup'], { client: { setup } });

    expect({ out, code }).toEqual({
      out: [
        'search attributes added in namespace default: HoldfastOwner',
        'schedule reaper/holdfast created: every 15m00s the reaper ends what is expired or orphaned',
        expect.stringMatching(/^put into the start form: pulsar-quick http.*workflowId=template-pulsar-quick$/),
      ],
      code: 0,
    });
  });

  it('says what it would do', async () => {
    const asked: unknown[] = [];
    const setup = (options: unknown) => {
      asked.push(options);
      return Promise.resolve({ dryRun: true, namespace: 'lab', searchAttributes: [], templates: [], schedule });
    };

    const { out } = await runCli(['setup', '--dry-run', '--every', '30m'], { client: { setup } });

    expect(asked).toEqual([
      {
        ...{ dryRun: true, everySeconds: 1800 },
        // What the examples of the package are.
        templates: expect.objectContaining({
          'pulsar-quick': expect.objectContaining({ components: expect.anything() }),
        }),
      },
    ]);
    expect(out).toEqual([
      'search attributes of namespace lab are all there',
      'schedule reaper/holdfast would be created: every 15m00s the reaper ends what is expired or orphaned',
      'the start form of the Temporal UI has all templates',
      'nothing was changed (--dry-run)',
    ]);
  });
});
