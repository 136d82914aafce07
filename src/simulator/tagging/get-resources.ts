/** Which resources carry these tags? GetResources: keys are ANDed, values of a key ORed, all compared exactly. */
import { arnOf, kindOf } from '../world/resources';
import type { Handler, SimResource } from '../world/state';
import { indexed, type Indexed } from './ghosts';
import { checkCount, invalid } from './limits';
import { cutPage } from './page-token';

interface TagFilter {
  Key?: string;
  Values?: string[];
}

/** API reference, GetResources. */
const MAX_FILTERS = 50;
const MAX_VALUES = 20;
const MAX_TYPES = 100;
const MAX_ARNS = 100;
const MAX_PER_PAGE = 100;
/** Page size when the caller does not say: AWS documents none (invented). */
const PER_PAGE = 50;

export const getResources: Handler = (input, ctx) => {
  const filters = (input['TagFilters'] ?? []) as TagFilter[];
  const types = (input['ResourceTypeFilters'] ?? []) as string[];
  const arns = (input['ResourceARNList'] ?? []) as string[];
  checkInput(input, filters, types, arns);
  const now = Date.now();
  const found = indexed(ctx, now).filter((one) => ofType(one.resource, types) && carries(one, filters));
  if (arns.length > 0)
    return { ResourceTagMappingList: found.filter(({ resource }) => arns.includes(arnOf(resource))).map(viewOf) };
  const size = Number(input['ResourcesPerPage'] ?? PER_PAGE);
  const { items, PaginationToken } = cutPage(ctx.world, found, input['PaginationToken'], size, now);
  return { ResourceTagMappingList: items.map(viewOf), PaginationToken };
};

function checkInput(input: Record<string, unknown>, filters: TagFilter[], types: string[], arns: string[]): void {
  checkCount('TagFilters', filters, MAX_FILTERS);
  checkCount('ResourceTypeFilters', types, MAX_TYPES);
  checkCount('ResourceARNList', arns, MAX_ARNS);
  for (const { Key = '', Values = [] } of filters) {
    if (Key === '') throw invalid('A tag filter needs a Key');
    checkCount(`Values of ${Key}`, Values, MAX_VALUES);
  }
  const bad = types.find((type) => !/^[a-z0-9-]+(:[a-z0-9-]+)?$/.test(type));
  if (bad !== undefined) throw invalid(`'${bad}' is not a resource type filter`);
  if (arns.length > 0) checkAlone(input);
  checkPaging(input);
}

/** A list of ARNs excludes everything else. */
function checkAlone(input: Record<string, unknown>): void {
  const others = ['TagFilters', 'ResourceTypeFilters', 'PaginationToken', 'ResourcesPerPage', 'TagsPerPage'];
  const given = others.find((name) => input[name] !== undefined && (input[name] as { length?: number }).length !== 0);
  if (given !== undefined) throw invalid(`ResourceARNList cannot be used with ${given}`);
}

function checkPaging(input: Record<string, unknown>): void {
  const size = Number(input['ResourcesPerPage'] ?? PER_PAGE);
  if (size < 1 || size > MAX_PER_PAGE) {
    throw invalid(`ResourcesPerPage is 1 to ${MAX_PER_PAGE}, not ${size}`);
  }
  const tags = Number(input['TagsPerPage'] ?? 100);
  // "100 to 500, in steps of 100"; pages of this simulator are cut by resources alone.
  if (![100, 200, 300, 400, 500].includes(tags)) {
    throw invalid(`TagsPerPage is 100, 200, 300, 400 or 500, not ${tags}`);
  }
}

function ofType(resource: SimResource, types: string[]): boolean {
  const { service, type } = kindOf(resource);
  return types.length === 0 || types.includes(service) || types.includes(`${service}:${type}`);
}

function carries({ tags }: Indexed, filters: TagFilter[]): boolean {
  return filters.every(({ Key = '', Values = [] }) => {
    const value = tags[Key];
    return value !== undefined && (Values.length === 0 || Values.includes(value));
  });
}

function viewOf({ resource, tags }: Indexed): Record<string, unknown> {
  return {
    ResourceARN: arnOf(resource),
    Tags: Object.entries(tags).map(([Key, Value]) => ({ Key, Value })),
  };
}
