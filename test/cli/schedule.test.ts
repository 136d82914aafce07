import type { ScheduleRequest } from '../../src/client';
import { HoldfastError } from '../../src/client';
import { aSchedules, runCli } from './fake-context';
import { aSchedule } from './fixtures';

function recorded(): { calls: unknown[][]; schedules: ReturnType<typeof aSchedules> } {
  const calls: unknown[][] = [];
  const note =
    (name: string) =>
    (...args: unknown[]): Promise<void> => {
      calls.push([name, ...args]);
      return Promise.resolve();
    };
  const schedules = aSchedules({
    pause: note('pause'),
    resume: note('resume'),
    trigger: note('trigger'),
    backfill: note('backfill'),
    delete: note('delete'),
  });
  return { calls, schedules };
}

describe('schedule create', () => {
  it('takes a spec by its layers and every setting of the clock', async () => {
    const requests: ScheduleRequest[] = [];
    const schedules = aSchedules({
      create: (request) => {
        requests.push(request);
        return Promise.resolve(aSchedule({ id: request.id }));
      },
    });

    const ran = await runCli(
      ['schedule', 'create', 'nightly', '-t', 'pulsar-quick', '--set', 'lease=20m', '--cron', '0 2 * * *'].concat(
        ['--every', '6h', '--time-zone', 'Europe/Berlin', '--jitter', '10m', '--overlap', 'buffer-one'],
        ['--catch-up', '2h', '--paused', 'not yet'],
      ),
      { client: { schedules } },
    );

    expect(ran.code).toBe(0);
    expect(requests).toMatchObject([
      {
        id: 'nightly',
        spec: { name: 'pulsar-quick', lease: '20m', owner: 'ada' },
        cron: ['0 2 * * *'],
        everySeconds: 21_600,
        timeZone: 'Europe/Berlin',
        jitterSeconds: 600,
        overlap: 'buffer-one',
        catchUpSeconds: 7200,
        paused: 'not yet',
      },
    ]);
    expect(ran.out.join('\n')).toContain('2026-01-03 01:00Z');
  });

  it.each([
    [['-t', 'pulsar-quick', '--every', 'soon'], 'is no duration'],
    [['-t', 'pulsar-quick', '--overlap', 'terminate-other'], 'Allowed choices'],
  ])('refuses %j', async (args, complaint) => {
    const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);

    const { code } = await runCli(['schedule', 'create', 'nightly', ...args]);

    expect(code).toBe(3);
    expect(written.mock.calls.join('')).toContain(complaint);
    written.mockRestore();
  });
});

describe('schedule office-hours', () => {
  const args = ['schedule', 'office-hours', 'lab', '-t', 'pulsar-quick', '--start', '0 8 * * 1-5'].concat([
    '--stop',
    '0 18 * * 1-5',
    '--time-zone',
    'Europe/Berlin',
  ]);

  it('makes a schedule that starts and one that stops what it started', async () => {
    const requests: unknown[] = [];
    const schedules = aSchedules({
      create: (request) => {
        requests.push(request);
        return Promise.resolve(aSchedule({ id: request.id }));
      },
      createStop: (request) => {
        requests.push(request);
        return Promise.resolve(aSchedule({ id: request.id, does: 'stop' }));
      },
    });

    const { out, code } = await runCli(args, { client: { schedules } });

    expect(requests).toMatchObject([
      { id: 'lab', cron: ['0 8 * * 1-5'], timeZone: 'Europe/Berlin', spec: { name: 'pulsar-quick' } },
      { id: 'lab-stop', schedule: 'lab', cron: ['0 18 * * 1-5'], timeZone: 'Europe/Berlin' },
    ]);
    expect(out.map((line) => line.split(/ {2,}/).slice(0, 2))).toEqual([
      ['ID', 'DOES'],
      ['lab', 'start'],
      ['lab-stop', 'stop'],
    ]);
    expect(code).toBe(0);
  });

  it('makes none when one of them is refused: what starts and never stops is the dear half', async () => {
    const deleted: string[] = [];
    const schedules = aSchedules({
      createStop: () => Promise.reject(new HoldfastError('refused', 'schedule lab-stop was refused')),
      delete: (id) => Promise.resolve(void deleted.push(id)),
    });

    expect(await runCli(args, { client: { schedules } })).toMatchObject({ code: 3, out: [] });
    expect(deleted).toEqual(['lab']);
  });
});

