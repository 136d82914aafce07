import fc from 'fast-check';
import { INTERRUPTION_KINDS, type Interruption } from '../../src/contracts/interruptions';
import type { Node } from '../../src/contracts/messages';
import { siblingsAtRisk } from '../../src/policy/at-risk';
import { NODE_CODES } from '../../src/policy/interruptions';

const NOON = '2026-01-31T12:00:00.000Z';
const REGION = 'us-west-2';
const components = {
  app: { onInterruption: 'replace' },
  db: { onInterruption: 'replace' },
  solo: { onInterruption: 'fail' },
  idle: { onInterruption: 'ignore' },
} as const;

function node(slot: string, over: Partial<Node> = {}): Node {
  const component = slot.split('-')[0] ?? '';
  const place = { region: REGION, zone: 'us-west-2a', instanceType: 'm6i.large', market: 'spot' } as const;
  return { slot, component, generation: 1, instanceId: `i-${slot}`, ...place, ...over };
}

function loss(slot: string, over: Partial<Interruption> = {}): Interruption {
  const about = { instanceId: `i-${slot}`, region: REGION, noticeAt: NOON, detectedAt: NOON };
  return { ...about, kind: 'reclaim', source: 'spot-request', reason: 'instance-terminated-no-capacity', ...over };
}

function atRisk(losses: Interruption[], nodes: Node[], settled: string[] = []): string[] {
  const settledIds = new Set(settled.map((slot) => `i-${slot}`));
  const found = siblingsAtRisk({ losses, nodes, components, settled: settledIds, at: NOON });
  return found.map((one) => one.instanceId.slice(2));
}

describe('siblings at risk', () => {
  it('are the other members of the lost pool, of whichever component, each told once', () => {
    const nodes = [node('app-0'), node('app-1'), node('app-2', { zone: 'us-west-2b' }), node('db-0')];
    expect(atRisk([loss('app-0')], nodes)).toEqual(['app-1', 'db-0']);
    expect(atRisk([loss('app-0'), loss('app-1')], nodes)).toEqual(['db-0']);
  });

  it('are told as a decision of ours, dated by the notice that brought it', () => {
    const noticeAt = '2026-01-31T11:59:50.000Z';
    const losses = [loss('app-0', { noticeAt })];
    const nodes = [node('app-0'), node('app-1')];
    expect(siblingsAtRisk({ losses, nodes, components, settled: new Set(), at: NOON })).toEqual([
      {
        instanceId: 'i-app-1',
        region: REGION,
        kind: 'at-risk',
        source: 'policy',
        noticeAt,
        detectedAt: NOON,
        reason: 'pool-lost',
      },
    ]);
  });

  it.each<[string, Partial<Node>]>([
    ['another zone', { zone: 'us-west-2b' }],
    ['another type', { instanceType: 'm5.large' }],
    ['on-demand', { market: 'on-demand' }],
  ])('are not those in another pool: %s', (_, over) => {
    expect(atRisk([loss('app-0')], [node('app-0'), node('app-1', over)])).toEqual([]);
  });

  it('are none when an on-demand node ends', () => {
    const [lost, other] = [node('app-0', { market: 'on-demand' }), node('app-1', { market: 'on-demand' })];
    const ended = loss('app-0', { kind: 'ended', reason: 'Server.InternalError' });
    expect(atRisk([ended], [lost, other])).toEqual([]);
  });

  it.each(['solo-0', 'idle-0'])('are not those whose component does not replace its nodes: %s', (slot) => {
    expect(atRisk([loss('app-0')], [node('app-0'), node(slot)])).toEqual([]);
  });

  it('are not those that are being replaced already', () => {
    expect(atRisk([loss('app-0')], [node('app-0'), node('app-1'), node('app-2')], ['app-1'])).toEqual(['app-2']);
  });

  it.each(INTERRUPTION_KINDS.filter((kind) => kind !== 'reclaim' && kind !== 'ended'))(
    'are none after a notice of kind %s: a rebalance recommendation, say, is no loss',
    (kind) => {
      expect(atRisk([loss('app-0', { kind })], [node('app-0'), node('app-1')])).toEqual([]);
    },
  );

  it('follow from codes by which AWS takes back a pool, and from no other', () => {
    const telling = NODE_CODES.filter(
      ({ code }) => atRisk([loss('app-0', { reason: code })], [node('app-0'), node('app-1')]).length > 0,
    );
    expect(telling.map(({ code }) => code).sort()).toEqual(
      [
        'marked-for-termination',
        'marked-for-stop',
        'instance-terminated-no-capacity',
        'instance-stopped-no-capacity',
        'instance-terminated-by-price',
        'instance-stopped-by-price',
        'Server.SpotInstanceTermination',
        'Server.SpotInstanceShutdown',
        'Server.InsufficientInstanceCapacity',
      ].sort(),
    );
  });

  it('leave nobody of a lost pool without a replacement, with no more launches than lost and at risk', () => {
    const place = fc.record({
      zone: fc.constantFrom('us-west-2a', 'us-west-2b'),
      market: fc.constantFrom('spot' as const, 'on-demand' as const),
      lost: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(place, { maxLength: 30 }), (places) => {
        const nodes = places.map(({ zone, market }, index) => node(`app-${String(index)}`, { zone, market }));
        const lost = nodes.filter((one, index) => places[index]?.lost === true && one.market === 'spot');
        const pools = new Set(lost.map((one) => one.zone));
        const expected = nodes.filter((one) => one.market === 'spot' && pools.has(one.zone) && !lost.includes(one));
        // Rounds follow each other while replacements are on their way.
        const asked: string[] = [];
        for (const one of lost) asked.push(...atRisk([loss(one.slot)], nodes, [...lost.map((l) => l.slot), ...asked]));
        expect(asked.sort()).toEqual(expected.map((one) => one.slot).sort());
      }),
    );
  });
});
