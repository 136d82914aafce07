/** What do the nodes cost, so far and until the lease ends? Instance hours only: storage and traffic are not in it. */
import type { Market, PoolOffer } from '../contracts/capacity';
import type { CostSummary, Node } from '../contracts/messages';

const HOUR_MS = 3_600_000;
/** EC2 bills Linux by the second with at least a minute. Source: https://aws.amazon.com/ec2/pricing/on-demand/ */
const SHORTEST_BILL_MS = 60_000;

/** USD per hour of a pool in a market; undefined when AWS published no price for it. */
export function priceOf(offer: PoolOffer, market: Market): number | undefined {
  return market === 'spot' ? offer.spotUsd : offer.onDemandUsd;
}

/**
 * The cost of all nodes there ever were, from launch times and the price at launch.
 *
 * Rates per hour are those of nodes that still run. A node without a launch time has just been asked for and has cost
 * nothing. Spot without a price is counted at its on-demand price, which is its ceiling when no maximum is set; a node
 * without any price is counted as 0. AWS waives the first hour of a spot node that it takes
 * back, so the truth may be lower. All in USD, times in epoch milliseconds by instance id.
 */
export function costSummary(
  nodes: readonly Node[],
  launchedAtMs: Readonly<Record<string, number>>,
  endedAtMs: Readonly<Record<string, number>>,
  nowMs: number,
  expiresAtMs: number,
): CostSummary {
  const running = nodes.filter((node) => (endedAtMs[node.instanceId] ?? Infinity) > nowMs);
  const usdPerHour = sumUsd(running.map(hourlyUsd));
  const spentUsd = sumUsd(
    nodes.map((node) => {
      const from = launchedAtMs[node.instanceId];
      return from === undefined
        ? 0
        : hourlyUsd(node) * billedHours(from, Math.min(endedAtMs[node.instanceId] ?? nowMs, nowMs));
    }),
  );
  return {
    usdPerHour,
    onDemandUsdPerHour: sumUsd(running.map((node) => node.onDemandUsdPerHour ?? hourlyUsd(node))),
    spentUsd,
    atExpiryUsd: sumUsd([spentUsd, (usdPerHour * Math.max(0, expiresAtMs - nowMs)) / HOUR_MS]),
    at: new Date(nowMs).toISOString(),
  };
}

/** What a node counts with: its own price, else its ceiling; 0 when none is known. */
export function hourlyUsd(node: Pick<Node, 'usdPerHour' | 'onDemandUsdPerHour'>): number {
  return node.usdPerHour ?? node.onDemandUsdPerHour ?? 0;
}

function billedHours(fromMs: number, toMs: number): number {
  return toMs < fromMs ? 0 : Math.max(SHORTEST_BILL_MS, toMs - fromMs) / HOUR_MS;
}

/** Rounded to a millionth of a dollar, so that sums of fractions read as prices do. */
export function sumUsd(values: number[]): number {
  return Math.round(values.reduce((total, value) => total + value, 0) * 1e6) / 1e6;
}
