/** What of any experiment lives in a region, by the `ManagedBy` tag alone? Named by both tag indexes, confirmed by id. */
import { DescribeLaunchTemplatesCommand, DescribeTagsCommand } from '@aws-sdk/client-ec2';
import { GetResourcesCommand, type GetResourcesCommandOutput } from '@aws-sdk/client-resource-groups-tagging-api';
import { MANAGED_BY, TAG } from '../contracts/names';
import type { AwsRegion } from './clients';
import { describeInstances } from './instances';
import { refOf, TAGGING_PAGE, type IndexReading } from './inventory-index';
import { PAGE, readPages } from './inventory-kind';
import { kindOf } from './inventory-kinds';
import { attempt, confirm, createPass, keyOf, readIndex, type Pass } from './inventory-pass';
import type { Call, Holding, Holdings } from './ports';
import { fromTags } from './tags';

/** A page of templates. Source: EC2 API reference, DescribeLaunchTemplates: 1 to 200. */
const TEMPLATE_PAGE = 200;

/** Two calls where nothing is; what cannot be read is said in `sources` and does not reject. */
export async function readHoldings(aws: AwsRegion, call: Call = {}): Promise<Holdings> {
  const pass = createPass(aws, call);
  const tags = new Map<string, Record<string, string>>();
  const [rows, index] = await Promise.all([
    readIndex(pass, 'DescribeTags', () => managedRows(pass)),
    readIndex(pass, 'GetResources', () => managedIndex(pass, tags)),
  ]);
  await confirm(pass, [...rows, ...index]);
  const living = [...pass.found.values()].filter((one) => one.state === 'live');
  const dates = living.length === 0 ? new Map<string, string>() : await creationDates(pass);
  return { holdings: living.map((one) => holding(one, tags, dates)), sources: [...pass.sources.values()] };
}

/** What has no Describe of its own is known by the tags that the index gave. */
function holding(
  one: { type: string; id: string; tags: Record<string, string> },
  indexed: Map<string, Record<string, string>>,
  dates: Map<string, string>,
): Holding {
  const { type, id } = one;
  const tags = kindOf(type) === undefined ? (indexed.get(id) ?? one.tags) : one.tags;
  const createdAt = dates.get(id);
  return { type, id, tags, ...(createdAt === undefined ? {} : { createdAt }) };
}

async function managedRows({ aws, call }: Pass): Promise<IndexReading> {
  const Filters = [
    { Name: 'key', Values: [TAG.managedBy] },
    { Name: 'value', Values: [MANAGED_BY] },
  ];
  const pages = await readPages((token) =>
    aws.send(new DescribeTagsCommand({ Filters, MaxResults: PAGE, ...token }), call),
  );
  const rows = pages.flatMap((page) => page.Tags ?? []);
  const refs = rows.map((row) => ({ type: row.ResourceType ?? 'unknown', id: row.ResourceId ?? '' }));
  return { refs, pages: pages.length };
}

async function managedIndex({ aws, call }: Pass, tags: Map<string, Record<string, string>>): Promise<IndexReading> {
  const TagFilters = [{ Key: TAG.managedBy, Values: [MANAGED_BY] }];
  const refs: IndexReading['refs'] = [];
  let pages = 0;
  let token: string | undefined;
  do {
    const more = token === undefined || token === '' ? {} : { PaginationToken: token };
    const page: GetResourcesCommandOutput = await aws.send(
      new GetResourcesCommand({ TagFilters, ResourcesPerPage: TAGGING_PAGE, ...more }),
      call,
    );
    for (const { ResourceARN = '', Tags } of page.ResourceTagMappingList ?? []) {
      const ref = refOf(ResourceARN);
      refs.push(ref);
      tags.set(ref.id, fromTags(Tags));
    }
    pages += 1;
    token = page.PaginationToken;
  } while (token !== undefined && token !== '');
  return { refs, pages };
}

/** When instances and templates were made: every experiment has some of them, and groups are dated by nothing. */
async function creationDates(pass: Pass): Promise<Map<string, string>> {
  const { aws, call } = pass;
  const dates = new Map<string, string>();
  const instances = [...pass.found.values()].filter((one) => one.type === 'instance' && one.state === 'live');
  await attempt(pass, 'DescribeInstances', 'instance', async () => {
    const ids = instances.map(({ id }) => id);
    for (const view of await describeInstances(aws, ids, call)) dates.set(view.instanceId, view.launchedAt);
    return { pages: 0 };
  });
  if (![...pass.found.keys()].some((key) => key.startsWith(keyOf({ type: 'launch-template', id: '' })))) return dates;
  await attempt(pass, 'DescribeLaunchTemplates', 'launch-template', async () => {
    const Filters = [{ Name: `tag:${TAG.managedBy}`, Values: [MANAGED_BY] }];
    const pages = await readPages((token) =>
      aws.send(new DescribeLaunchTemplatesCommand({ Filters, MaxResults: TEMPLATE_PAGE, ...token }), call),
    );
    for (const { LaunchTemplateId, CreateTime } of pages.flatMap((page) => page.LaunchTemplates ?? [])) {
      if (LaunchTemplateId !== undefined && CreateTime !== undefined)
        dates.set(LaunchTemplateId, CreateTime.toISOString());
    }
    return { pages: 0 };
  });
  return dates;
}
