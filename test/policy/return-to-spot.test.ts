import fc from 'fast-check';
import type { Node } from '../../src/contracts/messages';
import { mayDisturb, returnsOf, stepUnderWay, type ReturnQuestion } from '../../src/policy/return-to-spot';

const HOUR = 3_600_000;
const NOON = Date.parse('2026-01-31T12:00:00Z');

function node(slot: string, over: Partial<Node> = {}): Node {
  const place = { region: 'us-west-2', zone: 'us-west-2a', instanceType: 'm6i.large', market: 'on-demand' } as const;
  return { slot, component: 'app', generation: 1, instanceId: `i-${slot}`, ...place, ...over };
}

/** One slot that was bought on-demand at noon. */
function question(over: Partial<ReturnQuestion> = {}, part: object = {}): ReturnQuestion {
  return {
    spec: {
      market: 'spot-then-on-demand',
      components: { app: { onInterruption: 'replace', ...part } },
      returnAfter: 3600,
    },
    nodes: [node('app-0')],
    records: [],
    since: { 'i-app-0': NOON },
    tried: {},
    ...over,
  };
}

const timesOf = (asked: ReturnQuestion): number[] => returnsOf(asked).map(({ atMs }) => (atMs - NOON) / HOUR);

describe('the return to spot', () => {
  it.each<[string, Partial<ReturnQuestion>, number]>([
    ['an hour past the launch', {}, 1],
    ['an hour past the last try', { tried: { 'app-0': NOON + 0.5 * HOUR } }, 1.5],
    [
      'an hour past the last loss of the slot',
      {
        records: [
          { slot: 'app-0', detectedAt: new Date(NOON + 0.7 * HOUR).toISOString() },
          { slot: 'app-0', detectedAt: new Date(NOON + 0.2 * HOUR).toISOString() },
          { slot: 'app-1', detectedAt: new Date(NOON + 0.9 * HOUR).toISOString() },
        ],
      },
      1.7,
    ],
  ])('comes %s', (_, over, hours) => {
    expect(timesOf(question(over))).toEqual([hours]);
  });

  it.each([
    ['a node on spot', question({ nodes: [node('app-0', { market: 'spot' })] })],
    ['a component that is meant to be on-demand', question({}, { market: 'on-demand' })],
    ['a component of which no node is replaced', question({}, { onInterruption: 'fail' })],
    ['a node that was not seen yet', question({ since: {} })],
  ])('never comes for %s', (_, asked) => {
    expect(returnsOf(asked)).toEqual([]);
  });

  it('follows the market of the component before that of the experiment', () => {
    const { spec } = question({}, { market: 'spot-then-on-demand' });
    expect(timesOf(question({ spec: { ...spec, market: 'on-demand' } }))).toEqual([1]);
  });

  it('is bounded: at most once per slot and hour, and never within an hour of a loss, whatever happens', () => {
    const minute = fc.record({ lost: fc.boolean(), fails: fc.boolean(), seldom: fc.integer({ min: 0, max: 20 }) });
    fc.assert(
      fc.property(fc.array(minute, { minLength: 200, maxLength: 400 }), (minutes) => {
        let state = question();
        const tries: number[] = [];
        const losses: number[] = [];
        for (const [index, { lost, fails, seldom }] of minutes.entries()) {
          const now = NOON + index * 60_000;
          const [current] = state.nodes;
          if (current === undefined) throw new Error('there is one node');
          if (lost && seldom === 0) {
            losses.push(now);
            state = next(state, { ...current, market: 'on-demand' }, now);
            state = {
              ...state,
              records: [...state.records, { slot: 'app-0', detectedAt: new Date(now).toISOString() }],
            };
          }
          for (const { atMs } of returnsOf(state)) {
            if (atMs > now) continue;
            tries.push(now);
            const bought = fails ? state : next(state, { ...current, market: 'spot' }, now);
            state = { ...bought, tried: { 'app-0': now } };
          }
        }
        for (const at of tries) {
          expect(tries.filter((other) => other >= at && other < at + HOUR)).toHaveLength(1);
          expect(losses.filter((other) => other <= at && other > at - HOUR)).toEqual([]);
        }
      }),
    );
  });
});

/** The slot with a new node. */
function next(state: ReturnQuestion, current: Node, now: number): ReturnQuestion {
  const instanceId = `i-${String(now)}-${current.market}`;
  return { ...state, nodes: [{ ...current, instanceId }], since: { ...state.since, [instanceId]: now } };
}

describe('a step and a change for money', () => {
  const steps = [{ name: 'one' }, { name: 'two' }] as never;

  it.each([
    [[], 'one'],
    [['one'], 'two'],
    [['one', 'one'], 'two'],
    [['one', 'two'], undefined],
  ])('with the outcomes %j, the step that runs is %s', (names, running) => {
    const outcomes = names.map((name) => ({ name }));
    expect(stepUnderWay(steps, outcomes)?.name).toBe(running);
  });

  it.each([
    ['no step runs', undefined, true],
    ['a step runs on others and keeps what it made', { on: ['client'], onDisturbed: 'keep' as const }, true],
    ['a step runs on it', { on: ['app'], onDisturbed: 'keep' as const }, false],
    ['a step would run again', { on: ['client'], onDisturbed: 'rerun' as const }, false],
    ['a step would fail', { on: ['client'], onDisturbed: 'fail' as const }, false],
  ])('%s', (_, step, may) => {
    expect(mayDisturb(step, 'app')).toBe(may);
  });
});
