import fc from 'fast-check';
import type { Pool, Refusal } from '../../src/contracts/capacity';
import { durationMs } from '../../src/policy/block-time';
import {
  allowanceOf,
  blockOf,
  compactMemory,
  emptyMemory,
  mergeMemories,
  newsOf,
  recordNews,
  recordRefusals,
  recordSuccess,
  type PoolMemory,
} from '../../src/policy/pool-memory';
import { ERROR_TABLE } from '../../src/policy/refusals';
import { pool, refusal } from './pools';

const MINUTE = 60_000;
const familyOf = (type: string): string => (type.startsWith('g') ? 'G' : 'Standard');

function after(refusals: Refusal[], nowMs = 0, memory = emptyMemory()): PoolMemory {
  return recordRefusals(memory, refusals, familyOf, nowMs);
}

function minutesOf(memory: PoolMemory, asked: Pool = pool(), nowMs = 0): number {
  const block = blockOf(memory, asked, 'subnet-a', familyOf(asked.instanceType), nowMs);
  return block === undefined ? 0 : (block.untilMs - nowMs) / MINUTE;
}

describe('what a refusal blocks', () => {
  it('is one pool for missing capacity, in this market and zone only', () => {
    const memory = after([refusal('InsufficientInstanceCapacity')]);

    expect(minutesOf(memory)).toBe(3);
    expect(minutesOf(memory, pool({ market: 'on-demand' }))).toBe(0);
    expect(minutesOf(memory, pool({ zone: 'us-west-2b' }))).toBe(0);
    expect(minutesOf(memory, pool({ instanceType: 'm5.large' }))).toBe(0);
  });

  it('is the whole family in the region for a vCPU quota', () => {
    const memory = after([refusal('VcpuLimitExceeded')]);

    expect(minutesOf(memory, pool({ instanceType: 'c5.large', zone: 'us-west-2c' }))).toBe(15);
    expect(minutesOf(memory, pool({ instanceType: 'g5.xlarge' }))).toBe(0);
    expect(minutesOf(memory, pool({ market: 'on-demand' }))).toBe(0);
    expect(minutesOf(memory, pool({ region: 'us-east-1', zone: 'us-east-1a' }))).toBe(0);
  });

  it('is the region for its own limits', () => {
    const memory = after([refusal('MaxFleetCountExceeded')]);

    expect(minutesOf(memory, pool({ instanceType: 'g5.xlarge', market: 'on-demand' }))).toBe(30);
    expect(minutesOf(memory, pool({ region: 'us-east-1', zone: 'us-east-1a' }))).toBe(0);
  });

  it('is a day for a type that the zone does not offer', () => {
    expect(minutesOf(after([refusal('Unsupported')]))).toBe(24 * 60);
  });

  it('is the subnet when its addresses are used up, for every type in it', () => {
    const memory = after([refusal('InsufficientFreeAddressesInSubnet', { subnetId: 'subnet-a' })]);

    expect(minutesOf(memory, pool({ instanceType: 'c5.large' }))).toBe(5);
    expect(blockOf(memory, pool(), 'subnet-b', 'Standard', 0)).toBeUndefined();
  });

  it('is the pool when a full subnet is not named', () => {
    expect(minutesOf(after([refusal('InsufficientFreeAddressesInSubnet')]))).toBe(5);
  });

  it('is all spot of the region when the account lacks the role of the spot service', () => {
    const memory = after([refusal('AuthFailure.ServiceLinkedRoleCreationNotPermitted')]);

    expect(minutesOf(memory, pool({ zone: 'us-west-2c', instanceType: 'g5.xlarge' }))).toBe(30);
    expect(minutesOf(memory, pool({ market: 'on-demand' }))).toBe(0);
  });

  it('is the zone when its volumes are used up', () => {
    const memory = after([refusal('InsufficientVolumeCapacity')]);

    expect(minutesOf(memory, pool({ instanceType: 'c5.large', market: 'on-demand' }))).toBe(3);
    expect(minutesOf(memory, pool({ zone: 'us-west-2b' }))).toBe(0);
  });

  it.each([
    'UnauthorizedOperation',
    'InvalidParameterValue',
    'TagLimitExceeded',
    'RequestLimitExceeded',
    'InternalError',
  ])('is nothing for %s, which says nothing about a pool', (code) => {
    expect(after([refusal(code)]).blocks).toEqual({});
  });

  it('is kept for every capacity, quota, price and offering code unless it is about the request', () => {
    for (const row of ERROR_TABLE) {
      const remembered = Object.keys(after([refusal(row.code)]).blocks).length;
      const judged = ['capacity', 'quota', 'price', 'not-offered'].includes(row.class);
      if (judged) expect([row.code, remembered]).toEqual([row.code, row.scope === 'request' ? 0 : 1]);
    }
  });
});

