import fc from 'fast-check';
import { RESOURCE_TYPES, type ResourceType, type SeenResource } from '../../src/contracts/inventory';
import { verdictOf } from '../../src/policy/certificate';
import {
  alive,
  awaited,
  batchesOf,
  DELETIONS,
  endingFirst,
  endingNow,
  entryKey,
  foldRemovals,
  foldSeen,
  nextRetry,
  outlook,
  readyToDelete,
  type Entries,
} from '../../src/policy/deletion';
import { at, entriesOf, seen, world } from './resources';

/** All kinds a kind may wait for, however far away. */
function before(type: ResourceType, trail: ResourceType[] = []): ResourceType[] {
  if (trail.includes(type)) throw new Error(`${type} waits for itself: ${trail.join(' after ')}`);
  return DELETIONS[type].after.flatMap((other) => [other, ...before(other, [...trail, type])]);
}

/** Deletes as the workflow does, round by round; answers the ids in the order in which they were asked for. */
function deleteAll(start: Entries): { order: string[][]; end: Entries } {
  const order: string[][] = [];
  let entries = start;
  for (let round = 1; ; round += 1) {
    const view = outlook(entries, round * 60_000);
    if (view.next !== 'delete') return { order, end: entries };
    order.push(view.ready.map((one) => one.id));
    for (const batch of batchesOf(view.ready)) {
      const answers = batch.ids.map((id) => ({ id, outcome: 'gone' as const, detail: 'deleted' }));
      entries = foldRemovals(entries, batch.region, batch.type, answers, at(round));
    }
  }
}

describe('the order of deletion', () => {
  it('covers every kind Holdfast creates, without a circle', () => {
    expect(Object.keys(DELETIONS).sort()).toEqual([...RESOURCE_TYPES].sort());
    for (const type of RESOURCE_TYPES) expect(before(type)).not.toContain(type);
  });

  it('never asks for anything whose holders still live, and ends with nothing left', () => {
    fc.assert(
      fc.property(world(), (resources) => {
        const { order, end } = deleteAll(entriesOf(resources));

        const asked = new Set<string>();
        for (const round of order) {
          for (const id of round) {
            const needed = resources.find((one) => one.id === id)?.neededBy ?? [];
            expect(needed.filter((other) => !asked.has(other))).toEqual([]);
          }
          for (const id of round) asked.add(id);
        }
        expect(alive(end)).toEqual([]);
        expect(asked.size).toBe(resources.length);
      }),
    );
  });

  it('never asks for what is protected, held by others or ends with its owner, nor for what waits for those', () => {
    const kept = fc.constantFrom('protectedBy', 'holders', 'diesWith', undefined, undefined);
    fc.assert(
      fc.property(world(), fc.array(kept, { minLength: 40, maxLength: 40 }), (plain, marks) => {
        const resources = plain.map((one, index) => mark(one, marks[index % marks.length]));
        const { order, end } = deleteAll(entriesOf(resources));

        const untouchable = new Set(
          resources.filter((one) => one.protectedBy ?? one.holders ?? one.diesWith).map((one) => one.id),
        );
        const asked = order.flat();
        expect(asked.filter((id) => untouchable.has(id))).toEqual([]);
        for (const id of asked) {
          const needed = resources.find((one) => one.id === id)?.neededBy ?? [];
          expect(needed.filter((other) => untouchable.has(other))).toEqual([]);
        }
        expect(new Set(asked).size).toBe(asked.length);
        expect(verdictOf({ entries: end, cells: {}, confirmed: true }) === 'clean').toBe(alive(end).length === 0);
      }),
    );
  });

  it('keeps what an unread resource may hold', () => {
    const entries = entriesOf([seen({ type: 'volume', id: 'vol-1', neededBy: ['i-unread'] })]);

    expect(outlook(entries, 0)).toEqual({ next: 'stuck' });
  });

  it('remembers a protection that only a refusal showed', () => {
    const one = seen({ type: 'instance', id: 'i-1' });
    const refused = foldRemovals(
      entriesOf([one]),
      one.region,
      one.type,
      [{ id: 'i-1', outcome: 'protected', detail: 'OperationNotPermitted' }],
      at(1),
    );

    const again = foldSeen(refused, [one], at(2));

    expect(verdictOf({ entries: again, cells: {}, confirmed: true })).toBe('protected');
  });

  it('leaves alone a type that it does not know', () => {
    expect(outlook(entriesOf([seen({ type: 'network-acl', id: 'acl-1' })]), 0)).toEqual({ next: 'stuck' });
  });
});

