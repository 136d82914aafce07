import fc from 'fast-check';
import { inPayloads, pack, PART_BYTES, partAfter, unpack } from '../../src/policy/sightings';
import { seen, world } from './resources';

const byKey = (a: { type: string; id: string }, b: { type: string; id: string }): number =>
  `${a.type}/${a.id}` < `${b.type}/${b.id}` ? -1 : 1;

describe('resources in a payload', () => {
  it('come out as they went in', () => {
    fc.assert(
      fc.property(world(), (resources) => {
        const here = resources.filter((one) => one.region === 'us-west-2');
        expect(unpack('us-west-2', pack(here)).sort(byKey)).toEqual([...here].sort(byKey));
      }),
    );
  });

  it('keep words with spaces, edges, protection and what came after a plan', () => {
    const all = [
      seen({ type: 'instance', id: 'i-1', state: 'gone', seen: 'not found' }),
      seen({ type: 'volume', id: 'vol-1', diesWith: 'i-1', protectedBy: 'tag DoNotDelete', unplanned: true }),
      seen({ type: 'vpc', id: 'vpc-1', holders: [{ type: 'subnet', id: 'subnet-x', tags: { Owner: 'eve' } }] }),
    ];
    expect(unpack('us-west-2', pack(all))).toEqual(all);
    expect(pack(all)['instance']).toEqual({ 'gone not found': ['i-1'] });
  });

  it('take less than 256 KiB for a thousand with their edges', () => {
    const id = (prefix: string, index: number): string => `${prefix}-0${index.toString(16).padStart(16, '0')}`;
    const thousand = Array.from({ length: 1000 }, (_, index) =>
      seen({
        type: 'volume',
        id: id('vol', index),
        neededBy: [id('i', index), id('i', index + 1)],
        diesWith: id('i', index),
      }),
    );
    expect(JSON.stringify(pack(thousand)).length).toBeLessThan(PART_BYTES);
  });

  it('go on after the last key of a part until every one was given once, and no part is too heavy', () => {
    const all = Array.from({ length: 500 }, (_, index) => seen({ type: 'volume', id: `vol-${String(index)}` }));
    const given: string[] = [];
    let after: string | undefined;
    do {
      const { part, next } = partAfter(all, after, 1000);
      expect(JSON.stringify(part.map((one) => one.id)).length).toBeLessThan(1100);
      given.push(...part.map((one) => one.id));
      after = next;
    } while (after !== undefined);
    expect(given.toSorted()).toEqual(all.map((one) => one.id).toSorted());
  });

  it('are cut into parts without losing one, a single heavy one being a part of its own', () => {
    const parts = inPayloads(['a'.repeat(50), 'b', 'c', 'd'.repeat(50)], 60);
    expect(parts.map((part) => part.length)).toEqual([2, 2]);
    expect(inPayloads(['a'.repeat(500), 'b'], 60)).toHaveLength(2);
    expect(inPayloads([])).toEqual([]);
  });
});