describe('how long', () => {
  it('doubles from 3 minutes to 60 with every outage', () => {
    let memory = emptyMemory();
    let nowMs = 0;
    const minutes: number[] = [];
    for (let outage = 0; outage < 7; outage += 1) {
      memory = after([refusal('InsufficientInstanceCapacity')], nowMs, memory);
      minutes.push(minutesOf(memory, pool(), nowMs));
      nowMs += minutesOf(memory, pool(), nowMs) * MINUTE + 1;
    }

    expect(minutes).toEqual([3, 6, 12, 24, 48, 60, 60]);
  });

  it('starts again at 3 minutes after a success', () => {
    let memory = after([refusal('InsufficientInstanceCapacity')]);
    memory = after([refusal('InsufficientInstanceCapacity')], 4 * MINUTE, memory);
    memory = recordSuccess(memory, [pool()], 11 * MINUTE);
    expect(minutesOf(memory, pool(), 11 * MINUTE)).toBe(0);

    memory = after([refusal('InsufficientInstanceCapacity')], 12 * MINUTE, memory);

    expect(minutesOf(memory, pool(), 12 * MINUTE)).toBe(3);
  });

  it('counts refusals of one reply, or during a block, as one outage', () => {
    let memory = after([refusal('InsufficientInstanceCapacity'), refusal('UnfulfillableCapacity')]);
    memory = after([refusal('InsufficientInstanceCapacity')], 2 * MINUTE, memory);

    expect(minutesOf(memory, pool(), 2 * MINUTE)).toBe(3);
    expect(Object.values(memory.blocks)[0]?.strikes).toBe(1);
  });

  it('is free at the very moment at which the block ends', () => {
    const memory = after([refusal('InsufficientInstanceCapacity')]);

    expect(minutesOf(memory, pool(), 3 * MINUTE - 1)).toBeGreaterThan(0);
    expect(minutesOf(memory, pool(), 3 * MINUTE)).toBe(0);
  });

  it('is never shorter with more strikes, whatever refused', () => {
    for (const row of ERROR_TABLE) {
      const times = [1, 2, 3, 4, 5, 6, 7, 100].map((strikes) => durationMs(row, strikes));
      expect(times).toEqual([...times].sort((a, b) => a - b));
      expect(times.every((ms) => ms >= 3 * MINUTE && ms <= 24 * 60 * MINUTE)).toBe(true);
    }
  });

  it('is that of the longest block when several cover a pool', () => {
    const memory = after([refusal('InsufficientInstanceCapacity'), refusal('VcpuLimitExceeded')]);

    expect(blockOf(memory, pool(), 'subnet-a', 'Standard', 0)?.code).toBe('VcpuLimitExceeded');
  });

  it('never shortens a block that is in force', () => {
    const memory = after([refusal('InsufficientInstanceCapacity')], 1, after([refusal('Unsupported')]));

    expect(minutesOf(memory)).toBe(24 * 60);
  });
});

