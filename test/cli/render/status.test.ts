import { changes } from '../../../src/cli/render/changes';
import { listPage } from '../../../src/cli/render/list';
import { nextLines } from '../../../src/cli/render/next';
import { resultPage } from '../../../src/cli/render/result';
import { statusPage } from '../../../src/cli/render/status';
import { clip, createStyle, visibleWidth } from '../../../src/cli/render/style';
import { anAttempt, aNode, aResult, aStatus, evidence, progressOf, STARTED } from '../fixtures';

const plain = createStyle(false);
const at = '2026-01-02T15:04:13.000Z';
const view = { style: plain, at, url: 'http://127.0.0.1:8233/x' };
const line = (lines: string[], part: string): string => lines.find((one) => one.includes(part)) ?? '';

describe('the page of one experiment', () => {
  it('says what it is, whose, in which phase and why, how long and how much', () => {
    const page = statusPage(aStatus({ phase: 'Failed', reason: 'Capacity', message: 'every pool refused' }), view);

    expect(page[0]).toBe('lab-260102-1504-x7kd  Failed (Capacity)  us-west-2  ada');
    expect(page[1]).toBe('every pool refused');
    expect(line(page, 'spent')).toBe(
      '$0.0070/h (65 % less than $0.0200/h on demand), spent $0.0001, $0.0140 at lease end',
    );
  });

  it('says how long the lease still is while anything runs, and nothing of it afterwards', () => {
    expect(line(statusPage(aStatus(), view), 'started')).toBe('started 15:04:00 UTC, lease ends in 1h59m');
    expect(line(statusPage(aStatus({ phase: 'Done' }), view), 'started')).toBe('started 15:04:00 UTC');
  });

  it('shows passed gates with their time, the present one counting, and nodes that are still wanted', () => {
    const page = statusPage(aStatus(), view);

    expect(line(page, 'NODE ')).toMatch(/^NODE +TYPE +MARKET +ZONE +EC2 +SSM +SERVICE +ENDPOINT +LAST SEEN$/);
    expect(line(page, 'broker-0')).toMatch(/t3.small +spot +us-west-2b +✓ 2.5s +✓ 2.5s +… 3.0s +· +agent 3.3 online$/);
    expect(line(page, 'broker-1')).toMatch(/^broker-1 +waiting/);
  });

  it('marks a missed gate and says what was last seen', () => {
    const missed = evidence('endpoint', 'tcp 8080 refused', { passed: false });
    const page = statusPage(aStatus({ progress: [progressOf('broker-0', 'failed', [missed])] }), view);

    expect(line(page, 'broker-0')).toMatch(/✗ +tcp 8080 refused$/);
  });

  it('has a setup column only where a node has something to set up', () => {
    const page = statusPage(aStatus({ progress: [progressOf('broker-0', 'setup')] }), view);

    expect(line(page, 'NODE ')).toContain('SETUP');
  });

  it('counts per component when the nodes would not fit the screen', () => {
    const page = statusPage(aStatus({ desired: { broker: 31 }, progress: [progressOf('broker-0', 'ready')] }), view);

    expect(line(page, 'COMPONENT')).toMatch(/DESIRED +EC2 +SSM +SERVICE +ENDPOINT +READY +FAILED$/);
    expect(line(page, 'broker ')).toMatch(/^broker +31 +1 +1 +1 +1 +1 +0$/);
  });

  it('puts refusals of the same kind on one line with the pools they came from', () => {
    const page = statusPage(aStatus(), view);

    expect(line(page, 'broker spot')).toBe(
      '15:04:01 broker spot us-west-2: 1 of 2 in 0.4s; ' +
        'refused t3.small in us-west-2a/b: InsufficientInstanceCapacity (capacity, blocks pool)',
    );
  });

  it('names what is left when cleanup could not finish', () => {
    const page = statusPage(
      aStatus({ cleanup: { verdict: 'blocked', left: ['sg-1 is used by eni-9'], digest: 'd' } }),
      view,
    );

    expect(page).toContain('blocked');
    expect(page).toContain('  left sg-1 is used by eni-9');
  });
});

describe('lines for logs', () => {
  it('tells everything at first and then only what is new', () => {
    const first = aStatus();
    const second = aStatus({
      phase: 'Running',
      attempts: [anAttempt(), anAttempt({ tier: 'on-demand', asked: 1, launched: 1, refusals: [] })],
      progress: [
        progressOf('broker-0', 'ready', [...(first.progress[0]?.evidence ?? []), evidence('service', 'active')]),
      ],
    });

    expect(changes(undefined, first, plain)).toContain('phase Configuring');
    expect(changes(first, first, plain)).toEqual([]);
    expect(changes(first, second, plain)).toEqual([
      '15:04:01 broker on-demand us-west-2: 1 of 1 in 0.4s',
      '15:04:05 broker-0 passed service after 2.5s: active',
      'phase Running',
    ]);
  });

  it('tells a gate when it is passed, and nothing while it is only not there yet', () => {
    const waiting = aStatus({ progress: [progressOf('a-0', 'ssm', [evidence('ssm', 'no agent', { passed: false })])] });
    const passed = aStatus({ progress: [progressOf('a-0', 'service', [evidence('ssm', 'agent online')])] });
    const missed = aStatus({
      progress: [progressOf('a-0', 'failed', [evidence('ssm', 'no agent', { passed: false })])],
    });

    expect(changes(aStatus({ progress: [] }), waiting, plain)).toEqual([]);
    expect(changes(waiting, passed, plain)).toEqual(['15:04:05 a-0 passed ssm after 2.5s: agent online']);
    expect(changes(waiting, missed, plain)).toEqual(['15:04:05 a-0 missed ssm after 2.5s: no agent']);
    expect(changes(missed, missed, plain)).toEqual([]);
  });

  it('tells all gates of a replacement although its slot was known', () => {
    const before = aStatus();
    const replaced = { ...progressOf('broker-0', 'ssm' as const, [evidence('ec2', 'running')]), instanceId: 'i-new' };

    expect(changes(before, aStatus({ progress: [replaced] }), plain)).toEqual([
      '15:04:05 broker-0 passed ec2 after 2.5s: running',
    ]);
  });
});

