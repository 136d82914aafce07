/** How does every describe call of resources work? Ids or filters, then what is visible, in order of creation, by pages. */
import type { AwsError } from '../errors';
import { checkIds } from '../world/ids';
import { isLeaving } from '../world/resources';
import type { HandlerContext, RegionState, SimResource } from '../world/state';
import { filterTest, filtersOf, idsByTag, type Fields } from './filters';
import { texts, type Input } from './input';
import { page, pageSize, type Page, type PageLimits } from './paging';

export interface Listing<T extends SimResource> {
  shelf: ReadonlyMap<string, T>;
  fields: Fields<T>;
  /** The request member with the ids, their prefix, and the error codes for bad and unknown ones. */
  ids?: { member: string; prefix: string; malformed: string; unknown: (ids: string[]) => AwsError };
  limits?: PageLimits;
}

/** The page of resources that the input asks for. */
export function select<T extends SimResource>(
  ctx: HandlerContext,
  state: RegionState,
  input: Input,
  listing: Listing<T>,
): Page<T> {
  const now = Date.now();
  const limits = listing.limits ?? UNPAGED;
  pageSize(input, limits);
  const filters = filtersOf(input);
  const passes = filterTest(filters, listing.fields, ({ tags }) => tags);
  const all = withLeaving(state, listing, now);
  const found = byId(input, all, (item) => isVisible(ctx, item, now)) ?? narrowed(all, idsByTag(state, filters));
  const items: T[] = [];
  for (const item of found) if (isVisible(ctx, item, now) && passes(item)) items.push(item);
  items.sort((a, b) => a.seq - b.seq);
  return page(ctx.world, items, input, limits, ({ seq }) => seq);
}

/** Describes trail behind deletions: what was deleted lately is still on the shelf for them. */
function withLeaving<T extends SimResource>(state: RegionState, listing: Listing<T>, now: number): Listing<T> {
  const leaving = state.leaving.get(listing.shelf) as Map<string, T> | undefined;
  if (!leaving) return listing;
  for (const [id, item] of leaving) if (!isLeaving(item, now)) leaving.delete(id);
  return leaving.size === 0 ? listing : { ...listing, shelf: new Map([...leaving, ...listing.shelf]) };
}

const UNPAGED: PageLimits = { min: 1, max: Infinity };

/** Whether describes see it: written long enough ago, and not gone for longer than AWS shows the dead. */
export function isVisible(ctx: HandlerContext, resource: SimResource, now: number): boolean {
  if (now < resource.visibleAt) return false;
  return resource.endedAt === undefined || now < resource.endedAt + ctx.world.scenario.delays.terminatedVisible[1];
}

/** One resource by id, or its NotFound error: for calls that act on it. */
export function find<T extends SimResource>(
  ctx: HandlerContext,
  shelf: ReadonlyMap<string, T>,
  id: string,
  unknown: (ids: string[]) => AwsError,
): T {
  const item = shelf.get(id);
  if (!item || !isVisible(ctx, item, Date.now())) throw unknown([id]);
  return item;
}

function byId<T extends SimResource>(
  input: Input,
  listing: Listing<T>,
  visible: (item: T) => boolean,
): T[] | undefined {
  const { ids, shelf } = listing;
  const wanted = ids ? [...new Set(texts(input, ids.member))] : [];
  if (!ids || wanted.length === 0) return undefined;
  checkIds(wanted, ids.prefix, ids.malformed);
  const found = wanted.map((id) => shelf.get(id)).filter((item): item is T => item !== undefined && visible(item));
  if (found.length < wanted.length) {
    const seen = new Set(found.map(({ id }) => id));
    throw ids.unknown(wanted.filter((id) => !seen.has(id)));
  }
  return found;
}

function narrowed<T extends SimResource>({ shelf }: Listing<T>, ids: Set<string> | undefined): Iterable<T> {
  if (!ids) return shelf.values();
  return [...ids].map((id) => shelf.get(id)).filter((item): item is T => item !== undefined);
}
