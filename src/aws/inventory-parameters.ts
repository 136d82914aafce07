/** How are SSM parameters read and deleted? An ARN names them, a name deletes them, and their tags are asked for one by one. */
import {
  DeleteParametersCommand,
  DescribeParametersCommand,
  ListTagsForResourceCommand,
  type ParameterMetadata,
  type ParameterStringFilter,
} from '@aws-sdk/client-ssm';
import type { Removal, TaggedResource } from '../contracts/inventory';
import { MANAGED_BY, TAG } from '../contracts/names';
import type { AwsRegion } from './clients';
import { resource } from './inventory-kind';
import type { Kind, Reading } from './inventory-kind';
import { readPages } from './inventory-kind';
import { refused } from './inventory-remove';
import { inParts } from './paging';
import type { Call } from './ports';

/** Source: DescribeParameters, MaxResults 1 to 50, and up to 50 values in a filter. */
const PARAMETER_PAGE = 50;
/** Source: DeleteParameters, Names 1 to 10. */
const AT_ONCE = 10;

async function parameters(
  aws: AwsRegion,
  filters: ParameterStringFilter[],
  call?: Call,
): Promise<{ raw: ParameterMetadata[]; pages: number }> {
  const pages = await readPages((token) =>
    aws.send(new DescribeParametersCommand({ ParameterFilters: filters, MaxResults: PARAMETER_PAGE, ...token }), call),
  );
  return { raw: pages.flatMap((page) => page.Parameters ?? []), pages: pages.length };
}

/** Reads the tags of each, since no listing shows them. */
async function reading(
  aws: AwsRegion,
  { raw, pages }: { raw: ParameterMetadata[]; pages: number },
  call?: Call,
): Promise<Reading> {
  const resources: TaggedResource[] = [];
  for (const { ARN, Name } of raw) {
    const input = { ResourceType: 'Parameter', ResourceId: Name } as const;
    const { TagList } = await aws.send(new ListTagsForResourceCommand(input), call);
    resources.push(resource(aws, 'ssm:parameter', ARN, TagList, { state: 'live', seen: 'exists' }));
  }
  return { resources, pages };
}

function carrying(key: string, value: string): ParameterStringFilter {
  return { Key: `tag:${key}`, Option: 'Equals', Values: [value] };
}

/** An ARN does not say whether the name of a single part begins with a slash; one with more parts always does. */
function namesOf(arn: string): string[] {
  const path = arn.slice(arn.indexOf(':parameter/') + ':parameter/'.length);
  return path.includes('/') ? [`/${path}`] : [path, `/${path}`];
}

async function named(
  aws: AwsRegion,
  arns: string[],
  call?: Call,
): Promise<{ raw: ParameterMetadata[]; pages: number }> {
  const read = { raw: [] as ParameterMetadata[], pages: 0 };
  for (const Values of inParts(arns.flatMap(namesOf), PARAMETER_PAGE)) {
    const part = await parameters(aws, [{ Key: 'Name', Option: 'Equals', Values }], call);
    read.raw.push(...part.raw.filter(({ ARN }) => arns.includes(ARN ?? '')));
    read.pages += part.pages;
  }
  return read;
}

export const ssmParameters: Kind = {
  type: 'ssm:parameter',
  api: 'DescribeParameters',
  async byTags(aws, experimentId, call) {
    const filters = [carrying(TAG.experimentId, experimentId), carrying(TAG.managedBy, MANAGED_BY)];
    return reading(aws, await parameters(aws, filters, call), call);
  },
  byIds: async (aws, ids, call) => reading(aws, await named(aws, ids, call), call),
  async remove(aws, resources, call) {
    const answers: Removal[] = [];
    for (const slice of inParts(resources, AT_ONCE)) answers.push(...(await deleteSome(aws, slice, call)));
    return answers;
  },
};

/** Names that are no parameter's any more are listed in a successful answer, and so is nothing else. */
async function deleteSome(aws: AwsRegion, resources: TaggedResource[], call?: Call): Promise<Removal[]> {
  const ids = resources.map((one) => one.id);
  try {
    const { raw } = await named(aws, ids, call);
    const Names = raw.map(({ Name }) => Name ?? '');
    if (Names.length > 0) await aws.send(new DeleteParametersCommand({ Names }), call);
    const asked = new Set(raw.map(({ ARN }) => ARN));
    return ids.map((id) =>
      asked.has(id)
        ? { id, outcome: 'asked', detail: 'DeleteParameters accepted' }
        : { id, outcome: 'gone', detail: 'not found' },
    );
  } catch (error) {
    return ids.map((id) => refused(id, error));
  }
}
