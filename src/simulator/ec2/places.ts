/** Where can one launch, and what? Regions, zones, instance types and their offerings. */
import { AwsError } from '../errors';
import type { InstanceTypeFacts } from '../scenario';
import { isOffered } from '../world/pools';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers } from '../world/state';
import { filterTest, filtersOf, type Fields } from './filters';
import { flag, invalid, text, texts } from './input';
import { page } from './paging';

const describeRegions: Handler = (input, { world }) => {
  const names = texts(input, 'RegionNames');
  const everywhere = Object.keys(world.scenario.regions);
  const optIn = (name: string): string =>
    world.scenario.regions[name]?.notOptedIn ? 'not-opted-in' : 'opt-in-not-required';
  // "Whether to display all Regions, including Regions that are disabled for your account" (API reference).
  const all = flag(input, 'AllRegions') ? everywhere : everywhere.filter((name) => optIn(name) !== 'not-opted-in');
  const unknown = names.filter((name) => !all.includes(name));
  if (unknown.length > 0) throw new AwsError('InvalidParameterValue', `Invalid region provided: ${unknown.join(', ')}`);
  const fields: Fields<string> = {
    'region-name': (name) => name,
    endpoint: (name) => `ec2.${name}.amazonaws.com`,
    'opt-in-status': optIn,
  };
  const passes = filterTest(filtersOf(input), fields);
  const Regions = (names.length > 0 ? names : all)
    .filter(passes)
    .map((name) => ({ RegionName: name, Endpoint: `ec2.${name}.amazonaws.com`, OptInStatus: optIn(name) }));
  return { Regions };
};

/** The zone id, such as `usw2-az1`. Which name has which id differs by account on AWS; here names and numbers agree. */
export function zoneId(zone: string): string {
  const match = /^([a-z]+)-([a-z]+)-(\d+)([a-z])$/.exec(zone);
  if (!match) return zone;
  const [, area = '', side = '', digit = '', letter = 'a'] = match;
  const short = side.replace(/north|south|east|west|central/g, (word) => word.charAt(0));
  return `${area}${short}${digit}-az${letter.charCodeAt(0) - 'a'.charCodeAt(0) + 1}`;
}

const describeAvailabilityZones: Handler = (input, ctx) => {
  regionState(ctx);
  const all = ctx.world.scenario.regions[ctx.region]?.zones ?? [];
  const [names, ids] = [texts(input, 'ZoneNames'), texts(input, 'ZoneIds')];
  const bad = [
    ...names.filter((name) => !all.includes(name)),
    ...ids.filter((id) => !all.some((zone) => zoneId(zone) === id)),
  ];
  if (bad.length > 0) throw new AwsError('InvalidParameterValue', `Invalid availability zone: [${bad.join(', ')}]`);
  const fields: Fields<string> = {
    'zone-name': (zone) => zone,
    'zone-id': zoneId,
    'zone-type': () => 'availability-zone',
    'region-name': () => ctx.region,
    'group-name': () => `${ctx.region}-zg-1`,
    state: () => 'available',
    'opt-in-status': () => 'opt-in-not-required',
  };
  const passes = filterTest(filtersOf(input), fields);
  const AvailabilityZones = all
    .filter((zone) => (names.length === 0 || names.includes(zone)) && (ids.length === 0 || ids.includes(zoneId(zone))))
    .filter(passes)
    .map((zone) => ({
      ZoneName: zone,
      ZoneId: zoneId(zone),
      ZoneType: 'availability-zone',
      State: 'available',
      OptInStatus: 'opt-in-not-required',
      RegionName: ctx.region,
      GroupName: `${ctx.region}-zg-1`,
      NetworkBorderGroup: ctx.region,
      Messages: [],
    }));
  return { AvailabilityZones };
};

const describeInstanceTypes: Handler = (input, ctx) => {
  regionState(ctx);
  const types = ctx.world.scenario.instanceTypes;
  const wanted = texts(input, 'InstanceTypes');
  const unknown = wanted.filter((type) => !types[type] || zonesOf(ctx, type).length === 0);
  if (unknown.length > 0) {
    throw new AwsError(
      'InvalidInstanceType',
      `The following supplied instance types do not exist: [${unknown.join(', ')}]`,
    );
  }
  const fields: Fields<string> = {
    'instance-type': (type) => type,
    'processor-info.supported-architecture': (type) => [types[type]?.arch ?? ''],
    'vcpu-info.default-vcpus': (type) => types[type]?.vcpus,
    'memory-info.size-in-mib': (type) => types[type]?.memoryMiB,
    'supported-usage-class': () => ['on-demand', 'spot'],
    'supported-virtualization-type': () => ['hvm'],
    'supported-root-device-type': () => ['ebs'],
    'current-generation': (type) => isCurrent(type),
    'burstable-performance-supported': (type) => type.startsWith('t'),
    'bare-metal': () => false,
    hypervisor: (type) => (isNitro(type) ? 'nitro' : 'xen'),
    'free-tier-eligible': (type) => FREE_TIER.has(type),
  };
  const passes = filterTest(filtersOf(input), fields);
  const all = Object.keys(types).filter(
    (type) => zonesOf(ctx, type).length > 0 && (wanted.length === 0 || wanted.includes(type)),
  );
  const order = new Map(Object.keys(types).map((type, index) => [type, index + 1]));
  // 5 to 100 a page, 100 unless told: EC2 API reference, DescribeInstanceTypes.
  const limits = { min: 5, max: 100, byDefault: 100, notWith: 'InstanceTypes' };
  const { items, ...more } = page(ctx.world, all.filter(passes), input, limits, (type) => order.get(type) ?? 0);
  return { InstanceTypes: items.map((type) => describeType(ctx, type)), ...more };
};

