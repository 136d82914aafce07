/** Which experiments does the reaper end, which does it only name, and in which order? */
import fc from 'fast-check';
import type { FoundExperiment, ReaperRow, WorkflowStanding } from '../../src/contracts/reaper';
import {
  actions,
  experimentsIn,
  expiryOf,
  joined,
  judge,
  sharedIds,
  span,
  type ReaperRules,
} from '../../src/policy/reaper';

const MINUTE = 60_000;
const NOW = Date.parse('2026-01-02T12:00:00.000Z');
const at = (ms: number): string => new Date(NOW + ms).toISOString();
const rules: ReaperRules = {
  installation: 'lab',
  nowMs: NOW,
  graceMs: 15 * MINUTE,
  orphanGraceMs: 10 * MINUTE,
  warnMs: 60 * MINUTE,
  contested: [],
};
const runs: WorkflowStanding = { type: 'experiment', running: true };
const ended: WorkflowStanding = { type: 'experiment', running: false, closedAt: at(-MINUTE) };

function found(more: Partial<FoundExperiment> = {}): FoundExperiment {
  return {
    experimentId: 'exp-1',
    installation: 'lab',
    owner: 'ada',
    regions: ['us-west-2'],
    resources: 3,
    expiresAt: at(180 * MINUTE),
    unreadable: [],
    youngestAt: at(-120 * MINUTE),
    alone: false,
    ...more,
  };
}

describe('a judgement', () => {
  it.each<[string, Partial<FoundExperiment>, WorkflowStanding | undefined, string, RegExp]>([
    ['runs within its lease', {}, runs, 'good', /^its lease ends in 3h$/],
    ['is near its end', { expiresAt: at(59 * MINUTE) }, runs, 'warn', /^its lease ends in 59m$/],
    ['is over and within the grace', { expiresAt: at(-14 * MINUTE) }, runs, 'warn', /ended 14m ago, within the grace$/],
    [
      'is over, grace and all, and still runs',
      { expiresAt: at(-15 * MINUTE) },
      runs,
      'expired',
      /^its lease ended 15m ago, and its experiment workflow still says running$/,
    ],
    ['is over and ran to its end', { expiresAt: at(-15 * MINUTE) }, ended, 'expired', /^its lease ended 15m ago$/],
    ['is known to nobody', {}, undefined, 'orphaned', /^Temporal knows no workflow of its id$/],
    ['was left by a workflow that ended', {}, ended, 'orphaned', /^its experiment workflow has ended$/],
    [
      'is known to nobody, and just made',
      { youngestAt: at(-9 * MINUTE) },
      undefined,
      'warn',
      /is 9m old, judged after 10m$/,
    ],
    ['is known to nobody and dated by nothing', { youngestAt: '' }, undefined, 'orphaned', /./],
    ['stands alone within its lease', { alone: true }, ended, 'good', /^stands alone; its lease ends in 3h$/],
    ['stands alone, known to nobody', { alone: true }, undefined, 'good', /^stands alone/],
    [
      'stands alone, and its lease is over',
      { alone: true, expiresAt: at(-60 * MINUTE) },
      undefined,
      'expired',
      /1h ago$/,
    ],
    ['carries no expiry', { expiresAt: '' }, undefined, 'malformed', /nothing of it carries ExpiresAt/],
    [
      'carries an expiry that is no time',
      { unreadable: ['soon'], expiresAt: at(-60 * MINUTE) },
      undefined,
      'malformed',
      /ExpiresAt is no time: soon/,
    ],
    ['has an id that is none', { experimentId: 'exp-*' }, undefined, 'malformed', /ExperimentID is no experiment id/],
    [
      'is of somebody else',
      { installation: 'other', expiresAt: at(-60 * MINUTE) },
      undefined,
      'foreign',
      /belongs to other/,
    ],
    ['is of nobody', { installation: '', expiresAt: at(-60 * MINUTE) }, undefined, 'foreign', /names no installation/],
  ])('of what %s', (_, more, workflow, group, reason) => {
    const { expiresAt, youngestAt, ...rest } = found(more);
    const one = { ...rest, ...(expiresAt === '' ? {} : { expiresAt }), ...(youngestAt === '' ? {} : { youngestAt }) };

    const judged = judge(one as FoundExperiment, workflow, rules);

    expect(judged).toEqual({ group, reason: expect.stringMatching(reason) as string });
  });

  it('never ends what shares its id with another installation', () => {
    const over = found({ expiresAt: at(-60 * MINUTE) });
    const all = [over, found({ installation: 'other' }), found({ experimentId: 'exp-2' })];

    expect(sharedIds(all)).toEqual(['exp-1']);
    expect(judge(over, undefined, { ...rules, contested: sharedIds(all) })).toMatchObject({ group: 'malformed' });
  });

  it('ends nothing that is of another installation, malformed, or alone within its lease, whatever else is true', () => {
    const anything = fc.record({
      installation: fc.constantFrom('lab', 'other', '', 'Lab', 'lab2'),
      experimentId: fc.constantFrom('exp-1', 'exp-*', '', 'EXP-1'),
      expires: fc.option(fc.integer({ min: -200, max: 200 })),
      youngest: fc.option(fc.integer({ min: -200, max: 0 })),
      unreadable: fc.constantFrom<string[]>([], ['never']),
      alone: fc.boolean(),
      workflow: fc.constantFrom(undefined, runs, ended),
    });
    fc.assert(
      fc.property(anything, ({ expires, youngest, workflow, ...rest }) => {
        const { expiresAt: _e, youngestAt: _y, ...base } = found(rest);
        const one: FoundExperiment = {
          ...base,
          ...(expires === null ? {} : { expiresAt: at(expires * MINUTE) }),
          ...(youngest === null ? {} : { youngestAt: at(youngest * MINUTE) }),
        };
        const { group } = judge(one, workflow, rules);
        if (group !== 'expired' && group !== 'orphaned') return;
        expect(one.installation).toBe('lab');
        expect(one.experimentId).not.toMatch(/\*|^$/);
        expect(one.unreadable).toEqual([]);
        const isOver = (expires ?? 0) <= -15;
        if (one.alone || workflow?.running === true) expect(isOver).toBe(true);
        if (!isOver) expect(youngest ?? -200).toBeLessThanOrEqual(-10);
      }),
    );
  });
});

