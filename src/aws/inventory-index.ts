/** Which resources do the two tag indexes name? Candidates only: both hold ghosts, and both may lag. */
import { DescribeTagsCommand } from '@aws-sdk/client-ec2';
import { GetResourcesCommand, type GetResourcesCommandOutput } from '@aws-sdk/client-resource-groups-tagging-api';
import type { ResourceRef } from '../contracts/inventory';
import { MANAGED_BY, TAG } from '../contracts/names';
import type { AwsRegion } from './clients';
import { literally, PAGE, readPages } from './inventory-kind';
import { inParts } from './paging';
import type { Call } from './ports';
import { fromTags } from './tags';

export interface IndexReading {
  refs: ResourceRef[];
  pages: number;
}

/** A page of the tagging API. Source: GetResources, ResourcesPerPage 1 to 100. */
export const TAGGING_PAGE = 100;

/** Every EC2 type at once, one row per tag. Two keys cannot be combined, so `ManagedBy` is left to the confirmation. */
export async function readTagRows(aws: AwsRegion, experimentId: string, call?: Call): Promise<IndexReading> {
  const filters = [
    { Name: 'key', Values: [TAG.experimentId] },
    { Name: 'value', Values: [literally(experimentId)] },
  ];
  const pages = await readPages((token) =>
    aws.send(new DescribeTagsCommand({ Filters: filters, MaxResults: PAGE, ...token }), call),
  );
  const rows = pages.flatMap((page) => page.Tags ?? []).filter((row) => row.Value === experimentId);
  return {
    refs: rows.map((row) => ({ type: row.ResourceType ?? 'unknown', id: row.ResourceId ?? '' })),
    pages: pages.length,
  };
}

/** Every service that the tagging API covers, EC2 or not. */
export async function readTagIndex(aws: AwsRegion, experimentId: string, call?: Call): Promise<IndexReading> {
  const filters = [
    { Key: TAG.experimentId, Values: [experimentId] },
    { Key: TAG.managedBy, Values: [MANAGED_BY] },
  ];
  const refs: ResourceRef[] = [];
  let pages = 0;
  let token: string | undefined;
  do {
    const page: GetResourcesCommandOutput = await aws.send(
      new GetResourcesCommand({
        TagFilters: filters,
        ResourcesPerPage: TAGGING_PAGE,
        ...(token ? { PaginationToken: token } : {}),
      }),
      call,
    );
    for (const mapping of page.ResourceTagMappingList ?? []) refs.push(refOf(mapping.ResourceARN ?? ''));
    pages += 1;
    token = page.PaginationToken;
  } while (token !== undefined && token !== '');
  return { refs, pages };
}

/** The tags of resources that no row of the table reads, by id; those without any are absent. */
export interface TagReading {
  tags: Map<string, Record<string, string>>;
  pages: number;
}

/** What EC2 itself holds for ids of its own types. Two hundred values is the most that a filter takes. */
export async function tagsOfIds(aws: AwsRegion, ids: string[], call?: Call): Promise<TagReading> {
  const tags = new Map<string, Record<string, string>>();
  let pages = 0;
  for (const Values of inParts(ids, 200)) {
    const read = await readPages((token) =>
      aws.send(
        new DescribeTagsCommand({ Filters: [{ Name: 'resource-id', Values }], MaxResults: PAGE, ...token }),
        call,
      ),
    );
    for (const { ResourceId = '', Key = '', Value = '' } of read.flatMap((page) => page.Tags ?? [])) {
      tags.set(ResourceId, { ...tags.get(ResourceId), [Key]: Value });
    }
    pages += read.length;
  }
  return { tags, pages };
}

/** What the tagging API holds for ARNs of other services; a list of ARNs takes neither filter nor page. */
export async function tagsOfArns(aws: AwsRegion, arns: string[], call?: Call): Promise<TagReading> {
  const tags = new Map<string, Record<string, string>>();
  const parts = inParts(arns, TAGGING_PAGE);
  for (const ResourceARNList of parts) {
    const page = await aws.send(new GetResourcesCommand({ ResourceARNList }), call);
    for (const { ResourceARN = '', Tags } of page.ResourceTagMappingList ?? []) tags.set(ResourceARN, fromTags(Tags));
  }
  return { tags, pages: parts.length };
}

/** `arn:aws:ec2:us-west-2:1:instance/i-1` is instance i-1; of other services the type is `service:kind`. */
export function refOf(arn: string): ResourceRef {
  const [, , service = '', , , ...rest] = arn.split(':');
  const path = rest.join(':');
  const cut = path.search(/[/:]/);
  const kind = cut < 0 ? service : path.slice(0, cut);
  const id = cut < 0 ? path : path.slice(cut + 1);
  return service === 'ec2' ? { type: kind, id } : { type: cut < 0 ? service : `${service}:${kind}`, id: arn };
}