const FREE_TIER = new Set(['t2.micro', 't3.micro', 't4g.micro']);
const isCurrent = (type: string): boolean => !/^(t2|i3|p3)\./.test(type);
const isNitro = (type: string): boolean => !/^(t2|i3|p3)\./.test(type);

const NO_FACTS: InstanceTypeFacts = { arch: 'x86_64', vcpus: 0, memoryMiB: 0, onDemandUsd: 0 };

function describeType(ctx: HandlerContext, type: string): Record<string, unknown> {
  const { arch, vcpus, memoryMiB, gpus } = ctx.world.scenario.instanceTypes[type] ?? NO_FACTS;
  return {
    InstanceType: type,
    CurrentGeneration: isCurrent(type),
    FreeTierEligible: FREE_TIER.has(type),
    SupportedUsageClasses: ['on-demand', 'spot'],
    SupportedRootDeviceTypes: ['ebs'],
    SupportedVirtualizationTypes: ['hvm'],
    BareMetal: false,
    Hypervisor: isNitro(type) ? 'nitro' : 'xen',
    BurstablePerformanceSupported: type.startsWith('t'),
    ProcessorInfo: { SupportedArchitectures: [arch] },
    VCpuInfo: { DefaultVCpus: vcpus },
    MemoryInfo: { SizeInMiB: memoryMiB },
    EbsInfo: {
      EbsOptimizedSupport: 'default',
      EncryptionSupport: 'supported',
      NvmeSupport: isNitro(type) ? 'required' : 'unsupported',
    },
    PlacementGroupInfo: { SupportedStrategies: ['partition', 'spread', ...(type.startsWith('t') ? [] : ['cluster'])] },
    ...(gpus === undefined ? {} : { GpuInfo: { Gpus: [{ Count: gpus, Manufacturer: 'NVIDIA' }] } }),
  };
}

function zonesOf({ world, region }: HandlerContext, type: string): string[] {
  return (world.scenario.regions[region]?.zones ?? []).filter((zone) => isOffered(world, { region, zone, type }));
}

const LOCATION_TYPES = ['region', 'availability-zone', 'availability-zone-id'];

const describeInstanceTypeOfferings: Handler = (input, ctx) => {
  regionState(ctx);
  const kind = text(input, 'LocationType') ?? 'region';
  if (!LOCATION_TYPES.includes(kind))
    throw invalid('LocationType', kind, `Expecting one of ${LOCATION_TYPES.join(', ')}`);
  const offers = Object.keys(ctx.world.scenario.instanceTypes).flatMap((type) => {
    const zones = zonesOf(ctx, type);
    const locations = kind === 'region' ? zones.slice(0, 1).map(() => ctx.region) : zones;
    return locations.map((zone) => ({
      InstanceType: type,
      LocationType: kind,
      Location: kind === 'availability-zone-id' ? zoneId(zone) : zone,
    }));
  });
  const fields: Fields<(typeof offers)[number]> = {
    'instance-type': (offer) => offer.InstanceType,
    location: (offer) => offer.Location,
  };
  const order = new Map(offers.map((offer, index) => [offer, index + 1]));
  // 5 to 1,000 a page: EC2 API reference, DescribeInstanceTypeOfferings.
  const limits = { min: 5, max: 1000, byDefault: 1000 };
  const passing = offers.filter(filterTest(filtersOf(input), fields));
  const { items, ...more } = page(ctx.world, passing, input, limits, (offer) => order.get(offer) ?? 0);
  return { InstanceTypeOfferings: items, ...more };
};

export const placeOperations: Handlers = {
  DescribeRegions: describeRegions,
  DescribeAvailabilityZones: describeAvailabilityZones,
  DescribeInstanceTypes: describeInstanceTypes,
  DescribeInstanceTypeOfferings: describeInstanceTypeOfferings,
};
