/** Which resources do the filters of a describe call keep? All filters must hold, each by any of its values; unknown ones are refused. */
import { AwsError } from '../errors';
import { hasWildcard, matches } from '../wildcard';
import { taggedIds } from '../world/resources';
import type { RegionState, Tags } from '../world/state';
import { records, text, texts, type Input } from './input';

/** What a filter compares: one text, several (any may match), or none. */
export type Field<T> = (item: T) => string | number | boolean | readonly string[] | undefined;
export type Fields<T> = Record<string, Field<T>>;

export interface Filter {
  name: string;
  values: string[];
}

/** "The maximum number of filter values specified on a single call is 200" (EC2 API reference, Filter). */
const MAX_VALUES = 200;

/** The filters of a request. AWS counts all their values together. */
export function filtersOf(input: Input): Filter[] {
  const filters = records(input, 'Filters').map((filter) => ({
    name: text(filter, 'Name') ?? '',
    values: texts(filter, 'Values'),
  }));
  const count = filters.reduce((sum, { values }) => sum + values.length, 0);
  if (count > MAX_VALUES) {
    throw new AwsError(
      'FilterLimitExceeded',
      `The maximum number of filter values specified on a single call is ${MAX_VALUES}`,
    );
  }
  return filters;
}

/** A test for all filters at once. `fields` are those this describe call knows; `tags` reads tags where it has any. */
export function filterTest<T>(filters: Filter[], fields: Fields<T>, tags?: (item: T) => Tags): (item: T) => boolean {
  const tests = filters.map((filter) => singleTest(filter, fieldOf(filter.name, fields, tags)));
  return (item) => tests.every((test) => test(item));
}

function singleTest<T>({ values }: Filter, field: Field<T>): (item: T) => boolean {
  const exact = new Set(values.filter((value) => !hasWildcard(value)));
  const patterns = values.filter((value) => hasWildcard(value));
  const fits = (value: string): boolean => exact.has(value) || patterns.some((pattern) => matches(pattern, value));
  return (item) => {
    const value = field(item);
    if (value === undefined) return false;
    return typeof value === 'object' ? value.some(fits) : fits(String(value));
  };
}

function fieldOf<T>(name: string, fields: Fields<T>, tags?: (item: T) => Tags): Field<T> {
  const known = fields[name];
  if (known) return known;
  if (tags && name.startsWith('tag:')) {
    const key = name.slice('tag:'.length);
    return (item) => tags(item)[key];
  }
  if (tags && name === 'tag-key') return (item) => Object.keys(tags(item));
  if (tags && name === 'tag-value') return (item) => Object.values(tags(item));
  throw new AwsError('InvalidParameterValue', `The filter '${name}' is invalid`);
}

/** The smallest set of ids that the exact `tag:` filters leave, or undefined when none of them narrows the search. */
export function idsByTag(state: RegionState, filters: Filter[]): Set<string> | undefined {
  let best: Set<string> | undefined;
  for (const { name, values } of filters) {
    if (!name.startsWith('tag:') || values.length === 0 || values.some(hasWildcard)) continue;
    const key = name.slice('tag:'.length);
    const ids = new Set(values.flatMap((value) => [...taggedIds(state, key, value)]));
    if (!best || ids.size < best.size) best = ids;
  }
  return best;
}