function mark(one: ReturnType<typeof seen>, how: string | undefined): ReturnType<typeof seen> {
  if (how === 'protectedBy') return { ...one, protectedBy: 'tag DoNotDelete' };
  if (how === 'holders') return { ...one, holders: [{ type: 'network-interface', id: 'eni-x', tags: {} }] };
  return how === 'diesWith' ? { ...one, diesWith: 'i-none' } : one;
}

describe('batches', () => {
  it('hold one kind of one region, each id once, and no more than its API takes', () => {
    fc.assert(
      fc.property(world(), (resources) => {
        const entries = Object.values(entriesOf(resources));
        const batches = batchesOf(entries);

        for (const batch of batches)
          expect(batch.ids.length).toBeLessThanOrEqual(DELETIONS[batch.type as ResourceType].batch);
        const named = batches.flatMap((batch) => batch.ids.map((id) => entryKey({ ...batch, id })));
        expect(named.sort()).toEqual(entries.map(entryKey).sort());
      }),
    );
  });

  it('take 25 fleets at once', () => {
    const fleets = Array.from({ length: 60 }, (_, index) => seen({ type: 'fleet', id: `fleet-${String(index)}` }));

    expect(batchesOf(Object.values(entriesOf(fleets))).map((batch) => batch.ids.length)).toEqual([25, 25, 10]);
  });
});

describe('what was asked for', () => {
  const one = seen({ type: 'instance', id: 'i-1' });
  const asked = foldRemovals(
    entriesOf([one]),
    one.region,
    one.type,
    [{ id: 'i-1', outcome: 'asked', detail: 'ok' }],
    at(10),
  );

  it('counts as ending while a lagging Describe still shows it alive', () => {
    const later = foldSeen(asked, [one], at(20));

    expect(endingNow(later).map((entry) => entry.id)).toEqual(['i-1']);
    expect(readyToDelete(later, Date.parse(at(20)))).toEqual([]);
  });

  it('is asked for again when it still lives long afterwards', () => {
    const later = foldSeen(asked, [one], at(26));

    expect(readyToDelete(later, Date.parse(at(26))).map((entry) => entry.id)).toEqual(['i-1']);
  });

  it('waits longer after each refusal as in use, and is given up after a refusal for good', () => {
    const group = seen({ type: 'security-group', id: 'sg-1' });
    let entries = entriesOf([group]);
    const pauses: number[] = [];
    for (let round = 1; round <= 6; round += 1) {
      entries = foldRemovals(
        entries,
        group.region,
        group.type,
        [{ id: 'sg-1', outcome: 'in-use', detail: 'held' }],
        at(round * 100),
      );
      pauses.push((nextRetry(entries) ?? 0) - Date.parse(at(round * 100)));
      expect(outlook(entries, Date.parse(at(round * 100))).next).toBe('retry');
    }
    expect(pauses).toEqual([2000, 4000, 8000, 16_000, 30_000, 30_000]);

    for (const outcome of ['protected', 'denied', 'failed'] as const) {
      const given = foldRemovals(
        entriesOf([group]),
        group.region,
        group.type,
        [{ id: 'sg-1', outcome, detail: 'no' }],
        at(1),
      );
      expect(outlook(given, Date.parse(at(10_000)))).toEqual({ next: 'stuck' });
    }
  });
});

