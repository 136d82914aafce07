import { afterReply, type LaunchReply, type NextMove } from '../../src/policy/chain';
import { pool, refusal } from './pools';

const B = pool({ zone: 'us-west-2b' });

function move(over: Partial<LaunchReply>): NextMove {
  return afterReply({ refusals: [], launched: 0, missing: 3, ...over });
}

/** Earlier attempts that launched nothing and met these codes, one attempt per code. */
function fruitless(...codes: string[]) {
  return codes.map((code) => ({ launched: 0, refusals: [refusal(code)] }));
}

describe('a reply with all that was asked for', () => {
  it('is enough, whatever was refused beside it', () => {
    expect(move({ launched: 3, refusals: [refusal('UnauthorizedOperation')] }).kind).toBe('enough');
  });

  it('is enough with a surplus too', () => {
    expect(move({ launched: 4 }).kind).toBe('enough');
  });
});

describe('a reply with less', () => {
  it.each([
    'InsufficientInstanceCapacity',
    'VcpuLimitExceeded',
    'MaxFleetCountExceeded',
    'Unsupported',
    'SpotMaxPriceTooLow',
    'InsufficientFreeAddressesInSubnet',
    'IdempotentInstanceTerminated',
  ])('goes on with other pools after %s', (code) => {
    expect(move({ refusals: [refusal(code)] })).toEqual({ kind: 'again', notes: [] });
  });

  it('goes on when nothing came and nothing was said', () => {
    expect(move({})).toEqual({ kind: 'again', notes: [] });
  });

  it.each([
    ['UnauthorizedOperation', 'NotAuthorized'],
    ['PendingVerification', 'NotAuthorized'],
    ['InvalidParameterValue', 'InvalidRequest'],
    ['InvalidAMIID.NotFound', 'InvalidRequest'],
    ['TagLimitExceeded', 'InvalidRequest'],
    ['IdempotentParameterMismatch', 'InvalidRequest'],
  ])('stops at once when every pool answers %s', (code, failure) => {
    const next = move({ refusals: [refusal(code), refusal(code, { pool: B })] });

    expect(next).toEqual({
      kind: 'stop',
      failure,
      message: `${code}: AWS says ${code} (us-west-2a/m6i.large/spot and 1 more)`,
    });
  });

  it('stops for a missing right when a wrong request is all there is beside it', () => {
    expect(move({ refusals: [refusal('InvalidParameterValue'), refusal('AccessDenied', { pool: B })] })).toMatchObject({
      kind: 'stop',
      failure: 'NotAuthorized',
    });
  });

  it('goes on when one pool is forbidden and another was merely dry', () => {
    const refusals = [refusal('UnauthorizedOperation'), refusal('InsufficientInstanceCapacity', { pool: B })];

    expect(move({ refusals }).kind).toBe('again');
  });

  it('goes on when something came, even if the rest was forbidden', () => {
    expect(move({ launched: 1, refusals: [refusal('UnauthorizedOperation')] }).kind).toBe('again');
  });
});

describe('the role that only spot needs', () => {
  const refusals = [refusal('AuthFailure.ServiceLinkedRoleCreationNotPermitted')];

  it('leaves on-demand to be tried', () => {
    expect(move({ refusals }).kind).toBe('again');
  });

  it('stops a chain of spot alone and says how to make it', () => {
    const next = move({ refusals, mayBuyOnDemand: false });

    expect(next).toMatchObject({ kind: 'stop', failure: 'NotAuthorized' });
    expect(next.kind === 'stop' && next.message).toContain('aws iam create-service-linked-role');
  });
});

describe('an unknown code', () => {
  const refusals = [refusal('BrandNewCode'), refusal('BrandNewCode', { pool: B })];

  it('is loud and goes on to pools not asked yet', () => {
    expect(move({ refusals })).toEqual({
      kind: 'again',
      notes: [
        'unknown AWS code, each pool is tried once and no more: BrandNewCode: AWS says BrandNewCode ' +
          '(us-west-2a/m6i.large/spot and 1 more)',
      ],
    });
  });

  it('stops at the second sighting without a success in between', () => {
    const earlier = fruitless('BrandNewCode', 'InsufficientInstanceCapacity');

    expect(move({ refusals, earlier })).toMatchObject({ kind: 'stop', failure: 'InvalidRequest' });
  });

  it('goes on after a success in between, and when the earlier one was another', () => {
    const success = [...fruitless('BrandNewCode'), { launched: 1, refusals: [] }];

    expect(move({ refusals, earlier: success }).kind).toBe('again');
    expect(move({ refusals, earlier: fruitless('OtherNewCode') }).kind).toBe('again');
  });

  it('is noted beside a full launch too', () => {
    expect(move({ launched: 3, refusals })).toMatchObject({ kind: 'enough', notes: [expect.any(String)] });
  });
});

describe('a reply that judged no pool', () => {
  const waits = (code: string): (number | string)[] => {
    const seen: (number | string)[] = [];
    for (let tries = 0; tries < 10; tries += 1) {
      const next = move({ refusals: [refusal(code)], earlier: fruitless(...seen.map(() => code)) });
      if (next.kind !== 'again' || next.repeatAfterMs === undefined) return [...seen, next.kind];
      seen.push(next.repeatAfterMs);
    }
    return seen;
  };

  it('is repeated for about a minute while what was made is not visible, then stops', () => {
    expect(waits('InvalidGroup.NotFound')).toEqual([1000, 2000, 4000, 8000, 16_000, 16_000, 'stop']);
  });

  it('is repeated with growing waits when throttled, then goes on', () => {
    expect(waits('RequestLimitExceeded')).toEqual([1000, 2000, 4000, 8000, 16_000, 16_000, 'again']);
  });

  it('is repeated three times when AWS is in trouble, then goes on with the next pools', () => {
    expect(waits('InternalError')).toEqual([1000, 2000, 4000, 'again']);
  });

  it('is repeated once when credentials ran out, then stops', () => {
    expect(waits('ExpiredToken')).toEqual([1000, 'stop']);
  });

  it('starts counting again after a reply that judged one', () => {
    const earlier = fruitless('InternalError', 'InternalError', 'InternalError', 'InsufficientInstanceCapacity');

    expect(move({ refusals: [refusal('InternalError')], earlier })).toMatchObject({ repeatAfterMs: 1000 });
  });

  it('starts counting again after one that launched something', () => {
    const partial = { launched: 1, refusals: [refusal('InternalError')] };

    expect(move({ refusals: [refusal('InternalError')], earlier: [partial, partial, partial] })).toMatchObject({
      repeatAfterMs: 1000,
    });
  });

  it('is not what a node shows that AWS failed to start: that counts against its pool', () => {
    expect(move({ refusals: [refusal('Server.InternalError')] })).toEqual({ kind: 'again', notes: [] });
  });

  it('is not repeated when any pool was judged or anything came', () => {
    const mixed = [refusal('InternalError'), refusal('InsufficientInstanceCapacity', { pool: B })];

    expect(move({ refusals: mixed })).toEqual({ kind: 'again', notes: [] });
    expect(move({ launched: 1, refusals: [refusal('InternalError')] })).toEqual({ kind: 'again', notes: [] });
  });
});
