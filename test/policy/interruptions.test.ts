import fc from 'fast-check';
import { INTERRUPTION_KINDS, type Interruption } from '../../src/contracts/interruptions';
import { ERROR_TABLE } from '../../src/policy/error-table';
import { classify } from '../../src/policy/refusals';
import { fuse, isSameNotice, NODE_CODES, nodeCode, NOTICE_MS } from '../../src/policy/interruptions';

/** What EC2 documents, typed out apart from the table: `channel meaning loss|no-loss: codes`. */
const DOCUMENTED = `
spot-status going loss: marked-for-termination marked-for-stop
spot-status gone loss: instance-terminated-no-capacity instance-terminated-by-price instance-terminated-by-service instance-terminated-by-schedule instance-terminated-launch-group-constraint
spot-status gone loss: instance-stopped-no-capacity instance-stopped-by-price limit-exceeded
spot-status user-made loss: instance-terminated-by-user instance-stopped-by-user
spot-status user-made no-loss: request-canceled-and-instance-running
spot-status waiting no-loss: pending-evaluation pending-fulfillment not-scheduled-yet capacity-not-available price-too-low placement-group-constraint az-group-constraint launch-group-constraint constraint-not-fulfillable
spot-status broken no-loss: bad-parameters system-error schedule-expired canceled-before-fulfillment
spot-status good no-loss: fulfilled
state-reason gone loss: Server.SpotInstanceTermination Server.SpotInstanceShutdown Server.InsufficientInstanceCapacity Server.ScheduledStop
state-reason user-made loss: Client.InstanceInitiatedShutdown Client.InstanceTerminated Client.UserInitiatedShutdown Client.UserInitiatedHibernate
state-reason broken loss: Server.InternalError Client.InternalError Client.InvalidSnapshot.NotFound Client.VolumeLimitExceeded
`;

const rows = DOCUMENTED.trim()
  .split('\n')
  .flatMap((line) => {
    const [head = '', codes = ''] = line.split(': ');
    const [channel = '', meaning = '', loss = ''] = head.split(' ');
    return codes.split(' ').map((code) => ({ code, channel, meaning, isLoss: loss === 'loss' }));
  });

describe('the table of node codes', () => {
  it.each(rows)('says that $code is $meaning', (row) => {
    expect(nodeCode(row.code)).toEqual(row);
  });

  it('holds these and no others, once each', () => {
    expect(NODE_CODES.map(({ code }) => code).sort()).toEqual(rows.map(({ code }) => code).sort());
  });

  it('holds the codes that the error table has of these channels, and the same ones', () => {
    const met = ERROR_TABLE.filter(({ channel }) => channel !== undefined).map((row) => [row.code, row.channel]);
    expect(met.sort()).toEqual(NODE_CODES.map(({ code, channel }) => [code, channel]).sort());
  });

  it('holds nothing against a pool when a person ended the node or nothing is wrong', () => {
    const innocent = NODE_CODES.filter(({ meaning }) => meaning === 'user-made' || meaning === 'good');
    expect(innocent.length).toBeGreaterThan(6);
    for (const { code } of innocent) expect([code, classify(code).scope]).toEqual([code, 'none']);
  });

  it('knows nothing of a code that EC2 does not document', () => {
    expect(nodeCode('instance-abducted')).toBeUndefined();
  });
});

const NOON = Date.parse('2026-01-31T12:00:00Z');
const iso = (ms: number): string => new Date(ms).toISOString();

function notice(over: Partial<Interruption> & { seconds?: number } = {}): Interruption {
  const { seconds = 0, ...rest } = over;
  const noticeAt = iso(NOON + seconds * 1000);
  return {
    instanceId: 'i-1',
    region: 'us-west-2',
    kind: 'reclaim',
    source: 'spot-request',
    noticeAt,
    detectedAt: noticeAt,
    reason: 'marked-for-termination',
    ...rest,
  };
}