describe('success', () => {
  it('leaves other pools and the quota of the family blocked', () => {
    const other = pool({ zone: 'us-west-2b' });
    const memory = recordSuccess(
      after([
        refusal('InsufficientInstanceCapacity'),
        refusal('InsufficientInstanceCapacity', { pool: other }),
        refusal('VcpuLimitExceeded', { pool: pool({ market: 'on-demand' }) }),
      ]),
      [pool()],
      1,
    );

    expect(minutesOf(memory, pool(), 1)).toBe(0);
    expect(minutesOf(memory, other)).toBe(3);
    expect(minutesOf(memory, pool({ market: 'on-demand' }))).toBe(15);
  });

  it('recorded before the refusals of its reply leaves a pool blocked that gave its last', () => {
    const told = recordSuccess(after([refusal('InsufficientInstanceCapacity')]), [pool()], 4 * MINUTE);

    expect(minutesOf(after([refusal('InsufficientInstanceCapacity')], 4 * MINUTE, told), pool(), 4 * MINUTE)).toBe(3);
  });
});

describe('a pool whose block has ended', () => {
  const dry = after([refusal('InsufficientInstanceCapacity')]);
  const allowed = (memory: PoolMemory, minutes: number) => allowanceOf(memory, pool(), minutes * MINUTE);

  it('is asked for one, and for twice as many after each success, until it is open', () => {
    let memory = dry;
    const sizes: number[] = [];
    for (let minute = 3; sizes.at(-1) !== Infinity; minute += 1) {
      sizes.push(allowed(memory, minute));
      memory = recordSuccess(memory, [pool()], minute * MINUTE);
    }

    expect(sizes).toEqual([1, 2, 4, 8, 16, 32, Infinity]);
    expect(memory.blocks).toEqual({});
  });

  it('is back at one with the next refusal', () => {
    const again = after(
      [refusal('InsufficientInstanceCapacity')],
      5 * MINUTE,
      recordSuccess(dry, [pool()], 4 * MINUTE),
    );

    expect(minutesOf(again, pool(), 5 * MINUTE)).toBe(3);
    expect(allowed(again, 8)).toBe(1);
  });

  it('counts as open when nobody asked for an hour, and still remembers its strikes', () => {
    expect(allowed(dry, 62)).toBe(1);
    expect(allowed(dry, 63)).toBe(Infinity);
    expect(minutesOf(after([refusal('UnfulfillableCapacity')], 90 * MINUTE, dry), pool(), 90 * MINUTE)).toBe(6);
  });

  it('limits no pool that never refused', () => {
    expect(allowanceOf(dry, pool({ zone: 'us-west-2b' }), 4 * MINUTE)).toBe(Infinity);
  });
});

