/** What does an instance type cost on demand? A table, because the price list API is a 300 MB document per region. */

/**
 * Linux, shared tenancy, us-east-1, USD per hour, as published in November 2026. Only used to compare and to show:
 * a type that is missing here is bought all the same, without a price.
 * Source: https://aws.amazon.com/ec2/pricing/on-demand/
 *
 * First the families whose price doubles with the size, by the price of `large`.
 */
const LARGE: Record<string, { usd: number; sizes: string }> = {
  m5: { usd: 0.096, sizes: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge' },
  m5a: { usd: 0.086, sizes: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge' },
  m6i: { usd: 0.096, sizes: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge' },
  m6a: { usd: 0.0864, sizes: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge' },
  m6g: { usd: 0.077, sizes: 'medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge' },
  m7i: { usd: 0.1008, sizes: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge' },
  m7g: { usd: 0.0816, sizes: 'medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge' },
  c5: { usd: 0.085, sizes: 'large xlarge 2xlarge 4xlarge 9xlarge 12xlarge 18xlarge 24xlarge' },
  c5a: { usd: 0.077, sizes: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge' },
  c6i: { usd: 0.085, sizes: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge' },
  c6a: { usd: 0.0765, sizes: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge 48xlarge' },
  c6g: { usd: 0.068, sizes: 'medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge' },
  c7i: { usd: 0.08925, sizes: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 48xlarge' },
  c7g: { usd: 0.0725, sizes: 'medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge' },
  r5: { usd: 0.126, sizes: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge' },
  r5a: { usd: 0.113, sizes: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge' },
  r6g: { usd: 0.1008, sizes: 'medium large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge' },
  i3: { usd: 0.156, sizes: 'large xlarge 2xlarge 4xlarge 8xlarge 16xlarge' },
  r6i: { usd: 0.126, sizes: 'large xlarge 2xlarge 4xlarge 8xlarge 12xlarge 16xlarge 24xlarge 32xlarge' },
};

/** The others, size by size. */
const EACH: Record<string, Record<string, number>> = {
  t2: { nano: 0.0058, micro: 0.0116, small: 0.023, medium: 0.0464, large: 0.0928, xlarge: 0.1856, '2xlarge': 0.3712 },
  t3: { nano: 0.0052, micro: 0.0104, small: 0.0208, medium: 0.0416, large: 0.0832, xlarge: 0.1664, '2xlarge': 0.3328 },
  t3a: { nano: 0.0047, micro: 0.0094, small: 0.0188, medium: 0.0376, large: 0.0752, xlarge: 0.1504, '2xlarge': 0.3008 },
  t4g: { nano: 0.0042, micro: 0.0084, small: 0.0168, medium: 0.0336, large: 0.0672, xlarge: 0.1344, '2xlarge': 0.2688 },
  g4dn: { xlarge: 0.526, '2xlarge': 0.752, '4xlarge': 1.204, '8xlarge': 2.176, '12xlarge': 3.912, '16xlarge': 4.352 },
  g5: {
    xlarge: 1.006,
    '2xlarge': 1.212,
    '4xlarge': 1.624,
    '8xlarge': 2.448,
    '12xlarge': 5.672,
    '16xlarge': 4.096,
    '24xlarge': 8.144,
    '48xlarge': 16.288,
  },
  g6: {
    xlarge: 0.8048,
    '2xlarge': 0.9776,
    '4xlarge': 1.3232,
    '8xlarge': 2.0144,
    '12xlarge': 4.6016,
    '16xlarge': 3.3968,
    '24xlarge': 6.6752,
    '48xlarge': 13.3504,
  },
  p3: { '2xlarge': 3.06, '8xlarge': 12.24, '16xlarge': 24.48 },
};

/** Against us-east-1. Oregon and Ohio have its prices; Ireland's families lie between 1.08 and 1.13 times as much. */
export const REGION_FACTOR: Record<string, number> = {
  'us-east-1': 1,
  'us-east-2': 1,
  'us-west-2': 1,
  'eu-west-1': 1.11,
};

/** USD per hour; undefined for a type or region that the table does not hold. */
export function onDemandPrice(region: string, instanceType: string): number | undefined {
  const [family = '', size = ''] = instanceType.split('.');
  const factor = REGION_FACTOR[region];
  const usd = EACH[family]?.[size] ?? bySize(family, size);
  if (factor === undefined || usd === undefined) return undefined;
  // Prices have at most five decimals.
  return Math.round(usd * factor * 100_000) / 100_000;
}

function bySize(family: string, size: string): number | undefined {
  const row = LARGE[family];
  return row?.sizes.split(' ').includes(size) === true ? row.usd * timesLarge(size) : undefined;
}

/** `medium` is half of large, `xlarge` twice, and `4xlarge` four times an xlarge. */
function timesLarge(size: string): number {
  if (size === 'medium') return 0.5;
  if (size === 'large') return 1;
  return 2 * (Number.parseInt(size, 10) || 1);
}
