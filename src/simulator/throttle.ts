/**
 * Is a call over the account's API rate? Token buckets per operation, account and region, and a second kind that
 * pays one token per instance. Sizes follow "Request throttling for the Amazon EC2 API" (EC2 developer guide).
 */
import type { ApiLimits } from './scenario';
import { matches } from './wildcard';

export interface Buckets {
  levels: Map<string, { tokens: number; at: number }>;
}

export function createBuckets(): Buckets {
  return { levels: new Map() };
}

export interface RateQuestion {
  /** Account and region: each has its own buckets. */
  scope: string;
  service: string;
  operation: string;
  /** A listing without ids, filters or page size, which AWS limits more tightly. */
  uncontrolled: boolean;
  now: number;
}

/** Takes one token for the call; false when there is none left. */
export function takeCall(buckets: Buckets, limits: ApiLimits, question: RateQuestion): boolean {
  if (!limits.throttle) return true;
  const { scope, service, operation, uncontrolled, now } = question;
  const rule = limits.buckets.find(
    (bucket) =>
      matches(bucket.service, service) &&
      matches(bucket.operation, operation) &&
      (!bucket.uncontrolled || uncontrolled),
  );
  if (!rule) return true;
  const kind = rule.uncontrolled ? 'uncontrolled' : 'calls';
  return take(buckets, `${scope}/${service}/${operation}/${kind}`, rule, 1, now);
}

/** Takes one token per instance for a call that acts on `count` of them; false when there are too few. */
export function takeResources(buckets: Buckets, limits: ApiLimits, question: RateQuestion, count: number): boolean {
  if (!limits.throttle) return true;
  const rule = limits.resourceBuckets.find(({ operations }) => operations.includes(question.operation));
  if (!rule) return true;
  return take(buckets, `${question.scope}/${rule.operations.join('+')}/resources`, rule, count, question.now);
}

function take(
  buckets: Buckets,
  key: string,
  rule: { size: number; refill: number },
  count: number,
  now: number,
): boolean {
  const level = buckets.levels.get(key) ?? { tokens: rule.size, at: now };
  const tokens = Math.min(rule.size, level.tokens + ((now - level.at) / 1000) * rule.refill);
  const enough = tokens >= count;
  buckets.levels.set(key, { tokens: enough ? tokens - count : tokens, at: now });
  return enough;
}