describe('news', () => {
  const other = pool({ zone: 'us-west-2b' });
  const dry = (atMs: number, of = pool()) =>
    newsOf('lab-1', [], [refusal('InsufficientInstanceCapacity', { pool: of })], familyOf, atMs);
  const came = (atMs: number, of = pool()) => newsOf('lab-1', [of], [], familyOf, atMs);

  it('names each thing that is blocked once, without the words of AWS', () => {
    const refusals = ['c5.large', 'm5.large'].map((instanceType) =>
      refusal('VcpuLimitExceeded', { pool: pool({ instanceType }) }),
    );

    expect(newsOf('lab-1', [other, other], [...refusals, refusal('RequestLimitExceeded')], familyOf, 7)).toEqual({
      from: 'lab-1',
      atMs: 7,
      came: [other],
      refused: [{ key: 'family:us-west-2/Standard/spot', class: 'quota', scope: 'family', code: 'VcpuLimitExceeded' }],
    });
  });

  it('of one reply leaves a pool blocked that gave its last', () => {
    const news = { ...dry(4 * MINUTE), came: [pool()] };

    expect(minutesOf(recordNews(emptyMemory(), news), pool(), 4 * MINUTE)).toBe(3);
  });

  it('that arrives late does not undo what came after it', () => {
    const success = [dry(0), came(5 * MINUTE), dry(4 * MINUTE)].reduce(recordNews, emptyMemory());
    const outage = [dry(0), dry(5 * MINUTE), came(4 * MINUTE)].reduce(recordNews, emptyMemory());

    expect(minutesOf(success, pool(), 5 * MINUTE)).toBe(0);
    expect(minutesOf(outage, pool(), 5 * MINUTE)).toBe(6);
  });

  it('is the newer of two memories, in either order', () => {
    const old = recordNews(emptyMemory(), dry(0));
    const cleared = recordNews(old, came(4 * MINUTE));
    const elsewhere = recordNews(emptyMemory(), dry(MINUTE, other));

    expect(mergeMemories(old, cleared)).toEqual(mergeMemories(cleared, old));
    expect(minutesOf(mergeMemories(old, cleared), pool(), 4 * MINUTE)).toBe(0);
    expect(Object.keys(mergeMemories(old, elsewhere).blocks)).toHaveLength(2);
  });

  const someNews = fc.array(
    fc
      .record({
        minutes: fc.integer({ min: 0, max: 300 }),
        zone: fc.constantFrom('us-west-2a', 'us-west-2b'),
        code: fc.option(fc.constantFrom('InsufficientInstanceCapacity', 'VcpuLimitExceeded', 'Unsupported')),
      })
      .map(({ minutes, zone, code }) => {
        const of = pool({ zone });
        return newsOf(
          'x',
          code === null ? [of] : [],
          code === null ? [] : [refusal(code, { pool: of })],
          familyOf,
          minutes * MINUTE,
        );
      }),
    { maxLength: 30 },
  );

  it('resets a pool by success, whatever came before it', () => {
    fc.assert(
      fc.property(someNews, (all) => {
        const memory = recordNews(all.reduce(recordNews, emptyMemory()), came(301 * MINUTE));
        const block = memory.blocks['pool:us-west-2a/m6i.large/spot'];

        expect(block?.untilMs ?? 0).toBeLessThanOrEqual(301 * MINUTE);
        expect(block?.strikes ?? 0).toBe(0);
        const next = recordNews(memory, dry(302 * MINUTE));
        expect(next.blocks['pool:us-west-2a/m6i.large/spot']).toMatchObject({ untilMs: 305 * MINUTE, strikes: 1 });
      }),
    );
  });

  it('told twice says no more than told once', () => {
    fc.assert(
      fc.property(someNews, (all) => {
        const once = all.reduce(recordNews, emptyMemory());
        const last = all.at(-1);
        if (last === undefined) return;
        expect(recordNews(once, last)).toEqual(once);
      }),
    );
  });
});

describe('the memory itself', () => {
  it('is left as it was by both records', () => {
    const memory = after([refusal('InsufficientInstanceCapacity')]);
    const before = structuredClone(memory);

    after([refusal('InsufficientInstanceCapacity')], 9 * MINUTE, memory);
    recordSuccess(memory, [pool()], 9 * MINUTE);

    expect(memory).toEqual(before);
  });

  it('survives JSON and forgets what nobody asked for a day', () => {
    const memory = JSON.parse(JSON.stringify(after([refusal('InsufficientInstanceCapacity')]))) as PoolMemory;

    expect(minutesOf(memory)).toBe(3);
    expect(compactMemory(memory, 23 * 60 * MINUTE)).toEqual(memory);
    expect(compactMemory(memory, 25 * 60 * MINUTE).blocks).toEqual({});
  });

  it('keeps every block between its shortest and longest time, whatever happens', () => {
    const codes = fc.constantFrom('InsufficientInstanceCapacity', 'VcpuLimitExceeded', 'Unsupported', 'BrandNewCode');
    const events = fc.array(fc.tuple(codes, fc.integer({ min: 1, max: 90 }), fc.boolean()), { maxLength: 40 });
    fc.assert(
      fc.property(events, (all) => {
        let memory = emptyMemory();
        let nowMs = 0;
        for (const [code, minutes, success] of all) {
          nowMs += minutes * MINUTE;
          memory = after([refusal(code)], nowMs, memory);
          expect(minutesOf(memory, pool(), nowMs)).toBeGreaterThanOrEqual(3);
          expect(minutesOf(memory, pool(), nowMs)).toBeLessThanOrEqual(24 * 60);
          if (success) memory = recordSuccess(memory, [pool()], nowMs);
          expect(Object.keys(memory.blocks).length).toBeLessThanOrEqual(2);
        }
      }),
    );
  });
});