describe('what holds others', () => {
  const gateway = seen({ type: 'natgateway', id: 'nat-1' });
  const subnet = seen({ type: 'subnet', id: 'subnet-1', neededBy: ['nat-1'] });
  const vpc = seen({ type: 'vpc', id: 'vpc-1', neededBy: ['subnet-1'] });
  const key = seen({ type: 'key-pair', id: 'key-1' });
  const asked = (entries: Entries, { region, type, id }: SeenResource): Entries =>
    foldRemovals(entries, region, type, [{ id, outcome: 'asked', detail: 'ok' }], at(1));
  const idsOf = (some: { id: string }[]): string[] => some.map((one) => one.id);

  it('lets go when its deletion was accepted, but for kinds that linger', () => {
    const lingering = asked(entriesOf([gateway, subnet, vpc]), gateway);
    expect(idsOf(readyToDelete(lingering, Date.parse(at(2))))).toEqual([]);

    const over = foldSeen(lingering, [{ ...gateway, state: 'gone', seen: 'deleted' }], at(3));
    expect(idsOf(readyToDelete(over, Date.parse(at(3))))).toEqual(['subnet-1']);
    expect(idsOf(readyToDelete(asked(over, subnet), Date.parse(at(3))))).toEqual(['vpc-1']);
  });

  it('holds again when it turns out to live on long after its deletion was accepted', () => {
    const over = foldSeen(entriesOf([gateway, subnet, vpc]), [{ ...gateway, state: 'gone', seen: 'deleted' }], at(1));
    const still = foldSeen(asked(over, subnet), [subnet], at(20));

    expect(idsOf(readyToDelete(still, Date.parse(at(20))))).toEqual(['subnet-1']);
  });

  it('is worth a look before what nothing waits for, and so is its owner', () => {
    const both = asked(asked(entriesOf([gateway, subnet, vpc, key]), gateway), key);
    expect(idsOf(awaited(both, Date.parse(at(2))))).toEqual(['nat-1']);

    const child = seen({ type: 'network-interface', id: 'eni-1', diesWith: 'nat-1' });
    const held = { ...subnet, neededBy: ['eni-1'] };
    const owned = asked(asked(entriesOf([gateway, child, held, key]), gateway), key);
    expect(idsOf(awaited(owned, Date.parse(at(2)))).sort()).toEqual(['eni-1', 'nat-1']);

    const alone = asked(entriesOf([key]), key);
    expect(idsOf(awaited(alone, Date.parse(at(2))))).toEqual(['key-1']);
    expect(outlook(alone, Date.parse(at(2)))).toEqual({ next: 'wait' });
    expect(idsOf(awaited(alone, Date.parse(at(17))))).toEqual([]);
    expect(outlook(alone, Date.parse(at(17)))).toEqual({ next: 'empty' });
  });
});

describe('children without tags', () => {
  const owner = seen({ type: 'instance', id: 'i-1' });
  const child = seen({ type: 'network-interface', id: 'eni-1', diesWith: 'i-1' });

  it('are waited for once their owner is going or gone, and never deleted', () => {
    const entries = entriesOf([owner, child]);
    expect(endingNow(entries)).toEqual([]);

    const going = foldSeen(entries, [{ ...owner, state: 'ending' }], at(1));
    expect(
      endingNow(going)
        .map((one) => one.id)
        .sort(),
    ).toEqual(['eni-1', 'i-1']);
    expect(endingFirst(going).map((one) => one.id)).toEqual(['i-1']);

    const gone = foldSeen(entries, [{ ...owner, state: 'gone', seen: 'terminated' }], at(1));
    expect(outlook(gone, Date.parse(at(1)))).toEqual({ next: 'wait' });
  });

  it('are no reason to wait while their owner has not shown itself: it is looked for', () => {
    const alone = entriesOf([child]);
    expect(outlook(alone, Date.parse(at(1)))).toEqual({ next: 'look' });
    const indexed = foldSeen(alone, [{ ...owner, state: 'gone', seen: 'not found' }], at(1));
    expect(outlook(indexed, Date.parse(at(1)))).toEqual({ next: 'look' });

    const ended = foldRemovals(
      foldSeen(alone, [owner], at(1)),
      owner.region,
      owner.type,
      [{ id: 'i-1', outcome: 'asked', detail: 'ok' }],
      at(1),
    );
    const vanished = foldSeen(ended, [{ ...owner, state: 'gone', seen: 'not found' }], at(2));
    expect(outlook(vanished, Date.parse(at(2)))).toEqual({ next: 'wait' });

    const shown = foldSeen(alone, [owner], at(2));
    expect(outlook(shown, Date.parse(at(2)))).toMatchObject({ next: 'delete', ready: [{ id: 'i-1' }] });
  });
});
