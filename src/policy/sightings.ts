/** How do thousands of resources fit into one payload? Ids by type and state, and more only where there is more. */
import type { IdsByType, SeenResource } from '../contracts/inventory';

/** What is known beside type, id and state: edges, protection, and whatever a caller adds. */
type Rest<T extends SeenResource> = Omit<T, 'region' | 'type' | 'id' | 'state' | 'seen' | 'neededBy' | 'at'> & {
  neededBy?: string[];
};

/**
 * Resources of one region by type, then by state with AWS's word for it: `{ instance: { 'gone terminated': ['i-1'] } }`.
 * An id with edges is a pair of the id and the rest.
 */
export type Sightings<T extends SeenResource = SeenResource> = Record<
  string,
  Record<string, (string | [string, Rest<T>])[]>
>;

/** Half of what a payload may weigh (256 KiB), since what goes beside it and JSON's own escapes need room. */
export const PART_BYTES = 128 * 1024;

export function pack<T extends SeenResource>(resources: readonly T[]): Sightings<T> {
  const packed: Sightings<T> = {};
  for (const one of resources) {
    const states = (packed[one.type] ??= {});
    (states[`${one.state} ${one.seen}`] ??= []).push(itemOf(one));
  }
  return packed;
}

/** Type, state and time are said elsewhere. */
const ELSEWHERE = ['region', 'type', 'id', 'state', 'seen', 'at'];

function itemOf<T extends SeenResource>(one: T): string | [string, Rest<T>] {
  const more = Object.entries(one).filter(([key, value]) => !ELSEWHERE.includes(key) && !isEmpty(value));
  return more.length === 0 ? one.id : [one.id, Object.fromEntries(more) as Rest<T>];
}

function isEmpty(value: unknown): boolean {
  return value === undefined || (Array.isArray(value) && value.length === 0);
}

/** The resources again; `at` is what every one gets that carries a time. */
export function unpack<T extends SeenResource = SeenResource>(region: string, packed: Sightings<T>, at?: string): T[] {
  return Object.entries(packed).flatMap(([type, states]) =>
    Object.entries(states).flatMap(([word, items]) => {
      const space = word.indexOf(' ');
      const common = { region, type, state: word.slice(0, space), seen: word.slice(space + 1) };
      const time = at === undefined ? {} : { at };
      return items.map((item) => {
        const [id, more] = typeof item === 'string' ? [item, {}] : item;
        return { ...common, neededBy: [], ...time, ...more, id } as unknown as T;
      });
    }),
  );
}

/**
 * So many of the resources after `after` as fit into a part, in the order of their keys; `next` is the key to go on
 * after, absent when none are left.
 */
export function partAfter<T extends SeenResource>(
  resources: readonly T[],
  after: string | undefined,
  bytes = PART_BYTES,
): { part: T[]; next?: string } {
  const keyed = resources.map((one) => ({ key: `${one.type}/${one.id}`, one }));
  const open = keyed.filter(({ key }) => after === undefined || key > after).sort((a, b) => (a.key < b.key ? -1 : 1));
  const part: T[] = [];
  let weight = 0;
  for (const { one } of open) {
    weight += JSON.stringify(itemOf(one)).length + 1;
    if (part.length > 0 && weight > bytes) return { part, next: open[part.length - 1]?.key ?? '' };
    part.push(one);
  }
  return { part };
}

/** Ids by type. */
export function idsByType(refs: readonly { type: string; id: string }[]): IdsByType {
  const ids: IdsByType = {};
  for (const { type, id } of refs) (ids[type] ??= []).push(id);
  return ids;
}

export function refsOf(ids: IdsByType): { type: string; id: string }[] {
  return Object.entries(ids).flatMap(([type, list]) => list.map((id) => ({ type, id })));
}

/** Parts of a list, none heavier than a payload may be. */
export function inPayloads<T>(items: readonly T[], bytes = PART_BYTES): T[][] {
  const parts: T[][] = [];
  let weight = Infinity;
  for (const item of items) {
    const own = JSON.stringify(item).length + 1;
    if (weight + own > bytes) {
      parts.push([]);
      weight = 0;
    }
    parts.at(-1)?.push(item);
    weight += own;
  }
  return parts;
}
