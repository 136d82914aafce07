/** How fast may an API be called? One token bucket per (region, API), halved on throttle and grown slowly. */
import { Failure } from '../contracts/failures';

/** What AWS grants an API: how many calls at once, and how many per second afterwards. */
export interface Pace {
  burst: number;
  perSecond: number;
}

/**
 * EC2's published buckets, for the calls Holdfast makes. Several workers and other tools draw from the same ones, so
 * a throttle halves ours.
 * Source: https://docs.aws.amazon.com/ec2/latest/devguide/ec2-api-throttling.html
 */
const EC2_PACES: Record<string, Pace> = {
  CreateTags: { burst: 100, perSecond: 10 },
  TerminateInstances: { burst: 100, perSecond: 5 },
  CreateVolume: { burst: 100, perSecond: 5 },
  DeleteVolume: { burst: 100, perSecond: 5 },
  DeleteNetworkInterface: { burst: 100, perSecond: 5 },
};
const EC2_READ: Pace = { burst: 100, perSecond: 20 };
const EC2_WRITE: Pace = { burst: 50, perSecond: 5 };
/** SSM, tagging and STS publish no figures; 5 per second draws no throttle in practice, and bursts are one poll's. */
const UNPUBLISHED: Pace = { burst: 20, perSecond: 5 };
/** Where growth ends for them: more was never needed (500 nodes are ten calls per look). */
const UNPUBLISHED_CEILING = 20;

/** The slowest a bucket gets: one call in five seconds still notices when the throttling is over. */
const FLOOR_PER_SECOND = 0.2;
/** Growth per calm second, as a share of the ceiling: from the floor back to full speed within 20 s. */
const GROWTH = 0.05;
/** Longer waits are Temporal's: an attempt that waits for its turn must not hold a worker slot. */
const MAX_WAIT_MS = 5000;

export function paceOf(service: string, operation: string): Pace {
  if (service !== 'ec2') return UNPUBLISHED;
  return EC2_PACES[operation] ?? (/^(Describe|Get)/.test(operation) ? EC2_READ : EC2_WRITE);
}

/** A bucket at a moment; `tokens` below zero are calls that wait for their turn. */
export interface Bucket {
  tokens: number;
  perSecond: number;
  readonly burst: number;
  readonly ceiling: number;
  at: number;
}

export function createBucket(pace: Pace, ceiling: number, now: number): Bucket {
  return { tokens: pace.burst, perSecond: pace.perSecond, burst: pace.burst, ceiling, at: now };
}

/** Takes one token and answers how long to wait for it, in milliseconds. */
export function take(bucket: Bucket, now: number): number {
  advance(bucket, now);
  bucket.tokens -= 1;
  return bucket.tokens >= 0 ? 0 : Math.ceil((-bucket.tokens / bucket.perSecond) * 1000);
}

/** AWS said "slower": half the speed, and nothing saved up. */
export function slowDown(bucket: Bucket, now: number): void {
  advance(bucket, now);
  bucket.perSecond = Math.max(FLOOR_PER_SECOND, bucket.perSecond / 2);
  bucket.tokens = Math.min(bucket.tokens, 0);
}

function advance(bucket: Bucket, now: number): void {
  const seconds = Math.max(0, now - bucket.at) / 1000;
  bucket.tokens = Math.min(bucket.burst, bucket.tokens + seconds * bucket.perSecond);
  bucket.perSecond = Math.min(bucket.ceiling, bucket.perSecond + seconds * GROWTH * bucket.ceiling);
  bucket.at = now;
}

export interface Limiter {
  /**
   * Resolves when it is this call's turn. Rejects with `Throttled` when that would take over 5 s, and with an
   * AbortError when the signal aborts; in both cases the turn is given back.
   */
  turn(service: string, region: string, operation: string, signal?: AbortSignal): Promise<void>;
  /** Reports that AWS throttled the API. */
  throttled(service: string, region: string, operation: string): void;
}

/** One per worker process and account. */
export function createLimiter(now: () => number = Date.now): Limiter {
  const buckets = new Map<string, Bucket>();
  const bucketOf = (service: string, region: string, operation: string): Bucket => {
    const key = `${region}/${service}/${operation}`;
    const known = buckets.get(key);
    if (known !== undefined) return known;
    const pace = paceOf(service, operation);
    const bucket = createBucket(pace, service === 'ec2' ? pace.perSecond : UNPUBLISHED_CEILING, now());
    buckets.set(key, bucket);
    return bucket;
  };
  return {
    async turn(service, region, operation, signal) {
      if (signal?.aborted === true) throw abortError();
      const bucket = bucketOf(service, region, operation);
      const waitMs = take(bucket, now());
      if (waitMs === 0) return;
      if (waitMs > MAX_WAIT_MS) {
        bucket.tokens += 1;
        throw new Failure(
          'Throttled',
          `${operation} in ${region}: its turn comes in ${String(Math.ceil(waitMs / 1000))} s`,
          {
            operation,
            region,
            retryAfterMs: waitMs,
          },
        );
      }
      await pause(waitMs, signal).catch((error: unknown) => {
        bucket.tokens += 1;
        throw error;
      });
    },
    throttled(service, region, operation) {
      slowDown(bucketOf(service, region, operation), now());
    },
  };
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(abortError());
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    signal?.addEventListener('abort', stop, { once: true });
  });
}

function abortError(): DOMException {
  return new DOMException('The call was given up while it waited for its turn', 'AbortError');
}
