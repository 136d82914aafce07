/** What was read in one look at a region, and what could not be? Everything a discovery gathers before it judges. */
import { setMaxListeners } from 'node:events';
import { Failure, failureRow } from '../contracts/failures';
import { NOT_FOUND, type ResourceRef, type TaggedResource } from '../contracts/inventory';
import { isOwned } from '../contracts/names';
import type { AwsRegion } from './clients';
import { tagsOfArns, tagsOfIds, type IndexReading } from './inventory-index';
import type { Kind, Reading } from './inventory-kind';
import { kindOf, typeOfId } from './inventory-kinds';
import type { Call, DiscoverySource } from './ports';

export interface Pass {
  aws: AwsRegion;
  call: Call;
  found: Map<string, TaggedResource>;
  sources: Map<string, DiscoverySource>;
  /** Named in answers and not read yet: the fleet, request, disks and interfaces of an instance. */
  named: ResourceRef[];
  /** What each source that looks by tags named, by its subject. */
  byTags: Map<string, Set<string>>;
  failures: Failure[];
}

/** Parts of a tagged resource that carry tags of their own and end with it: they are no resources to delete. */
const PARTS = new Set(['security-group-rule']);

/** Reads under way at once: both indexes and every kind, and some room. Node warns of a leak beyond what is set. */
const READS_AT_ONCE = 64;

/** What is seen of types that no Describe of Holdfast reads. */
const NAMED = 'named by a tag index';
const NO_TAGS = 'no tag names it any more';

export function createPass(aws: AwsRegion, { signal }: Call): Pass {
  if (signal !== undefined) setMaxListeners(READS_AT_ONCE, signal);
  return {
    aws,
    call: signal === undefined ? {} : { signal },
    found: new Map(),
    sources: new Map(),
    named: [],
    byTags: new Map(),
    failures: [],
  };
}

export function keyOf(ref: ResourceRef): string {
  return `${ref.type}/${ref.id}`;
}

/** Reads one source; what cannot be read is written down and answers undefined. */
export async function attempt<T extends { pages: number }>(
  pass: Pass,
  api: string,
  subject: string,
  read: () => Promise<T>,
): Promise<T | undefined> {
  const source: DiscoverySource = pass.sources.get(subject) ?? { api, subject, pages: 0, live: 0 };
  pass.sources.set(subject, source);
  try {
    const reading = await read();
    source.pages += reading.pages;
    return reading;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    pass.failures.push(error);
    source.unreadable = error.message.split('\n', 1)[0] ?? '';
    source.transient = !failureRow(error.type).terminal;
    return undefined;
  }
}

/** Reads a tag index; answers what it named. */
export async function readIndex(pass: Pass, name: string, read: () => Promise<IndexReading>): Promise<ResourceRef[]> {
  const reading = await attempt(pass, name, name, read);
  const refs = (reading?.refs ?? [])
    .filter((ref) => !PARTS.has(ref.type))
    .map((ref) => (kindOf(ref.type) === undefined ? { ...ref, type: typeOfId(ref.id) ?? ref.type } : ref));
  if (reading !== undefined) pass.byTags.set(name, new Set(refs.map(keyOf)));
  return refs;
}

/** Reads kinds by tags, all at the same time. What is found so is found completely. */
export async function readByTags(pass: Pass, kinds: Kind[], experimentId: string): Promise<void> {
  await Promise.all(
    kinds.map(async ({ api, type, byTags }) => {
      if (byTags === undefined) return;
      const reading = await attempt(pass, api, type, () => byTags(pass.aws, experimentId, pass.call));
      keep(pass, reading);
      if (reading !== undefined) pass.byTags.set(type, new Set(reading.resources.map(keyOf)));
    }),
  );
}

function keep(pass: Pass, reading: Reading | undefined): void {
  for (const one of reading?.resources ?? []) pass.found.set(keyOf(one), one);
  pass.named.push(...(reading?.named ?? []));
}

/** Reads by id whatever of these was not read yet. An id that AWS does not know is gone. */
export async function confirm(pass: Pass, refs: ResourceRef[]): Promise<void> {
  const missing = new Map(refs.filter((ref) => !pass.found.has(keyOf(ref))).map((ref) => [keyOf(ref), ref]));
  const types = [...new Set([...missing.values()].map((ref) => ref.type))];
  await Promise.all(
    types.map((type) =>
      confirmType(
        pass,
        type,
        [...missing.values()].filter((ref) => ref.type === type).map((ref) => ref.id),
      ),
    ),
  );
}

async function confirmType(pass: Pass, type: string, ids: string[]): Promise<void> {
  const kind = kindOf(type);
  if (kind === undefined) return confirmTags(pass, type, ids);
  const reading = await attempt(pass, kind.api, kind.type, () => kind.byIds(pass.aws, ids, pass.call));
  if (reading === undefined) return;
  keep(pass, reading);
  for (const id of ids) {
    if (pass.found.has(keyOf({ type, id }))) continue;
    pass.found.set(keyOf({ type, id }), { ...blank(pass.aws.region, type, id), state: 'gone', seen: NOT_FOUND });
  }
}

/**
 * Of a type that Holdfast never makes only the tags are read, by id: what still carries some counts as living, since
 * nothing can say otherwise, and so does everything when they cannot be read.
 */
async function confirmTags(pass: Pass, type: string, ids: string[]): Promise<void> {
  const ec2 = !type.includes(':') && !ids.some((id) => id.startsWith('arn:'));
  const api = ec2 ? 'DescribeTags' : 'GetResources';
  const read = ec2 ? tagsOfIds : tagsOfArns;
  const reading = await attempt(pass, api, type, () => read(pass.aws, ids, pass.call));
  for (const id of ids) {
    const tags = reading === undefined ? {} : reading.tags.get(id);
    const state =
      tags === undefined ? { state: 'gone' as const, seen: NO_TAGS } : { state: 'live' as const, seen: NAMED };
    pass.found.set(keyOf({ type, id }), { ...blank(pass.aws.region, type, id), ...state, tags: tags ?? {} });
  }
}

function blank(region: string, type: string, id: string): Omit<TaggedResource, 'state' | 'seen'> {
  return { region, type, id, tags: {}, neededBy: [] };
}

/** Reads what the answers named, until they name nothing new. */
export async function confirmNamed(pass: Pass): Promise<void> {
  while (pass.named.length > 0) {
    const refs = pass.named.splice(0);
    await confirm(pass, refs);
  }
}

/** Asks who holds the living resources of the experiment. */
export async function readHolders(pass: Pass, experimentId: string): Promise<void> {
  const ours = [...pass.found.values()].filter((one) => one.state !== 'gone' && isOwned(one.tags, experimentId));
  const types = [...new Set(ours.map((one) => one.type))];
  await Promise.all(
    types.map(async (type) => {
      const kind = kindOf(type);
      const { holders } = kind ?? {};
      if (kind === undefined || holders === undefined) return;
      const some = ours.filter((one) => one.type === type);
      await attempt(pass, kind.api, kind.type, () => holders(pass.aws, some, pass.call).then(() => ({ pages: 0 })));
    }),
  );
}
