import type { Certificate, SeenResource } from '../../src/contracts/inventory';
import {
  carried,
  certificateEntries,
  certificateFrame,
  certificateOf,
  foldCells,
  leftOf,
  verdictOf,
  type Cells,
  type CertificateHead,
  type Proof,
} from '../../src/policy/certificate';
import { foldRemovals, type Entries } from '../../src/policy/deletion';
import { at, entriesOf, seen } from './resources';

const instance = seen({ type: 'instance', id: 'i-1' });
const read: Cells = foldCells(
  {},
  'us-west-2',
  [{ api: 'DescribeInstances', subject: 'instance', pages: 1, live: 0 }],
  at(0),
);
const unread: Cells = foldCells(
  read,
  'eu-west-1',
  [{ api: 'DescribeVolumes', subject: 'volume', pages: 0, live: 0, unreadable: 'UnauthorizedOperation: no' }],
  at(0),
);

function proof(resources: SeenResource[], over: Partial<Proof> = {}): Proof {
  return { entries: entriesOf(resources), cells: read, confirmed: true, ...over };
}

function assembleCertificate(head: CertificateHead, given: Proof): Certificate {
  return certificateOf(certificateFrame(head, given), certificateEntries(given.entries));
}

function refused(outcome: 'denied' | 'in-use' | 'failed'): Entries {
  const answer = { id: 'i-1', outcome, detail: 'UnauthorizedOperation: ec2:TerminateInstances' };
  return foldRemovals(entriesOf([instance]), instance.region, 'instance', [answer], at(1));
}

const foreign = [{ type: 'network-interface', id: 'eni-9', tags: { Owner: 'eve', ExperimentID: 'exp-10' } }];

describe('the verdict', () => {
  const gone = { ...instance, state: 'gone' as const, seen: 'terminated' };
  const safe = { ...instance, protectedBy: 'tag DoNotDelete' };
  const cases: [string, Proof, string][] = [
    ['clean when two looks found nothing alive', proof([gone]), 'clean'],
    ['clean when nothing was ever there', proof([]), 'clean'],
    ['unproven when only one look found nothing', proof([gone], { confirmed: false }), 'unproven'],
    ['unproven when a kind could not be read, though nothing was found', proof([gone], { cells: unread }), 'unproven'],
    ['unproven when a deletion was not permitted', proof([], { entries: refused('denied') }), 'unproven'],
    ['blocked when something lives', proof([instance]), 'blocked'],
    ['blocked when something is still ending', proof([{ ...instance, state: 'ending' }]), 'blocked'],
    ['blocked when AWS refuses for good', proof([], { entries: refused('failed') }), 'blocked'],
    [
      'blocked when another owner holds it',
      proof([{ ...seen({ type: 'security-group', id: 'sg-1' }), holders: foreign }]),
      'blocked',
    ],
    ['blocked by a type that Holdfast cannot delete', proof([seen({ type: 'natgateway', id: 'nat-1' })]), 'blocked'],
    ['protected when all that is left is protected', proof([safe]), 'protected'],
    [
      'protected when the rest is left only because of it',
      proof([
        safe,
        seen({ type: 'volume', id: 'vol-1', neededBy: ['i-1'] }),
        seen({ type: 'network-interface', id: 'eni-1', diesWith: 'i-1' }),
        seen({ type: 'security-group', id: 'sg-1', neededBy: ['eni-1'] }),
      ]),
      'protected',
    ],
    [
      'blocked when something unprotected is left beside it',
      proof([safe, seen({ type: 'key-pair', id: 'key-1' })]),
      'blocked',
    ],
  ];

  it.each(cases)('is %s', (_says, given, verdict) => {
    expect(verdictOf(given)).toBe(verdict);
    expect(leftOf(given).length === 0).toBe(verdict === 'clean');
  });
});

describe('what is left', () => {
  it('names the id, the type and the owner of what holds it', () => {
    const [line] = leftOf(proof([{ ...seen({ type: 'security-group', id: 'sg-1' }), holders: foreign }]));

    expect(line).toBe(
      'us-west-2 security-group sg-1: held by network-interface eni-9 (ExperimentID=exp-10, Owner=eve), which is not of this experiment',
    );
  });

  it('names the API and region that could not be read', () => {
    expect(leftOf(proof([], { cells: unread }))).toEqual([
      'eu-west-1 volume: could not be read: UnauthorizedOperation: no',
    ]);
  });

  it('is cut to a hundred lines, saying how many more there are', () => {
    const lines = Array.from({ length: 130 }, String);

    expect(carried(lines)).toHaveLength(101);
    expect(carried(lines).at(-1)).toContain('30 more');
    expect(carried(lines.slice(0, 100))).toHaveLength(100);
  });
});

describe('the certificate', () => {
  it('names every resource ever seen with its last evidence, in a stable order', () => {
    const head = {
      experimentId: 'exp-1',
      account: '123456789012',
      regions: ['us-west-2'],
      startedAt: at(0),
      finishedAt: at(9),
    };
    const given = proof([seen({ type: 'volume', id: 'vol-2' }), { ...instance, state: 'gone', seen: 'terminated' }]);

    const certificate = assembleCertificate(head, given);

    expect(certificate).toMatchObject({ ...head, verdict: 'blocked', left: ['us-west-2 volume vol-2: exists'] });
    expect(certificate.resources.map(({ id, evidence }) => [id, evidence])).toEqual([
      ['i-1', 'terminated'],
      ['vol-2', 'exists'],
    ]);
    const turned: Proof = { ...given, entries: Object.fromEntries(Object.entries(given.entries).reverse()) };
    expect(assembleCertificate(head, turned)).toEqual(certificate);
  });

  it('keeps the newest reading of a source', () => {
    const again = foldCells(
      unread,
      'eu-west-1',
      [{ api: 'DescribeVolumes', subject: 'volume', pages: 1, live: 0 }],
      at(5),
    );

    expect(verdictOf(proof([], { cells: again }))).toBe('clean');
    expect(Object.values(again)).toHaveLength(2);
  });
});