describe('schedule show', () => {
  it('says what was skipped and missed, what comes next, and how its runs ended', async () => {
    const { out } = await runCli(['schedule', 'show', 'nightly']);

    expect(out).toEqual([
      'nightly  active',
      'when      0 2 * * * Europe/Berlin',
      'overlap   skip, starts late by up to 3600s after an outage',
      'next      2026-01-03 01:00Z, 2026-01-04 01:00Z',
      'runs      7 started, 1 skipped since one was running, 0 missed',
      'not run   2026-01-01 01:00Z skipped: nightly-2025-12-31T01:00:00Z was running',
      '',
      'nightly-2026-01-02T01:00:00Z  Failed  Capacity',
    ]);
  });

  it('says why it is paused, and that nothing starts', async () => {
    const show = () => Promise.resolve(aSchedule({ paused: true, note: 'release week', experiments: [] }));

    const { out } = await runCli(['schedule', 'show', 'nightly'], { client: { schedules: aSchedules({ show }) } });

    expect(out[0]).toBe('nightly  paused (release week)');
    expect(out).toContain('next      nothing while it is paused');
  });

  it('says how to find the schedules there are when there is none of that id', async () => {
    const show = () => Promise.reject(new HoldfastError('no-schedule', 'there is no schedule nightli'));

    const ran = await runCli(['schedule', 'show', 'nightli'], { client: { schedules: aSchedules({ show }) } });

    expect(ran).toMatchObject({
      code: 3,
      err: ['error: there is no schedule nightli', 'next:  holdfast schedule list'],
    });
  });
});

it('schedule list has a line for each, and says how to make one when there is none', async () => {
  const some = await runCli(['schedule', 'list']);
  const none = await runCli(['schedule', 'list'], {
    client: { schedules: aSchedules({ list: () => Promise.resolve([]) }) },
  });

  expect(some.out[1]?.split(/ {2,}/)).toEqual([
    'nightly',
    'start',
    '0 2 * * * Europe/Berlin',
    'active',
    '2026-01-03 01:00Z',
    'nightly-2026-01-02T01:00:00Z',
  ]);
  expect(none.out.join('')).toContain('holdfast schedule create');
});

describe('a schedule', () => {
  it.each([
    [['pause', 'nightly', '--reason', 'release'], ['pause', 'nightly', 'release'], /paused; .*schedule resume nightly/],
    [['resume', 'nightly'], ['resume', 'nightly', undefined], /resumed/],
    [['trigger', 'nightly', '--overlap', 'allow-all'], ['trigger', 'nightly', 'allow-all'], /schedule show nightly/],
    [
      ['backfill', 'nightly', '--from', '2026-01-01', '--to', '2026-01-02T00:00:00Z'],
      [
        'backfill',
        'nightly',
        { from: '2026-01-01T00:00:00.000Z', to: '2026-01-02T00:00:00.000Z', overlap: 'buffer-all' },
      ],
      /is started/,
    ],
    [['delete', 'nightly'], ['delete', 'nightly'], /deleted; its runs go on/],
  ])('is told what %j says, and the answer says what comes next', async (args, call, line) => {
    const { calls, schedules } = recorded();

    const ran = await runCli(['schedule', ...args], { client: { schedules } });

    expect(calls).toEqual([call]);
    expect(ran).toMatchObject({ code: 0, out: [expect.stringMatching(line)] });
  });

  it('is not filled backwards, nor at a time that is none', async () => {
    const { calls, schedules } = recorded();
    const fill = (from: string, to: string) =>
      runCli(['schedule', 'backfill', 'nightly', '--from', from, '--to', to], { client: { schedules } });

    const written = jest.spyOn(process.stderr, 'write').mockReturnValue(true);
    const backwards = await fill('2026-01-02', '2026-01-01');
    const never = await fill('yesterday', '2026-01-01');

    expect(backwards).toMatchObject({ code: 3, err: [expect.stringContaining('is not before')] });
    expect(never.code).toBe(3);
    expect(written.mock.calls.join('')).toContain('is no time: write 2026');
    expect(calls).toEqual([]);
    written.mockRestore();
  });
});
