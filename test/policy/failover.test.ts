/** What is done about lost nodes, by each policy, within its budget and without breaking a quorum? */
import type { Market } from '../../src/contracts/capacity';
import type { InterruptionRecord } from '../../src/contracts/failover';
import type { InterruptionKind } from '../../src/contracts/interruptions';
import type { Node } from '../../src/contracts/messages';
import { planFailover, type FailoverPlan, type Loss } from '../../src/policy/failover';
import type { ExperimentInput } from '../../src/schemas/experiment';
import { component, loss, member, members, NOW, record } from './losses';

type Part = ExperimentInput['components'][string];

interface Case {
  parts: Record<string, Part>;
  losses: Loss[];
  all: Node[];
  history?: InterruptionRecord[];
  markets?: Market[];
}

function plan({ parts, losses, all, history = [], markets = ['spot', 'on-demand'] }: Case): FailoverPlan {
  const components = Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, component(part)]));
  return planFailover({ losses, members: all, components, marketsOf: () => markets, history, nowMs: NOW });
}

/** What is replaced, as `component: slots`, one per launch request. */
function requests({ recoveries }: FailoverPlan): string[] {
  return recoveries.map((one) => `${one.component}: ${one.replace.map((node) => node.slot).join(' ')}`);
}

const brokers = members('broker', 3);
const [first, second, third] = brokers as [Node, Node, Node];

describe('nodes lost in one moment', () => {
  it('are one launch request per component', () => {
    const workers = members('worker', 2);
    const losses = [...brokers, ...workers].map((node) => loss(node));

    const answer = plan({
      parts: { broker: { count: 3 }, worker: { count: 2 } },
      losses,
      all: [...brokers, ...workers],
    });

    expect(requests(answer)).toEqual(['broker: broker-0 broker-1 broker-2', 'worker: worker-0 worker-1']);
  });

  it('of a component that restarts take every member along, once', () => {
    const parts = { broker: { count: 3, onInterruption: 'restart-all' as const } };

    const answer = plan({ parts, losses: [loss(second), loss(third)], all: brokers });

    expect(requests(answer)).toEqual(['broker: broker-0 broker-1 broker-2']);
    expect(answer.recoveries[0]).toMatchObject({ isRestart: true, isPlanned: false });
  });

  it('leave alone the members of a restarting component that are being replaced already', () => {
    const parts = { broker: { count: 3, onInterruption: 'restart-all' as const } };

    const answer = plan({ parts, losses: [loss(second)], all: brokers, history: [record(first)] });

    expect(requests(answer)).toEqual(['broker: broker-1 broker-2']);
  });
});

describe('the policy of a component', () => {
  const answers: [policy: Part['onInterruption'], kind: InterruptionKind, answer: string][] = [
    ['replace', 'reclaim', 'broker: broker-0'],
    ['replace', 'unhealthy', 'broker: broker-0'],
    ['replace', 'return', 'broker: broker-0'],
    ['replace', 'at-risk', 'broker: broker-0'],
    ['restart-all', 'reclaim', 'broker: broker-0 broker-1 broker-2'],
    ['restart-all', 'replace', 'broker: broker-0 broker-1 broker-2'],
    ['restart-all', 'return', 'ignored'],
    ['restart-all', 'at-risk', 'ignored'],
    ['fail', 'ended', 'fatal'],
    ['fail', 'at-risk', 'broker: broker-0'],
    ['fail', 'replace', 'broker: broker-0'],
    ['ignore', 'reclaim', 'ignored'],
    ['ignore', 'at-risk', 'ignored'],
    ['ignore', 'replace', 'broker: broker-0'],
  ];

  it.each(answers)('%s answers %s with %s', (onInterruption, kind, expected) => {
    const parts = { broker: { count: 3, ...(onInterruption === undefined ? {} : { onInterruption }) } };

    const answer = plan({ parts, losses: [loss(first, kind)], all: brokers });

    const told = answer.fatal !== undefined ? 'fatal' : answer.ignored.length > 0 ? 'ignored' : requests(answer).join();
    expect(told).toBe(expected);
  });
});

