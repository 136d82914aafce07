/** What does AWS charge per hour for something that merely exists? A table, to show what a leftover costs. */
import type { Billing } from '../contracts/inventory';
import { onDemandPrice, REGION_FACTOR } from './on-demand-prices';

/** AWS converts prices per month with so many hours. Source: https://aws.amazon.com/ebs/pricing/ */
const HOURS_PER_MONTH = 730;

/**
 * USD per GiB and month in us-east-1, as published in November 2026; provisioned IOPS and throughput come on top, and a
 * snapshot is charged for its changed blocks, so that this is the most it costs.
 * Source: https://aws.amazon.com/ebs/pricing/
 */
const PER_GIB_MONTH: Record<string, number> = {
  gp3: 0.08,
  gp2: 0.1,
  io1: 0.125,
  io2: 0.125,
  st1: 0.045,
  sc1: 0.015,
  standard: 0.05,
  snapshot: 0.05,
};

/**
 * USD per hour in us-east-1, as published in November 2026, without traffic.
 * Sources: https://aws.amazon.com/vpc/pricing/ and https://aws.amazon.com/privatelink/pricing/
 */
const FLAT: Record<string, { what: string; usd: number }> = {
  natgateway: { what: 'NAT gateway', usd: 0.045 },
  // Attached or not, since February 2024, and the same in every region.
  'elastic-ip': { what: 'public IPv4 address', usd: 0.005 },
};
/** An interface endpoint, per zone. */
const ENDPOINT_ZONE = 0.01;
const SAME_EVERYWHERE = new Set(['elastic-ip']);

/** What a kind costs whose price depends on the region alone; undefined for what is free or has a price by size. */
export function flatBill(region: string, type: string): Billing | undefined {
  const row = FLAT[type];
  if (row === undefined) return undefined;
  const factor = SAME_EVERYWHERE.has(type) ? 1 : REGION_FACTOR[region];
  return { what: row.what, ...(factor === undefined ? {} : { usdPerHour: rounded(row.usd * factor) }) };
}

/** An interface endpoint costs by zone; a gateway endpoint nothing. */
export function endpointBill(region: string, type: string | undefined, zones = 1): Billing | undefined {
  if (type !== 'Interface') return undefined;
  const factor = REGION_FACTOR[region];
  const what = `interface endpoint in ${String(zones)} zones`;
  return { what, ...(factor === undefined ? {} : { usdPerHour: rounded(ENDPOINT_ZONE * factor * zones) }) };
}

/** A running instance at its on-demand price, which spot stays below; a stopped one costs nothing itself. */
export function instanceBill(region: string, type: string | undefined, state: string | undefined): Billing | undefined {
  if (type === undefined || (state !== 'running' && state !== 'pending')) return undefined;
  const usdPerHour = onDemandPrice(region, type);
  return { what: type, ...(usdPerHour === undefined ? {} : { usdPerHour }) };
}

export function storageBill(region: string, type: string | undefined, gib: number | undefined): Billing | undefined {
  if (gib === undefined || gib === 0) return undefined;
  const [price, factor] = [PER_GIB_MONTH[type ?? ''], REGION_FACTOR[region]];
  const what = `${String(gib)} GiB ${type ?? 'volume'}`;
  if (price === undefined || factor === undefined) return { what };
  return { what, usdPerHour: rounded((price * factor * gib) / HOURS_PER_MONTH) };
}

/** To a millionth of a dollar: a GiB costs about 0.0001 an hour. */
function rounded(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}
