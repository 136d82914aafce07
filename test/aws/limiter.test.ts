import { createBucket, createLimiter, paceOf, slowDown, take } from '../../src/aws/limiter';

const PACE = { burst: 3, perSecond: 2 };

describe('a bucket', () => {
  it('grants its burst at once and then one call per interval', () => {
    const bucket = createBucket(PACE, 2, 0);
    expect([take(bucket, 0), take(bucket, 0), take(bucket, 0)]).toEqual([0, 0, 0]);
    expect([take(bucket, 0), take(bucket, 0)]).toEqual([500, 1000]);
  });

  it('fills up with time, never over its burst', () => {
    const bucket = createBucket(PACE, 2, 0);
    for (let call = 0; call < 3; call += 1) take(bucket, 0);
    expect(take(bucket, 500)).toBe(0);
    expect([take(bucket, 60_000), take(bucket, 60_000), take(bucket, 60_000)]).toEqual([0, 0, 0]);
    expect(take(bucket, 60_000)).toBeGreaterThan(0);
  });

  it('halves its speed and gives up its savings on a throttle, down to a floor', () => {
    const bucket = createBucket(PACE, 2, 0);
    slowDown(bucket, 0);
    expect(bucket.perSecond).toBe(1);
    expect(take(bucket, 0)).toBe(1000);
    for (let times = 0; times < 20; times += 1) slowDown(bucket, 0);
    expect(bucket.perSecond).toBe(0.2);
  });

  it('grows back to its ceiling within 20 s and not beyond', () => {
    const bucket = createBucket(PACE, 2, 0);
    slowDown(bucket, 0);
    take(bucket, 5000);
    expect(bucket.perSecond).toBeCloseTo(1.5);
    take(bucket, 60_000);
    expect(bucket.perSecond).toBe(2);
  });
});

describe('paceOf', () => {
  it("knows EC2's published buckets", () => {
    expect(paceOf('ec2', 'DescribeInstances')).toEqual({ burst: 100, perSecond: 20 });
    expect(paceOf('ec2', 'CreateFleet')).toEqual({ burst: 50, perSecond: 5 });
    expect(paceOf('ec2', 'TerminateInstances')).toEqual({ burst: 100, perSecond: 5 });
    expect(paceOf('ssm', 'SendCommand').perSecond).toBe(5);
  });
});

describe('the limiter', () => {
  const write = ['ec2', 'us-west-2', 'CreateFleet'] as const;
  const burst = 50;

  async function drained(now: () => number): Promise<ReturnType<typeof createLimiter>> {
    const limiter = createLimiter(now);
    for (let call = 0; call < burst; call += 1) await limiter.turn(...write);
    return limiter;
  }

  it('keeps regions and operations apart', async () => {
    const limiter = await drained(() => 0);
    await limiter.turn('ec2', 'us-east-1', 'CreateFleet');
    await limiter.turn('ec2', 'us-west-2', 'CreateLaunchTemplate');
  });

  it('lets a call wait for its turn', async () => {
    const limiter = await drained(() => 0);
    const before = performance.now();
    await limiter.turn(...write);
    expect(performance.now() - before).toBeGreaterThanOrEqual(190);
  });

  it('gives the turn back when the caller gives up, and rejects with an AbortError', async () => {
    const limiter = await drained(() => 0);
    const caller = new AbortController();
    const turn = limiter.turn(...write, caller.signal);
    caller.abort();
    await expect(turn).rejects.toMatchObject({ name: 'AbortError' });
    await expect(limiter.turn(...write, AbortSignal.abort())).rejects.toMatchObject({ name: 'AbortError' });
    const before = performance.now();
    await limiter.turn(...write);
    expect(performance.now() - before).toBeLessThan(390);
  });

  it('rejects with Throttled and the wait when a turn is more than 5 s away', async () => {
    const limiter = await drained(() => 0);
    for (let times = 0; times < 10; times += 1) limiter.throttled(...write);
    const first = new AbortController();
    const waiting = limiter.turn(...write, first.signal);
    await expect(limiter.turn(...write)).rejects.toMatchObject({
      type: 'Throttled',
      details: { retryAfterMs: 10_000 },
    });
    first.abort();
    await expect(waiting).rejects.toMatchObject({ name: 'AbortError' });
  });
});
