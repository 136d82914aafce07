/** What does an experiment own in a region, by tags alone? Three sources, each candidate confirmed by its id. */
import { Failure } from '../contracts/failures';
import type { Removal, ResourceRef, TaggedResource } from '../contracts/inventory';
import { isOwned } from '../contracts/names';
import type { AwsRegion } from './clients';
import { readTagIndex, readTagRows } from './inventory-index';
import { KINDS, kindOf } from './inventory-kinds';
import {
  confirm,
  confirmNamed,
  createPass,
  keyOf,
  readHolders,
  readIndex,
  readKindByTags,
  type Pass,
} from './inventory-pass';
import { belongings, linkEdges } from './inventory-edges';
import type { Call, Discovery, DiscoverOptions, InventoryPort } from './ports';

/** Reads and deletes what carries an experiment's tags in one region. */
export function createInventory(aws: AwsRegion): InventoryPort {
  return {
    discover: (experimentId, options = {}) => discover(createPass(aws, options), experimentId, options),
    describe: (refs, call) => describe(createPass(aws, call ?? {}), refs),
    remove: (experimentId, resources, call) => remove(aws, experimentId, resources, call),
  };
}

async function discover(pass: Pass, experimentId: string, options: DiscoverOptions): Promise<Discovery> {
  const byTags = options.depth === 'index' ? [] : Object.values(KINDS).filter((kind) => kind.byTags !== undefined);
  const [rows, index] = await Promise.all([
    readIndex(pass, 'DescribeTags', () => readTagRows(pass.aws, experimentId, pass.call)),
    readIndex(pass, 'GetResources', () => readTagIndex(pass.aws, experimentId, pass.call)),
    ...byTags.map((kind) => readKindByTags(pass, kind, experimentId)),
  ]);
  const seen = options.seen ?? [];
  await confirm(pass, [...rows, ...index, ...seen]);
  await confirmNamed(pass);
  await readHolders(pass, experimentId);
  await linkEdges(pass, experimentId);
  const resources = belongings(pass, experimentId, { indexed: [...rows, ...index], seen });
  return { resources, sources: counted(pass, resources, { DescribeTags: rows, GetResources: index }) };
}

/** The sources with the number of living resources that each of them named. */
function counted(pass: Pass, resources: TaggedResource[], named: Record<string, ResourceRef[]>): Discovery['sources'] {
  const living = resources.filter((one) => one.state !== 'gone');
  return [...pass.sources.values()].map((source) => {
    const refs = named[source.subject];
    const keys = new Set(refs?.map(keyOf));
    const live = living.filter((one) =>
      refs === undefined ? one.type === source.subject : keys.has(keyOf(one)),
    ).length;
    return { ...source, live };
  });
}

async function describe(pass: Pass, refs: ResourceRef[]): Promise<TaggedResource[]> {
  await confirm(pass, refs);
  for (const failure of pass.failures) throw failure;
  return refs.flatMap((ref) => pass.found.get(keyOf(ref)) ?? []);
}

async function remove(
  aws: AwsRegion,
  experimentId: string,
  resources: TaggedResource[],
  call?: Call,
): Promise<Removal[]> {
  const [first] = resources;
  if (first === undefined) return [];
  const foreign = resources.find((one) => !isOwned(one.tags, experimentId) || one.type !== first.type);
  if (foreign !== undefined) {
    throw new Failure('NotOurs', `${foreign.type} ${foreign.id} does not carry the tags of ${experimentId}`, {
      id: foreign.id,
    });
  }
  const kind = kindOf(first.type);
  if (kind !== undefined) return kind.remove(aws, resources, call);
  return resources.map(({ id }) => ({ id, outcome: 'failed', detail: `Holdfast cannot delete a ${first.type}` }));
}
