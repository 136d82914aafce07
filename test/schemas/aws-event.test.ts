import { parseAwsEvent } from '../../src/schemas/aws-event';

/** As AWS documents it. */
const WARNING = {
  version: '0',
  id: '12345678-1234-1234-1234-123456789012',
  'detail-type': 'EC2 Spot Instance Interruption Warning',
  source: 'aws.ec2',
  account: '123456789012',
  time: '2026-01-31T12:00:00Z',
  region: 'us-east-2',
  resources: ['arn:aws:ec2:us-east-2a:instance/i-1234567890abcdef0'],
  detail: { 'instance-id': 'i-1234567890abcdef0', 'instance-action': 'terminate' },
};
const id = WARNING.detail['instance-id'];

const problemsOf = (input: unknown): string[] => {
  const parsed = parseAwsEvent(input);
  return parsed.ok ? [] : parsed.problems;
};

describe('an event of EC2', () => {
  it.each([
    ['a warning', WARNING],
    [
      'a recommendation',
      { ...WARNING, 'detail-type': 'EC2 Instance Rebalance Recommendation', detail: { 'instance-id': id } },
    ],
    [
      'a change of state',
      {
        ...WARNING,
        'detail-type': 'EC2 Instance State-change Notification',
        detail: { 'instance-id': id, state: 'stopping' },
      },
    ],
  ])('is accepted as AWS documents it: %s', (_, event) => {
    expect(parseAwsEvent(event)).toEqual({ ok: true, value: event });
  });

  it('may have fields that AWS adds one day', () => {
    expect(problemsOf({ ...WARNING, replay: true, detail: { ...WARNING.detail, more: 1 } })).toEqual([]);
  });

  it('has one line per wrong field', () => {
    const wrong = {
      ...WARNING,
      account: '1',
      time: 'noon',
      region: 'mars',
      detail: { 'instance-id': 'x', 'instance-action': 'eat' },
    };
    const problems = problemsOf(wrong);
    expect(problems.map((line) => line.split(':')[0]).sort()).toEqual([
      'account',
      'detail.instance-action',
      'detail.instance-id',
      'region',
      'time',
    ]);
    for (const line of problems) expect(line).toMatch(/^\S+: [^\n]+$/);
  });

  it.each([
    ['nothing', undefined],
    ['a text', 'EC2 Spot Instance Interruption Warning'],
    ['a list', [WARNING]],
    ['an empty object', {}],
    ['an event of another kind', { ...WARNING, 'detail-type': 'EBS Volume Notification' }],
    ['an event of another service', { ...WARNING, source: 'aws.s3' }],
    ['an event without details', { ...WARNING, detail: undefined }],
  ])('is not %s', (_, input) => {
    const problems = problemsOf(input);
    expect(problems.length).toBeGreaterThan(0);
    for (const line of problems) expect(line).toMatch(/^\S+: [^\n]+$/);
  });

  it('that is unknown is refused by naming the three that are known', () => {
    expect(problemsOf({ ...WARNING, 'detail-type': 'EBS Volume Notification' })).toEqual([
      expect.stringMatching(
        /^detail-type: .*Interruption Warning.*Rebalance Recommendation.*State-change Notification/,
      ),
    ]);
  });
});
