/** Does a newcomer know which pools an answer is on its way for? */
import { isBeingAsked, recordOpen } from '../../src/policy/open-requests';
import { newsOf } from '../../src/policy/pool-memory';
import { pool, refusal } from './pools';

const SECOND = 1000;
const dry = pool({ zone: 'us-west-2a' });
const other = pool({ zone: 'us-west-2b' });
const keyOf = ({ zone, instanceType, market }: typeof dry): string => `${zone}/${instanceType}/${market}`;
const refused = (of: typeof dry, atMs: number) =>
  newsOf('lab-1', [], [refusal('InsufficientInstanceCapacity', { pool: of })], () => 'Standard', atMs);
const asking = { ...refused(dry, 0), asks: [keyOf(other)] };

describe('open requests', () => {
  it('are those that a sender said it makes next', () => {
    const open = recordOpen({}, asking);

    expect(isBeingAsked(open, [keyOf(other)], SECOND)).toBe(true);
    expect(isBeingAsked(open, [keyOf(dry)], SECOND)).toBe(false);
  });

  it('end with their answer, whatever it is', () => {
    const open = recordOpen({}, asking);

    expect(recordOpen(open, refused(other, 5 * SECOND))).toEqual({});
    expect(
      recordOpen(
        open,
        newsOf('lab-1', [other], [], () => 'Standard', 5 * SECOND),
      ),
    ).toEqual({});
    expect(recordOpen(open, refused(dry, 5 * SECOND))).toEqual(open);
  });

  it('are waited for no longer than a launch call takes', () => {
    const open = recordOpen({}, asking);

    expect(isBeingAsked(open, [keyOf(other)], 11 * SECOND)).toBe(false);
    expect(recordOpen(open, refused(dry, 11 * SECOND))).toEqual({});
  });

  it('hold nobody back who would also ask other pools, or none', () => {
    const open = recordOpen({}, asking);

    expect(isBeingAsked(open, [keyOf(other), keyOf(dry)], SECOND)).toBe(false);
    expect(isBeingAsked(open, [], SECOND)).toBe(false);
  });
});