describe('a replacement', () => {
  const parts = { broker: { count: 3 } };
  const twice = [1, 2].map((generation) => record(member('broker-0', generation), { promotedAt: 'x' }));
  const third3 = member('broker-0', 3);

  it('is bought on-demand from the third loss of its slot within an hour', () => {
    const markets = (history: InterruptionRecord[]): Market[] | undefined =>
      plan({ parts, losses: [loss(third3)], all: [third3], history }).recoveries[0]?.markets;

    expect(markets(twice.slice(1))).toEqual(['spot', 'on-demand']);
    expect(markets(twice)).toEqual(['on-demand']);
  });

  it('does not count what happened an hour ago, or by our own choice', () => {
    const old = twice.map((one) => ({ ...one, detectedAt: new Date(NOW - 3_600_001).toISOString() }));
    const chosen = twice.map((one) => ({ ...one, kind: 'at-risk' as const }));

    for (const history of [old, chosen])
      expect(plan({ parts, losses: [loss(third3)], all: [third3], history }).recoveries[0]?.markets).toContain('spot');
  });

  it('that returns to spot is bought in spot alone, and not at all where spot is not wanted', () => {
    const back = [loss(first, 'return')];

    expect(plan({ parts, losses: back, all: brokers }).recoveries[0]).toMatchObject({
      markets: ['spot'],
      isPlanned: true,
    });
    expect(plan({ parts, losses: back, all: brokers, markets: ['on-demand'] }).recoveries).toEqual([]);
  });
});

describe('the budget of a component', () => {
  const parts = { broker: { count: 3, failovers: 2 } };

  it('is spent by losses that were answered, those under way among them', () => {
    const history = [record(member('broker-1', 7))];

    expect(plan({ parts, losses: [loss(first)], all: brokers, history }).fatal).toBeUndefined();
    expect(plan({ parts, losses: [loss(first), loss(second)], all: brokers, history }).fatal).toBe(
      'broker-0 was taken away and broker has used its 2 failovers',
    );
  });

  it.each(['replace', 'return', 'at-risk'] as const)('is neither asked nor spent by %s', (kind) => {
    const spent = [1, 2].map((generation) => record(member('broker-2', generation + 5), { promotedAt: 'x' }));
    const chosen = spent.map((one) => ({ ...one, kind }));

    expect(plan({ parts, losses: [loss(first, kind)], all: brokers, history: spent }).fatal).toBeUndefined();
    expect(plan({ parts, losses: [loss(first)], all: brokers, history: chosen }).fatal).toBeUndefined();
  });
});

describe('a quorum of three', () => {
  const parts = { broker: { count: 3, quorum: true } };
  const twoAtRisk = [loss(first, 'at-risk'), loss(second, 'at-risk')];

  it('has one member replaced at a time by our own choice; the next is left for later', () => {
    const answer = plan({ parts, losses: twoAtRisk, all: brokers });

    expect(requests(answer)).toEqual(['broker: broker-0']);
    expect(answer.later.map(({ node }) => node.slot)).toEqual(['broker-1']);
  });

  it('has none replaced by choice while AWS takes one, in whatever order both are told', () => {
    const answer = plan({ parts, losses: [loss(second, 'unhealthy'), loss(first)], all: brokers });

    expect(requests(answer)).toEqual(['broker: broker-0']);
    expect(answer.later.map(({ node }) => node.slot)).toEqual(['broker-1']);
  });

  it('counts an empty slot, and one that is being replaced, as out', () => {
    const empty = plan({ parts, losses: [loss(first, 'replace')], all: brokers.slice(0, 2) });
    const busy = plan({ parts, losses: [loss(first, 'replace')], all: brokers, history: [record(second)] });
    const over = plan({
      parts,
      losses: [loss(first, 'replace')],
      all: brokers,
      history: [record(second, { missed: 'x' })],
    });

    expect([empty, busy, over].map((one) => one.later.length)).toEqual([1, 1, 0]);
  });

  it('has all replaced that AWS takes: they are lost already', () => {
    expect(requests(plan({ parts, losses: brokers.map((node) => loss(node)), all: brokers }))).toEqual([
      'broker: broker-0 broker-1 broker-2',
    ]);
  });
});
