import fc from 'fast-check';
import { foldChecks, type CheckResult, type Streaks } from '../../src/policy/liveness';

const at = (seconds: number): string => new Date(Date.parse('2026-01-31T12:00:00Z') + seconds * 1000).toISOString();

function result(passed: boolean, seconds: number, instanceId = 'i-1'): CheckResult {
  return { instanceId, region: 'us-west-2', askedAt: at(seconds), passed, seen: 'tcp 2181 refused' };
}

/** Folds one result after the other; gives the number of losses told with each. */
function losses(passes: boolean[], limit: number): number[] {
  let streaks: Streaks = {};
  return passes.map((passed, index) => {
    const folded = foldChecks(streaks, [result(passed, index)], limit);
    streaks = folded.streaks;
    return folded.unhealthy.length;
  });
}

describe('liveness', () => {
  it('is lost with the last of so many failures in a row, with the reason NotReady', () => {
    const { streaks } = foldChecks({}, [result(false, 0), result(false, 60)], 3);
    const { unhealthy } = foldChecks(streaks, [result(false, 120)], 3);

    expect(unhealthy).toEqual([
      {
        instanceId: 'i-1',
        region: 'us-west-2',
        kind: 'unhealthy',
        source: 'checks',
        reason: 'NotReady',
        noticeAt: at(0),
        detectedAt: at(120),
        seen: 'tcp 2181 refused',
      },
    ]);
  });

  it.each([
    ['a pass in between', [false, false, true, false, false], [0, 0, 0, 0, 0]],
    ['one streak told once', [false, false, false, false, false], [0, 0, 1, 0, 0]],
    ['a second streak after a pass', [false, false, false, true, false, false, false], [0, 0, 1, 0, 0, 0, 1]],
    ['nothing but passes', [true, true, true, true], [0, 0, 0, 0]],
  ])('counts in a row: %s', (_, passes, told) => {
    expect(losses(passes, 3)).toEqual(told);
  });

  it('puts results in order, and passes over one that is older than what is known', () => {
    const { streaks, unhealthy } = foldChecks({}, [result(true, 20), result(false, 10), result(false, 0)], 2);
    expect(unhealthy).toHaveLength(1);
    expect(foldChecks(streaks, [result(false, 15), result(false, 5)], 1).unhealthy).toEqual([]);
  });

  it('keeps nodes apart', () => {
    const mixed = [result(false, 0, 'i-1'), result(false, 1, 'i-2'), result(false, 2, 'i-1')];
    expect(foldChecks({}, mixed, 2).unhealthy.map((one) => one.instanceId)).toEqual(['i-1']);
  });

  it('tells as many losses as there are runs of failures that reach the limit', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), fc.integer({ min: 1, max: 5 }), (passes, limit) => {
        const runs = passes
          .map((passed) => (passed ? ' ' : 'x'))
          .join('')
          .split(' ');
        const expected = runs.filter((run) => run.length >= limit).length;
        expect(losses(passes, limit).reduce((sum, told) => sum + told, 0)).toBe(expected);
      }),
    );
  });
});
