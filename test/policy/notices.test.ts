import { INTERRUPTION_KINDS } from '../../src/contracts/interruptions';
import { readNotices } from '../../src/policy/notices';

const AT = '2026-01-31T12:00:00.000Z';
const ID = 'i-1234567890abcdef0';
const NOTICE = { instanceId: ID, kind: 'reclaim', reason: 'marked-for-termination' };

describe('the notices of a signal', () => {
  it('are read as a sentinel sends them', () => {
    const whole = {
      ...NOTICE,
      region: 'us-west-2',
      source: 'spot-request',
      noticeAt: '2026-01-31T11:59:58.000Z',
      detectedAt: '2026-01-31T11:59:59.000Z',
      endsAt: '2026-01-31T12:01:58.000Z',
    };
    expect(readNotices([whole, whole], AT)).toEqual({ notices: [whole, whole], refused: [] });
  });

  it('may come from a person who says which, what and why; the rest is filled in', () => {
    const filled = { ...NOTICE, region: '', source: 'person', noticeAt: AT, detectedAt: AT };
    expect(readNotices(NOTICE, AT)).toEqual({ notices: [filled], refused: [] });
  });

  it('bring nothing along that is not known', () => {
    expect(Object.keys(readNotices({ ...NOTICE, more: 1 }, AT).notices[0] ?? {})).not.toContain('more');
  });

  it.each(INTERRUPTION_KINDS)('may be of kind %s', (kind) => {
    expect(readNotices([{ ...NOTICE, kind }], AT).refused).toEqual([]);
  });

  it.each([
    ['nothing', undefined, 'instanceId'],
    ['a text', 'garbage', 'instanceId'],
    ['a number in a list', [1], 'instanceId'],
    ['no instance id', { ...NOTICE, instanceId: 'broker-0' }, 'instanceId'],
    ['an unknown kind', { ...NOTICE, kind: 'eaten' }, 'kind'],
    ['an unknown source', { ...NOTICE, source: 'rumour' }, 'source'],
    ['no reason', { ...NOTICE, reason: '' }, 'reason'],
    ['a reason that is no text', { ...NOTICE, reason: { code: 1 } }, 'reason'],
    ['a region that is no text', { ...NOTICE, region: 1 }, 'region'],
    ['a time that is none', { ...NOTICE, endsAt: 'soon' }, 'endsAt'],
  ])('are refused with one line: %s', (_, input, field) => {
    const { notices, refused } = readNotices(input, AT);
    expect(notices).toEqual([]);
    expect(refused).toEqual([expect.stringMatching(new RegExp(`^refused an interruption: ${field} is n[^\\n]+$`))]);
  });

  it('are read beside others that are refused', () => {
    const { notices, refused } = readNotices([NOTICE, 'garbage', { ...NOTICE, kind: 7 }], AT);
    expect(notices.map((one) => one.instanceId)).toEqual([ID]);
    expect(refused).toHaveLength(2);
  });
});