describe('what tags say', () => {
  const tags = (more: Record<string, string> = {}): Record<string, string> => ({
    ExperimentID: 'exp-1',
    ManagedBy: 'holdfast',
    HoldfastInstallation: 'lab',
    ExpiresAt: '2026-01-02T12:00:00.000Z',
    ...more,
  });

  it('is put together by experiment: the latest end, the youngest resource', () => {
    const here = experimentsIn('us-west-2', [
      { tags: tags(), createdAt: '2026-01-01T00:00:00.000Z' },
      { tags: tags({ ExpiresAt: '2026-01-02T15:00:00+01:00', Owner: 'ada' }), createdAt: '2026-01-01T06:00:00.000Z' },
    ]);
    const there = experimentsIn('eu-west-1', [{ tags: tags({ HoldfastAlone: 'provision' }) }]);

    expect(joined([...here, ...there])).toEqual([
      {
        experimentId: 'exp-1',
        installation: 'lab',
        owner: 'ada',
        regions: ['eu-west-1', 'us-west-2'],
        resources: 3,
        expiresAt: '2026-01-02T14:00:00.000Z',
        unreadable: [],
        youngestAt: '2026-01-01T06:00:00.000Z',
        alone: true,
      },
    ]);
  });

  it('counts only with both ownership tags, to the letter', () => {
    const others = [tags({ ManagedBy: 'Holdfast' }), { ManagedBy: 'holdfast' }, { ExperimentID: 'exp-1' }];
    expect(
      experimentsIn(
        'us-west-2',
        others.map((one) => ({ tags: one })),
      ),
    ).toEqual([]);
    const ids = experimentsIn(
      'us-west-2',
      ['exp-1', 'exp-10', 'EXP-1'].map((ExperimentID) => ({ tags: tags({ ExperimentID }) })),
    );
    expect(ids.map((one) => one.experimentId)).toEqual(['exp-1', 'exp-10', 'EXP-1']);
  });

  it.each([
    '',
    'tomorrow',
    '1767355200',
    '2026-01-02',
    '2026-01-02T12:00:00',
    '2026-13-02T12:00:00Z',
    ' 2026-01-02T12:00:00Z',
  ])('of %p is no time', (text) => {
    expect(expiryOf(text)).toBeUndefined();
  });
});

describe('a round', () => {
  const row = (experimentId: string, group: ReaperRow['group'], expiresAt = at(0)): ReaperRow => ({
    ...found({ experimentId, expiresAt }),
    group,
    reason: '',
  });
  const closed = (ms: number): WorkflowStanding => ({ type: 'cleanup', running: false, closedAt: at(ms) });

  it('cleans what was never tried before what was tried lately, and no more than its limit', () => {
    const rows = [row('a', 'expired', at(-3)), row('b', 'orphaned', at(-9)), row('c', 'expired'), row('d', 'expired')];
    const cleanups = { b: closed(-5), c: closed(-9), d: { type: 'cleanup', running: true } };

    expect(actions(rows, cleanups, { limit: 2, apply: true })).toEqual({
      a: 'started',
      b: 'next round',
      c: 'started',
      d: 'under way',
    });
    expect(actions(rows, cleanups, { limit: 1, apply: false })).toMatchObject({ a: 'would start', c: 'next round' });
  });

  it('leaves everything else alone', () => {
    const rows = (['good', 'warn', 'malformed', 'foreign'] as const).map((group) => row(group, group));
    expect(actions(rows, {}, { limit: 9, apply: true })).toEqual({});
  });
});

it.each([
  [0, '0s'],
  [59_999, '59s'],
  [60_000, '1m'],
  [7_500_000, '2h5m'],
  [90_000_000, '1d1h'],
  [86_400_000, '1d'],
])('%d ms are %s', (ms, text) => {
  expect(span(ms)).toBe(text);
});