describe('one and the same notice', () => {
  it.each([
    ['from two sources, seconds apart', notice(), notice({ seconds: 2, source: 'aws-event' })],
    [
      'whose status moved on when the node went',
      notice(),
      notice({ seconds: 120, reason: 'instance-terminated-by-price' }),
    ],
    ['whose end is seen', notice(), notice({ seconds: 130, kind: 'ended', reason: 'terminated' })],
    [
      'whose end is seen late',
      notice(),
      notice({ seconds: 3600, kind: 'ended', reason: 'Server.SpotInstanceTermination' }),
    ],
    ['whose status trails the end', notice({ seconds: 50, kind: 'ended' }), notice()],
  ])('is one %s', (_, known, next) => {
    expect(isSameNotice(known, next)).toBe(true);
  });

  it.each([
    ['a second notice half an hour later', notice(), notice({ seconds: 1800 })],
    ['a notice to another node', notice(), notice({ instanceId: 'i-2' })],
    ['a loss after a mere hint', notice({ kind: 'rebalance' }), notice()],
    [
      'an end that a person made long after a false notice',
      notice(),
      notice({ seconds: 3600, kind: 'ended', reason: 'Client.UserInitiatedShutdown' }),
    ],
    ['another planned event', maintenance('instance-reboot', 1), maintenance('instance-reboot', 2)],
    ['an event of another kind', maintenance('instance-reboot', 1), maintenance('instance-retirement', 1)],
    ['a second streak of failed checks', notice({ kind: 'unhealthy' }), notice({ kind: 'unhealthy', seconds: 60 })],
  ])('is not %s', (_, known, next) => {
    expect(isSameNotice(known, next)).toBe(false);
  });

  it('is a planned event that is seen again', () => {
    const [first, again] = [maintenance('instance-reboot', 1), maintenance('instance-reboot', 1)];
    expect(isSameNotice(first, { ...again, noticeAt: iso(NOON + 60_000) })).toBe(true);
  });
});

function maintenance(reason: string, day: number): Interruption {
  return notice({ kind: 'maintenance', reason, endsAt: iso(NOON + day * 86_400_000) });
}

const anyNotice = fc
  .record({
    instanceId: fc.constantFrom('i-1', 'i-2', 'i-3'),
    kind: fc.constantFrom(...INTERRUPTION_KINDS),
    source: fc.constantFrom('spot-request' as const, 'instance' as const, 'aws-event' as const),
    seconds: fc.integer({ min: 0, max: 7200 }),
    reason: fc.constantFrom(...NODE_CODES.filter(({ isLoss }) => isLoss).map(({ code }) => code)),
  })
  .map((parts) => notice(parts));

describe('the fuse', () => {
  it('finds nothing new in what it has seen, in any order and however often', () => {
    fc.assert(
      fc.property(fc.array(anyNotice, { maxLength: 20 }), fc.infiniteStream(fc.nat()), (notices, random) => {
        const { known } = fuse([], notices);
        const again = [...notices, ...notices].sort(() => ((random.next().value as number) % 2 === 0 ? 1 : -1));
        expect(fuse(known, again).fresh).toEqual([]);
      }),
    );
  });

  it('makes no difference between one batch and many', () => {
    fc.assert(
      fc.property(fc.array(anyNotice, { maxLength: 20 }), (notices) => {
        const together = fuse([], notices).fresh;
        let known: Interruption[] = [];
        const apart = notices.flatMap((one) => {
          const fused = fuse(known, [one]);
          known = fused.known;
          return fused.fresh;
        });
        expect(apart).toEqual(together);
      }),
    );
  });

  it('counts every real notice: each further apart than notice and lag is an event of its own', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 181, max: 5000 }), { maxLength: 10 }), (gaps) => {
        let seconds = 0;
        const notices = [0, ...gaps].flatMap((gap) => {
          seconds += gap;
          // Each is seen by both sources.
          return [notice({ seconds }), notice({ seconds: seconds - 1, source: 'aws-event' })];
        });
        expect(fuse([], notices).fresh).toHaveLength(gaps.length + 1);
      }),
    );
  });

  it('never lets a hint swallow a loss, nor the loss of one node that of another', () => {
    fc.assert(
      fc.property(fc.array(anyNotice, { maxLength: 20 }), (notices) => {
        const { known } = fuse([], notices);
        const lost = notices.filter(({ kind }) => kind === 'reclaim' || kind === 'ended');
        const told = known.filter(({ kind }) => kind === 'reclaim' || kind === 'ended');
        expect(new Set(told.map((one) => one.instanceId))).toEqual(new Set(lost.map((one) => one.instanceId)));
      }),
    );
  });

  it('takes two minutes for the length of a notice, as AWS does', () => {
    expect(NOTICE_MS).toBe(120_000);
  });
});