describe('the end of an experiment', () => {
  it('shows the step with its result, what was paid against on-demand, the certificate and where things are', () => {
    const page = resultPage(aResult(), 'http://ui', plain);

    expect(page).toContain('  load on broker-0: ✓ exit 0 in 12s');
    expect(page).toContain('    rate: 200');
    expect(line(page, 'Paid')).toBe('Paid     $0.0004 at $0.0270/h (33 % less than $0.0400/h on demand)');
    expect(line(page, 'Cleanup')).toBe('Cleanup  clean: nothing is left (12 resources seen, digest abcdef012345)');
    expect(line(page, 'Results')).toContain('/home/ada/.holdfast');
  });

  it('never hides that a declared result could not be read', () => {
    const step = { name: 'load', slot: 'a-0', exitCode: 0, seconds: 1, outputs: { stdout: '', stderr: '' } };

    expect(resultPage(aResult({ steps: [{ ...step, resultProblem: 'no file' }] }), 'u', plain).join('\n')).toContain(
      'no result: no file',
    );
  });
});

describe('the list', () => {
  const listing = { id: 'lab-1', runId: 'r', state: 'RUNNING', startedAt: STARTED, phase: 'Held', reason: 'NotReady' };
  const view = { at, wide: false, style: plain };

  it('shows nodes ready of desired, markets, money and time of what runs, and the total per hour', () => {
    const status = aStatus({ nodes: [aNode('broker-0'), aNode('broker-1', { market: 'on-demand' })] });
    const page = listPage([{ listing: { ...listing, expiresAt: '2026-01-02T15:14:13.000Z' }, status }], view);

    expect(page[1]).toMatch(
      /^lab-1 +lab +ada +Held\(NotReady\) +0\/2 +1\/1 +- +\$0.0070 +\$0.0001 +\$0.0140 +10m00s +13s$/,
    );
    expect(page.at(-1)).toBe('total $0.0070/h');
  });

  it('has more columns when it may be wide, and a dash for what is not known', () => {
    const status = aStatus({ nodes: [aNode('broker-0'), aNode('broker-1', { zone: 'us-west-2a' })] });
    const known = { ...listing, expiresAt: '2026-01-02T15:14:13.000Z', interruptions: 2, trigger: 'schedule' };

    const page = listPage([{ listing: known, status }, { listing }], { ...view, wide: true });

    expect(page[0]).toMatch(/AGE +LOST +TRIGGER +TYPES +ZONES +EXPIRES$/);
    expect(page[1]).toMatch(/ 13s +2 +schedule +t3.small +us-west-2a,us-west-2b +2026-01-02T15:14Z$/);
    expect(page[2]).toMatch(/ 13s +- +- +- +- +-$/);
  });

  it('counts no rate that it does not know as nothing', () => {
    const page = listPage([{ listing, status: aStatus() }, { listing: { ...listing, id: 'lab-2' } }], view);

    expect(page.at(-1)).toBe('total $0.0070/h and what 1 experiment without an answer cost');
  });

  it('takes the word of Temporal for what ended without setting a phase itself', () => {
    const page = listPage([{ listing: { ...listing, state: 'TERMINATED' } }], view);

    expect(page[1]).toContain('terminated');
  });

  it('says how to start one when there is none', () => {
    expect(listPage([], view)[0]).toContain('holdfast run -f');
  });
});

describe('next commands', () => {
  it('have the id filled in and fit the phase', () => {
    expect(nextLines(aStatus({ phase: 'Held' }), plain)[0]).toMatch(/^holdfast release lab-260102-1504-x7kd /);
    expect(nextLines(aStatus({ phase: 'Done' }), plain).join()).not.toContain('stop');
  });
});

describe('a line on a terminal', () => {
  it('is cut by what is visible, with its colours closed', () => {
    const coloured = `${createStyle(true).red('abcdef')}gh`;

    expect(visibleWidth(coloured)).toBe(8);
    expect(clip(coloured, 8)).toBe(coloured);
    expect(clip(coloured, 4)).toBe('\u001b[31mabc\u001b[0m…');
  });
});

describe('a node that is no more', () => {
  it('keeps its evidence and is said to have ended, unlike one that never came', () => {
    const page = statusPage(aStatus({ phase: 'Done', nodes: [] }), view);

    expect(line(page, 'broker-0')).toMatch(/^broker-0 +ended +✓ 2.5s/);
    expect(line(page, 'broker-1')).toMatch(/^broker-1 +waiting +· /);
  });
});
