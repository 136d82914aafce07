import type { Market } from '../../src/contracts/capacity';
import { fullPools, spreadProblems } from '../../src/policy/spread';

const member = (zone: string, market: Market = 'spot') => ({ zone, instanceType: 't3.micro', market });
const quorum = (count: number) => ({ quorum: true, count });

describe('a quorum', () => {
  it('is well spread when no pool holds more than a minority', () => {
    expect(
      spreadProblems(
        'zookeeper',
        quorum(3),
        ['a', 'b', 'c'].map((zone) => member(zone)),
      ),
    ).toEqual([]);
    expect(
      spreadProblems(
        'zookeeper',
        quorum(5),
        ['a', 'a', 'b', 'b', 'c'].map((zone) => member(zone)),
      ),
    ).toEqual([]);
  });

  it('names the pool that would take the majority with it', () => {
    expect(
      spreadProblems(
        'zookeeper',
        quorum(3),
        ['a', 'a', 'b'].map((zone) => member(zone)),
      ),
    ).toEqual([
      'zookeeper: 2 of 3 members are in a/t3.micro/spot; losing that pool loses the quorum. ' +
        'Name more instanceTypes or zones.',
    ]);
  });

  it('of four is lost with two of them', () => {
    expect(
      spreadProblems(
        'zookeeper',
        quorum(4),
        ['a', 'a', 'b', 'c'].map((zone) => member(zone)),
      ),
    ).toHaveLength(1);
  });

  it('tells pools apart by market', () => {
    expect(spreadProblems('zookeeper', quorum(3), [member('a'), member('a', 'on-demand'), member('b')])).toEqual([]);
  });

  it('of one or two members has nothing to spread', () => {
    expect(spreadProblems('zookeeper', quorum(1), [member('a')])).toEqual([]);
    expect(spreadProblems('zookeeper', quorum(2), [member('a'), member('a')])).toEqual([]);
    expect(fullPools(quorum(2), [member('a')])).toEqual(new Set());
  });

  it('fills a pool with a minority and no more', () => {
    expect(fullPools(quorum(5), [member('a')])).toEqual(new Set());
    expect(fullPools(quorum(5), [member('a'), member('a'), member('b')])).toEqual(new Set(['a/t3.micro/spot']));
  });
});

it('does not matter to components without a quorum', () => {
  const same = [member('a'), member('a'), member('a')];

  expect(spreadProblems('client', { quorum: false, count: 3 }, same)).toEqual([]);
  expect(fullPools({ quorum: false, count: 3 }, same)).toEqual(new Set());
});
