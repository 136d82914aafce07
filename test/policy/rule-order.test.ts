import fc from 'fast-check';
import { groupOrder, type Reference } from '../../src/policy/rule-order';

/** Groups that others name, some rules of the group itself, and two groups that are not doomed. */
function tangle(): fc.Arbitrary<{ doomed: string[]; references: Reference[] }> {
  const names = Array.from({ length: 8 }, (_, index) => `sg-${String(index)}`);
  const rule = fc.record({ by: fc.constantFrom(...names, 'sg-out-1', 'sg-out-2'), names: fc.constantFrom(...names) });
  return fc.record({
    doomed: fc.uniqueArray(fc.constantFrom(...names), { minLength: 1 }),
    references: fc.array(rule, { maxLength: 40 }),
  });
}

/** Both ways between each two. */
function complete(ids: string[]): Reference[] {
  return ids.flatMap((by) => ids.filter((names) => names !== by).map((names) => ({ by, names })));
}

it('deletes every group once, and none while a rule of another one names it', () => {
  fc.assert(
    fc.property(tangle(), ({ doomed, references }) => {
      const { empty, waves } = groupOrder(doomed, references);

      let rules = references.filter(({ by, names }) => by !== names && doomed.includes(names) && !empty.includes(by));
      for (const wave of waves) {
        expect(rules.filter(({ names }) => wave.includes(names))).toEqual([]);
        rules = rules.filter(({ by }) => !wave.includes(by));
      }
      expect(waves.flat().sort()).toEqual([...doomed].sort());
      expect(empty.filter((id) => !references.some(({ by }) => by === id))).toEqual([]);
    }),
  );
});

it('empties one of two that name each other, and deletes all pairs in two waves', () => {
  const pairs = Array.from({ length: 50 }, (_, index) => [`sg-a${String(index)}`, `sg-b${String(index)}`]);

  const { empty, waves } = groupOrder(pairs.flat(), pairs.flatMap(complete));

  expect(empty).toHaveLength(50);
  expect(waves.map((wave) => wave.length)).toEqual([50, 50]);
});

it('empties all but one where each names each other', () => {
  const ids = ['sg-1', 'sg-2', 'sg-3', 'sg-4'];

  expect(groupOrder(ids, complete(ids)).empty).toHaveLength(3);
});

it('revokes nothing along a chain', () => {
  const references = [
    { by: 'sg-1', names: 'sg-2' },
    { by: 'sg-2', names: 'sg-3' },
  ];

  expect(groupOrder(['sg-3', 'sg-2', 'sg-1'], references)).toEqual({
    empty: [],
    waves: [['sg-1'], ['sg-2'], ['sg-3']],
  });
});

it('empties a group that stays and names one that goes', () => {
  expect(groupOrder(['sg-1'], [{ by: 'sg-out', names: 'sg-1' }])).toEqual({ empty: ['sg-out'], waves: [['sg-1']] });
});
