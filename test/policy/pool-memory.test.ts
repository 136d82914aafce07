import fc from 'fast-check';
import type { Pool, Refusal } from '../../src/contracts/capacity';
import { blockOf, emptyMemory, recordRefusals, recordSuccess, type PoolMemory } from '../../src/policy/pool-memory';
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

    expect(minutesOf(memory)).toBe(0);
    expect(minutesOf(memory, other)).toBe(3);
    expect(minutesOf(memory, pool({ market: 'on-demand' }))).toBe(15);
  });

  it('recorded before the refusals of its reply leaves a pool blocked that gave its last', () => {
    const told = recordSuccess(after([refusal('InsufficientInstanceCapacity')]), [pool()], 4 * MINUTE);

    expect(minutesOf(after([refusal('InsufficientInstanceCapacity')], 4 * MINUTE, told), pool(), 4 * MINUTE)).toBe(3);
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
    expect(recordSuccess(memory, [], 25 * 60 * MINUTE).blocks).toEqual({});
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
