/** Which image does a spec's source mean in this region, for this architecture? */
import { DescribeImagesCommand } from '@aws-sdk/client-ec2';
import type { DescribeImagesCommandInput, Filter, Image } from '@aws-sdk/client-ec2';
import { GetParameterCommand } from '@aws-sdk/client-ssm';
import type { Architecture } from '../contracts/capacity';
import type { AwsRegion } from './clients';
import { hasCode } from './errors';
import { allPages } from './paging';
import type { Call, ImageSource } from './ports';

/** The word for an architecture in the names of public parameters (Canonical's way). */
const PARAMETER_WORD: Record<Architecture, string> = { x86_64: 'amd64', arm64: 'arm64' };
/** The largest page the API gives. */
const IMAGES_PER_PAGE = 1000;

/** The image's id; undefined when none is available for the architecture. */
export async function findImage(
  aws: AwsRegion,
  source: ImageSource,
  architecture: Architecture,
  call: Call = {},
): Promise<string | undefined> {
  const request = await requestFor(aws, source, architecture, call);
  if (request === undefined) return undefined;
  const images = await readImages(aws, request, call);
  return newest(images.filter((image) => image.State === 'available' && image.Architecture === architecture));
}

/** An id is looked at as well: one of another region or architecture would fail only at the launch. */
async function requestFor(
  aws: AwsRegion,
  source: ImageSource,
  architecture: Architecture,
  call: Call,
): Promise<DescribeImagesCommandInput | undefined> {
  if ('id' in source) return { ImageIds: [source.id] };
  if ('ssmParameter' in source) {
    const id = await parameter(aws, source.ssmParameter.replaceAll('{arch}', PARAMETER_WORD[architecture]), call);
    return id === undefined ? undefined : { ImageIds: [id] };
  }
  const fixed: Filter[] = [
    { Name: 'state', Values: ['available'] },
    { Name: 'architecture', Values: [architecture] },
  ];
  if ('namePattern' in source) {
    return { Owners: [source.owner], Filters: [...fixed, { Name: 'name', Values: [source.namePattern] }] };
  }
  const tags = Object.entries(source.tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }));
  return { Owners: ['self'], Filters: [...fixed, ...tags] };
}

async function parameter(aws: AwsRegion, name: string, call: Call): Promise<string | undefined> {
  try {
    const { Parameter } = await aws.send(new GetParameterCommand({ Name: name }), call);
    return Parameter?.Value;
  } catch (error) {
    if (hasCode(error, 'ParameterNotFound', 'ParameterVersionNotFound')) return undefined;
    throw error;
  }
}

async function readImages(aws: AwsRegion, request: DescribeImagesCommandInput, call: Call): Promise<Image[]> {
  const size = request.ImageIds === undefined ? { MaxResults: IMAGES_PER_PAGE } : {};
  try {
    return await allPages(
      (NextToken) => aws.send(new DescribeImagesCommand({ ...request, ...size, NextToken }), call),
      (page) => page.NextToken,
      (page) => page.Images,
    );
  } catch (error) {
    if (hasCode(error, 'InvalidAMIID.NotFound', 'InvalidAMIID.Unavailable')) return [];
    throw error;
  }
}

/** By creation date; of two made in one second the greater id, so that the answer is always the same. */
function newest(images: Image[]): string | undefined {
  const order = (image: Image): string => `${image.CreationDate ?? ''} ${image.ImageId ?? ''}`;
  return [...images].sort((a, b) => order(b).localeCompare(order(a)))[0]?.ImageId;
}
