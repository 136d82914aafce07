/** What did spot capacity cost? DescribeSpotPriceHistory over the pools' paths. */
import { regionState } from '../world/world';
import { isOffered } from '../world/pools';
import { priceHistory } from '../world/prices';
import type { Handler, Handlers } from '../world/state';
import { filterTest, filtersOf, type Fields } from './filters';
import { text, texts, type Input } from './input';
import { page } from './paging';
import { zoneId } from './places';

interface Point {
  zone: string;
  type: string;
  at: number;
  usd: number;
}

const PRODUCTS = ['Linux/UNIX', 'Linux/UNIX (Amazon VPC)'];

/** "The past 90 days": EC2 API reference, DescribeSpotPriceHistory. */
const HISTORY_MS = 90 * 24 * 3_600_000;

const FIELDS: Fields<Point> = {
  'availability-zone': ({ zone }) => zone,
  'availability-zone-id': ({ zone }) => zoneId(zone),
  'instance-type': ({ type }) => type,
  'product-description': () => PRODUCTS,
  'spot-price': ({ usd }) => usd.toFixed(6),
  timestamp: ({ at }) => new Date(at).toISOString(),
};

const describeSpotPriceHistory: Handler = (input, ctx) => {
  const { world, region } = ctx;
  regionState(ctx);
  const now = Date.now();
  const to = Math.min(now, timeOf(input, 'EndTime') ?? now);
  const from = Math.max(now - HISTORY_MS, Math.min(to, timeOf(input, 'StartTime') ?? now - HISTORY_MS));
  const products = texts(input, 'ProductDescriptions');
  const types = texts(input, 'InstanceTypes');
  const filters = filtersOf(input);
  const passes = filterTest(filters, FIELDS);
  const typeFilter = filterTest(
    filters.filter(({ name }) => name === 'instance-type'),
    FIELDS,
  );
  const pools = (world.scenario.regions[region]?.zones ?? [])
    .filter((zone) => [zone, undefined].includes(text(input, 'AvailabilityZone')))
    .filter((zone) => [zoneId(zone), undefined].includes(text(input, 'AvailabilityZoneId')))
    .flatMap((zone) => Object.keys(world.scenario.instanceTypes).map((type) => ({ zone, type })))
    .filter(
      ({ zone, type }) => (types.length === 0 || types.includes(type)) && isOffered(world, { region, zone, type }),
    )
    .filter((pool) => typeFilter({ ...pool, at: 0, usd: 0 }));
  const wanted = products.length === 0 || products.some((product) => PRODUCTS.includes(product));
  const points = (wanted ? pools : [])
    .flatMap(({ zone, type }) =>
      priceHistory(world, zone, region, type, from, to).map((point) => ({ zone, type, ...point })),
    )
    .filter(passes)
    .sort((a, b) => b.at - a.at);
  const order = new Map(points.map((point, index) => [point, index + 1]));
  // 1 to 1,000 a page, 1,000 unless told: EC2 API reference.
  const { items, ...more } = page(
    ctx.world,
    points,
    input,
    { min: 1, max: 1000, byDefault: 1000 },
    (point) => order.get(point) ?? 0,
  );
  return { SpotPriceHistory: items.map(render), ...more };
};

function render({ zone, type, at, usd }: Point): Record<string, unknown> {
  return {
    AvailabilityZone: zone,
    AvailabilityZoneId: zoneId(zone),
    InstanceType: type,
    ProductDescription: 'Linux/UNIX',
    SpotPrice: usd.toFixed(6),
    Timestamp: new Date(at),
  };
}

function timeOf(input: Input, name: string): number | undefined {
  const value = input[name];
  return value instanceof Date ? value.getTime() : undefined;
}

export const priceOperations: Handlers = { DescribeSpotPriceHistory: describeSpotPriceHistory };
