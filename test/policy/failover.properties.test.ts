/** Do the promises of failover hold whatever is lost, in whatever order, and however replacements end? */
import fc from 'fast-check';
import { isOpen, type InterruptionRecord } from '../../src/contracts/failover';
import { FORCED_KINDS, type InterruptionKind } from '../../src/contracts/interruptions';
import type { Node } from '../../src/contracts/messages';
import { failoversUsed, planFailover } from '../../src/policy/failover';
import type { ComponentSpec } from '../../src/schemas/experiment';
import { component, members, notice, NOW } from './losses';

const KINDS: InterruptionKind[] = ['reclaim', 'ended', 'unhealthy', 'replace', 'return', 'at-risk'];
const POLICIES = ['replace', 'restart-all', 'fail', 'ignore'] as const;

/** What happens next: some slots are lost at once, or the oldest replacement ends well or badly. */
const event = fc.oneof(
  fc.record({ lost: fc.array(fc.tuple(fc.nat(8), fc.constantFrom(...KINDS)), { minLength: 1, maxLength: 5 }) }),
  fc.record({ ends: fc.boolean() }),
);

const story = fc.record({
  count: fc.integer({ min: 1, max: 7 }),
  quorum: fc.boolean(),
  failovers: fc.integer({ min: 0, max: 12 }),
  policy: fc.constantFrom(...POLICIES),
  events: fc.array(event, { maxLength: 30 }),
});

interface World {
  spec: ComponentSpec;
  members: Node[];
  records: InterruptionRecord[];
  generation: number;
}

/** Plays the part of the workflow: asks the policy, writes records, promotes or gives up. Ends at a fatal answer. */
function play(
  { count, quorum, failovers, policy, events }: typeof story extends fc.Arbitrary<infer T> ? T : never,
  check: (before: World, chosen: Node[], after: World) => void,
): World {
  const onInterruption = quorum && policy === 'restart-all' ? 'replace' : policy;
  const spec = component({ count, quorum, failovers, onInterruption });
  let world: World = { spec, members: members('any', count), records: [], generation: 1 };
  for (const one of events) {
    if ('ends' in one) {
      world = ended(world, one.ends);
      continue;
    }
    const next = lost(world, one.lost, check);
    if (next === undefined) break;
    world = next;
  }
  return world;
}

function lost(
  world: World,
  wanted: [number, InterruptionKind][],
  check: Parameters<typeof play>[1],
): World | undefined {
  const open = new Set(world.records.filter(isOpen).map((entry) => entry.oldInstance));
  const losses = wanted.flatMap(([index, kind], at) => {
    const node = world.members[index % Math.max(1, world.members.length)];
    const isAgain = wanted.slice(0, at).some(([other]) => world.members[other % world.members.length] === node);
    return node === undefined || open.has(node.instanceId) || isAgain ? [] : [{ node, notice: notice(node, kind) }];
  });
  const plan = planFailover({
    losses,
    members: world.members,
    components: { any: world.spec },
    marketsOf: () => ['spot', 'on-demand'],
    history: world.records,
    nowMs: NOW,
  });
  if (plan.fatal !== undefined) return undefined;
  const chosen = plan.recoveries.flatMap(({ replace }) => replace);
  const at = new Date(NOW).toISOString();
  const records = chosen.map((node): InterruptionRecord => {
    const kind = losses.find((entry) => entry.node === node)?.notice.kind ?? 'restart';
    const times = { noticeAt: at, detectedAt: at, askedAt: at };
    return { slot: node.slot, component: 'any', kind, oldInstance: node.instanceId, reason: '', pool: '', ...times };
  });
  const gone = new Set(
    plan.ignored.filter((entry) => FORCED_KINDS.includes(entry.notice.kind)).map(({ node }) => node),
  );
  const after = {
    ...world,
    members: world.members.filter((node) => !gone.has(node)),
    records: [...world.records, ...records],
  };
  const choices = records.filter((entry) => !FORCED_KINDS.some((kind) => kind === entry.kind));
  check(
    {
      ...world,
      members: world.members.filter(
        (node) => !losses.some((entry) => entry.node === node && FORCED_KINDS.includes(entry.notice.kind)),
      ),
    },
    chosen.filter((node) => choices.some((entry) => entry.oldInstance === node.instanceId)),
    after,
  );
  return after;
}

function ended(world: World, isWell: boolean): World {
  const [record] = world.records.filter(isOpen);
  if (record === undefined) return world;
  const old = world.members.find((node) => node.instanceId === record.oldInstance);
  if (!isWell || old === undefined)
    return { ...world, records: world.records.map((entry) => (entry === record ? { ...entry, missed: 'x' } : entry)) };
  const generation = world.generation + 1;
  const fresh = { ...old, generation: old.generation + 1, instanceId: `i-${String(generation)}` };
  return {
    ...world,
    generation,
    members: world.members.map((node) => (node === old ? fresh : node)),
    records: world.records.map((entry) =>
      entry === record ? { ...entry, newInstance: fresh.instanceId, promotedAt: 'x' } : entry,
    ),
  };
}

describe('for every story of losses', () => {
  it('a quorum of three or more never has more than a minority out after something that we chose', () => {
    fc.assert(
      fc.property(story, (drawn) => {
        play({ ...drawn, quorum: true }, (before, chosen, after) => {
          if (chosen.length === 0 || before.spec.count < 3) return;
          const busy = new Set(after.records.filter(isOpen).map((entry) => entry.oldInstance));
          const steady = before.members.filter((node) => !busy.has(node.instanceId)).length;
          expect(before.spec.count - steady).toBeLessThanOrEqual(Math.floor((before.spec.count - 1) / 2));
        });
      }),
      { numRuns: 500 },
    );
  });

  it('a slot has one holder, and no member is replaced twice at a time', () => {
    fc.assert(
      fc.property(story, (drawn) => {
        play(drawn, (_before, _chosen, after) => {
          const slots = after.members.map((node) => node.slot);
          const busy = after.records.filter(isOpen).map((entry) => entry.oldInstance);
          const taken = after.records.flatMap((entry) => entry.newInstance ?? []);
          expect(new Set(slots).size).toBe(slots.length);
          expect(new Set(busy).size).toBe(busy.length);
          expect(new Set(taken).size).toBe(taken.length);
        });
      }),
      { numRuns: 500 },
    );
  });

  it('the budget that is used only grows, and never beyond what the component has', () => {
    fc.assert(
      fc.property(story, (drawn) => {
        let used = 0;
        play(drawn, (_before, _chosen, { spec, records }) => {
          const now = failoversUsed('any', records);
          expect(now).toBeGreaterThanOrEqual(used);
          expect(now).toBeLessThanOrEqual(spec.failovers);
          used = now;
        });
      }),
      { numRuns: 500 },
    );
  });
});
