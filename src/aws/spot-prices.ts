/** What does spot cost in each pool, now and over a day? */
import { DescribeSpotPriceHistoryCommand, type _InstanceType } from '@aws-sdk/client-ec2';
import type { AwsRegion } from './clients';
import { allPages } from './paging';
import type { Call, ComputePort } from './ports';

/** The most that one page holds. */
const PRICES_PER_PAGE = 1000;
/** A price that was low for an hour has mostly been higher for the rest of a day, and most experiments outlast an hour. */
const DAY_MS = 24 * 3_600_000;

interface Change {
  atMs: number;
  usd: number;
}

/**
 * Newest price and mean of the last 24 hours, one entry per type and zone. With a start in the past AWS answers every
 * change since, and the price that was in force at the start.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSpotPriceHistory.html
 */
export async function spotPrices(
  aws: AwsRegion,
  types: string[],
  call: Call = {},
): ReturnType<ComputePort['spotPrices']> {
  if (types.length === 0) return [];
  const nowMs = Date.now();
  const found = await allPages(
    (NextToken) =>
      aws.send(
        new DescribeSpotPriceHistoryCommand({
          InstanceTypes: types as _InstanceType[],
          ProductDescriptions: ['Linux/UNIX'],
          StartTime: new Date(nowMs - DAY_MS),
          MaxResults: PRICES_PER_PAGE,
          NextToken,
        }),
        call,
      ),
    (page) => page.NextToken,
    (page) => page.SpotPriceHistory,
  );
  const pools = new Map<string, { instanceType: string; zone: string; changes: Change[] }>();
  for (const { InstanceType: instanceType, AvailabilityZone: zone, SpotPrice, Timestamp } of found) {
    const usd = Number(SpotPrice);
    if (instanceType === undefined || zone === undefined || !(usd > 0)) continue;
    const key = `${zone}/${instanceType}`;
    const pool = pools.get(key) ?? { instanceType, zone, changes: [] };
    pool.changes.push({ atMs: Timestamp?.getTime() ?? 0, usd });
    pools.set(key, pool);
  }
  return [...pools.values()].map(({ changes, ...pool }) => ({ ...pool, ...summary(changes, nowMs) }));
}

/** Each price counts for the time until the next; what is not known of the day is left out of the mean. */
function summary(changes: Change[], nowMs: number): { usd: number; dayUsd: number } {
  const oldestFirst = [...changes].sort((a, b) => a.atMs - b.atMs);
  const usd = oldestFirst.at(-1)?.usd ?? 0;
  let paid = 0;
  let lasted = 0;
  for (const [index, change] of oldestFirst.entries()) {
    const from = Math.max(change.atMs, nowMs - DAY_MS);
    const until = Math.min(nowMs, oldestFirst[index + 1]?.atMs ?? nowMs);
    const ms = Math.max(0, until - from);
    paid += change.usd * ms;
    lasted += ms;
  }
  // AWS gives six decimals.
  return { usd, dayUsd: lasted === 0 ? usd : Number((paid / lasted).toFixed(6)) };
}
