/** What are the instance types like, where are they offered, and what do they cost on spot now? */
import {
  DescribeInstanceTypeOfferingsCommand,
  DescribeInstanceTypesCommand,
  DescribeSpotPriceHistoryCommand,
} from '@aws-sdk/client-ec2';
import type { _InstanceType, InstanceTypeInfo } from '@aws-sdk/client-ec2';
import type { Architecture } from '../contracts/capacity';
import type { AwsRegion } from './clients';
import { allPages } from './paging';
import type { Call, ComputePort } from './ports';
import { quotaFamily } from './quota-families';

type TypeFacts = Awaited<ReturnType<ComputePort['instanceTypes']>>[number];

/** The largest pages the API gives. */
const TYPES_PER_PAGE = 100;
const OFFERINGS_PER_PAGE = 1000;
const PRICES_PER_PAGE = 1000;

/** Asks by filter, not by name: an unknown name fails the whole call, an unmatched filter value does not. */
export async function instanceTypes(aws: AwsRegion, types: string[], call: Call = {}): Promise<TypeFacts[]> {
  if (types.length === 0) return [];
  const found = await allPages(
    (NextToken) => {
      const filter = { Filters: [{ Name: 'instance-type', Values: types }], MaxResults: TYPES_PER_PAGE };
      return aws.send(new DescribeInstanceTypesCommand({ ...filter, NextToken }), call);
    },
    (page) => page.NextToken,
    (page) => page.InstanceTypes,
  );
  return found.flatMap((info) => typeFacts(info));
}

function typeFacts(info: InstanceTypeInfo): TypeFacts[] {
  const architecture = architectureOf(info);
  const { InstanceType: instanceType, VCpuInfo, MemoryInfo } = info;
  if (instanceType === undefined || architecture === undefined) return [];
  const vcpus = VCpuInfo?.DefaultVCpus ?? 0;
  return [
    {
      instanceType,
      vcpus,
      memoryMiB: MemoryInfo?.SizeInMiB ?? 0,
      architecture,
      quotaFamily: quotaFamily(instanceType),
    },
  ];
}

/** Old x86 types also run i386, which nothing here asks for; Mac types are neither. */
function architectureOf(info: InstanceTypeInfo): Architecture | undefined {
  const supported = info.ProcessorInfo?.SupportedArchitectures ?? [];
  if (supported.includes('x86_64')) return 'x86_64';
  return supported.includes('arm64') ? 'arm64' : undefined;
}

export async function offerings(
  aws: AwsRegion,
  types: string[],
  call: Call = {},
): ReturnType<ComputePort['offerings']> {
  if (types.length === 0) return [];
  const found = await allPages(
    (NextToken) =>
      aws.send(
        new DescribeInstanceTypeOfferingsCommand({
          LocationType: 'availability-zone',
          Filters: [{ Name: 'instance-type', Values: types }],
          MaxResults: OFFERINGS_PER_PAGE,
          NextToken,
        }),
        call,
      ),
    (page) => page.NextToken,
    (page) => page.InstanceTypeOfferings,
  );
  return found.flatMap(({ InstanceType: instanceType, Location: zone }) =>
    instanceType === undefined || zone === undefined ? [] : [{ instanceType, zone }],
  );
}

/**
 * With the start at this moment AWS answers the price in force, one entry per type and zone.
 * Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_DescribeSpotPriceHistory.html
 */
export async function spotPrices(
  aws: AwsRegion,
  types: string[],
  call: Call = {},
): ReturnType<ComputePort['spotPrices']> {
  if (types.length === 0) return [];
  const found = await allPages(
    (NextToken) =>
      aws.send(
        new DescribeSpotPriceHistoryCommand({
          InstanceTypes: types as _InstanceType[],
          ProductDescriptions: ['Linux/UNIX'],
          StartTime: new Date(),
          MaxResults: PRICES_PER_PAGE,
          NextToken,
        }),
        call,
      ),
    (page) => page.NextToken,
    (page) => page.SpotPriceHistory,
  );
  const newestFirst = [...found].sort((a, b) => (b.Timestamp?.getTime() ?? 0) - (a.Timestamp?.getTime() ?? 0));
  const newest = new Map<string, { instanceType: string; zone: string; usd: number }>();
  for (const { InstanceType: instanceType, AvailabilityZone: zone, SpotPrice } of newestFirst) {
    const usd = Number(SpotPrice);
    if (instanceType === undefined || zone === undefined || !(usd > 0)) continue;
    const key = `${zone}/${instanceType}`;
    if (!newest.has(key)) newest.set(key, { instanceType, zone, usd });
  }
  return [...newest.values()];
}
