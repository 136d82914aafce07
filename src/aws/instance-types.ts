/** What are the instance types like, and where are they offered? */
import { DescribeInstanceTypeOfferingsCommand, DescribeInstanceTypesCommand } from '@aws-sdk/client-ec2';
import type { InstanceTypeInfo } from '@aws-sdk/client-ec2';
import type { Architecture } from '../contracts/capacity';
import type { AwsRegion } from './clients';
import { allPages } from './paging';
import type { Call, ComputePort } from './ports';
import { quotaFamily } from './quota-families';

type TypeFacts = Awaited<ReturnType<ComputePort['instanceTypes']>>[number];

/** The largest pages the API gives. */
const TYPES_PER_PAGE = 100;
const OFFERINGS_PER_PAGE = 1000;

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
