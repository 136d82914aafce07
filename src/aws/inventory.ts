/** What does an experiment own in a region, by tags alone? Three sources, each candidate confirmed by its id. */
import { Failure } from '../contracts/failures';
import type { Removal, ResourceRef, TaggedResource } from '../contracts/inventory';
import { isOwned } from '../contracts/names';
import type { AwsRegion } from './clients';
import { readTagIndex, readTagRows } from './inventory-index';
import type { Kind } from './inventory-kind';
import { KINDS, kindOf } from './inventory-kinds';
import {
  confirm,
  confirmNamed,
  createPass,
  keyOf,
  readByTags,
  readHolders,
  readIndex,
  type Pass,
} from './inventory-pass';
import { counted } from './inventory-sources';
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

/** Holdfast makes the first; the others are made by people, and read by tags where anything of the experiment is. */
const MADE = Object.values(KINDS).filter((kind) => kind.made === true);
const OTHERS = Object.values<Kind>(KINDS).filter((kind) => kind.made !== true);

async function discover(pass: Pass, experimentId: string, options: DiscoverOptions): Promise<Discovery> {
  const { depth = 'full', seen = [] } = options;
  const indexed = depth === 'seen' ? [] : await find(pass, experimentId, depth === 'full');
  await confirm(pass, [...indexed, ...seen]);
  await confirmNamed(pass);
  await readHolders(pass, experimentId);
  await linkEdges(pass, experimentId);
  const resources = belongings(pass, experimentId, { indexed, seen });
  return { resources, sources: counted(pass, resources) };
}

/** Candidates of the two tag indexes; a full look also reads kinds by their tags. */
async function find(pass: Pass, experimentId: string, full: boolean): Promise<ResourceRef[]> {
  const [rows, index] = await Promise.all([
    readIndex(pass, 'DescribeTags', () => readTagRows(pass.aws, experimentId, pass.call)),
    readIndex(pass, 'GetResources', () => readTagIndex(pass.aws, experimentId, pass.call)),
    readByTags(pass, full ? MADE : [], experimentId),
  ]);
  const traces = rows.length + index.length + pass.found.size;
  if (full && traces > 0) await readByTags(pass, OTHERS, experimentId);
  return [...rows, ...index];
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
