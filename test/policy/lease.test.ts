/** How far may a lease be extended, and what is said when it may not? */
import { extended, heldUntil, leaseProblem } from '../../src/policy/lease';

const HOUR = 3600;
const lease = { startedAt: '2026-01-02T00:00:00.000Z', expiresAt: '2026-01-02T12:00:00.000Z', maxSeconds: 24 * HOUR };

describe('an extension', () => {
  it('moves the end by what was asked for, up to the longest lease', () => {
    expect(extended(lease, '2h')).toEqual({ expiresAt: '2026-01-02T14:00:00.000Z' });
    expect(extended(lease, 12 * HOUR)).toEqual({ expiresAt: '2026-01-03T00:00:00.000Z' });
  });

  it('is refused beyond it, with the limit and what it leaves', () => {
    expect(extended(lease, '13h')).toEqual({
      refusal:
        'by: 13h is too long: the longest lease of this installation is 1d (HOLDFAST_MAX_LEASE), which leaves 12h',
    });
    expect(extended({ ...lease, maxSeconds: HOUR }, '1m')).toMatchObject({
      refusal: expect.stringContaining('leaves 0s') as string,
    });
  });

  it.each([undefined, 'long', -1, 0, null, {}])('of %p is refused as no duration', (by) => {
    expect(extended(lease, by)).toMatchObject({
      refusal: expect.stringMatching(/is no duration; write \{"by": "2h"\}$/) as string,
    });
  });
});

describe('the lease of a hold', () => {
  const nowMs = Date.parse('2026-01-02T11:55:00.000Z');

  it('begins with the hold, whatever is left of the first lease', () => {
    expect(heldUntil(lease, nowMs, 4 * HOUR)).toBe('2026-01-02T15:55:00.000Z');
  });

  it('goes no further than the longest lease', () => {
    expect(heldUntil(lease, nowMs, 24 * HOUR)).toBe('2026-01-03T00:00:00.000Z');
  });
});

describe('a lease as it is asked for', () => {
  it('may be as long as the longest, and no longer', () => {
    expect(leaseProblem(24 * HOUR, 24 * HOUR)).toBeUndefined();
    expect(leaseProblem(25 * HOUR, 24 * HOUR)).toBe(
      'lease: 25h is longer than 1d, the longest of this installation (HOLDFAST_MAX_LEASE)',
    );
  });
});
