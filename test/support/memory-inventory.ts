/** What does cleanup act on where no AWS is? Resources with tags, edges and an end that takes time, in memory. */
import type { Cloud, Discovery, DiscoverySource, InventoryPort } from '../../src/aws/ports';
import { Failure } from '../../src/contracts/failures';
import {
  NOT_FOUND,
  RESOURCE_TYPES,
  type Removal,
  type ResourceRef,
  type TaggedResource,
} from '../../src/contracts/inventory';
import { isOwned } from '../../src/contracts/names';

export interface MemoryResource extends Omit<TaggedResource, 'state' | 'seen'> {
  /** How long it is ending after it was asked to, in milliseconds. */
  endsAfterMs: number;
  endsAt?: number;
}

export interface MemoryOptions {
  regions?: string[];
  account?: string;
  /** `region` or `region/subject` that cannot be read. */
  unreadable?: string[];
  /** Kinds whose deletion is not permitted. */
  denied?: string[];
  /** How many removals of each kind lose their reply after the effect. */
  lostReplies?: number;
}

/** A cloud whose resources, calls and deletions a test can read. */
export function memoryCloud(resources: MemoryResource[], options: MemoryOptions = {}) {
  const regions = options.regions ?? ['us-west-2', 'eu-west-1'];
  const calls = { discover: [] as string[], remove: [] as string[][], mutations: 0 };
  const lost = new Map<string, number>();
  const world: World = { resources, options, calls, lost };
  const cloud = {
    identity: () => Promise.resolve({ account: options.account ?? '123456789012', endpoint: 'memory' }),
    regions: () =>
      options.unreadable?.includes('*')
        ? Promise.reject(new Failure('NotAuthorized', 'DescribeRegions: UnauthorizedOperation'))
        : Promise.resolve(regions),
    inventory: (region: string) => inventoryOf(world, region),
  } as unknown as Cloud;
  return { cloud, calls, resources };
}

interface World {
  resources: MemoryResource[];
  options: MemoryOptions;
  calls: { discover: string[]; remove: string[][]; mutations: number };
  lost: Map<string, number>;
}

export function memoryResource(over: Partial<MemoryResource> & { type: string; id: string }): MemoryResource {
  const tags = { ExperimentID: 'exp-1', ManagedBy: 'holdfast' };
  return { region: 'us-west-2', tags, neededBy: [], endsAfterMs: 0, ...over };
}

function stateOf(one: MemoryResource): Pick<TaggedResource, 'state' | 'seen'> {
  if (one.endsAt === undefined) return { state: 'live', seen: 'exists' };
  return Date.now() < one.endsAt ? { state: 'ending', seen: 'ending' } : { state: 'gone', seen: 'deleted' };
}

function viewOf(
  { endsAfterMs: _after, endsAt: _at, ...rest }: MemoryResource,
  state: Pick<TaggedResource, 'state' | 'seen'>,
): TaggedResource {
  return { ...rest, ...state };
}

function inventoryOf(world: World, region: string): InventoryPort {
  const here = (): MemoryResource[] => world.resources.filter((one) => one.region === region);
  const find = (ref: ResourceRef): MemoryResource | undefined =>
    here().find((one) => one.type === ref.type && one.id === ref.id);
  const describe = (refs: ResourceRef[]): TaggedResource[] =>
    refs.map((ref) => {
      const known = find(ref);
      if (known !== undefined) return viewOf(known, childState(known, here()));
      return { region, ...ref, tags: {}, neededBy: [], state: 'gone', seen: NOT_FOUND };
    });
  return {
    discover(experimentId, options = {}) {
      world.calls.discover.push(`${region} ${options.depth ?? 'full'}`);
      const owned = here().filter((one) => isOwned(one.tags, experimentId));
      const children = here().filter((one) => owned.some((owner) => owner.id === one.diesWith));
      const seen = (options.seen ?? []).filter((ref) => ![...owned, ...children].some((one) => one.id === ref.id));
      return Promise.resolve(readable(world, region, [...describe([...owned, ...children]), ...describe(seen)]));
    },
    describe: (refs) => Promise.resolve(describe(refs)),
    remove: (experimentId, resources) =>
      removeAll(
        world,
        experimentId,
        resources.map((one) => [one, find(one)]),
      ),
  };
}

/** A child ends when its owner has. */
function childState(one: MemoryResource, all: MemoryResource[]): Pick<TaggedResource, 'state' | 'seen'> {
  const owner = all.find((other) => other.id === one.diesWith);
  return owner === undefined
    ? stateOf(one)
    : stateOf(owner).state === 'gone'
      ? { state: 'gone', seen: NOT_FOUND }
      : { state: 'live', seen: 'in-use' };
}

function readable(world: World, region: string, resources: TaggedResource[]): Discovery {
  const hidden = (subject: string): boolean =>
    [region, `${region}/${subject}`].some((name) => world.options.unreadable?.includes(name));
  const sources = ['DescribeTags', 'GetResources', ...RESOURCE_TYPES].map((subject): DiscoverySource => {
    const live = resources.filter((one) => one.type === subject && one.state !== 'gone').length;
    if (!hidden(subject)) return { api: subject, subject, pages: 1, live };
    return { api: subject, subject, pages: 0, live: 0, unreadable: 'UnauthorizedOperation', transient: false };
  });
  return { resources: resources.filter((one) => !hidden(one.type)), sources };
}

async function removeAll(
  world: World,
  experimentId: string,
  pairs: [TaggedResource, MemoryResource | undefined][],
): Promise<Removal[]> {
  for (const [one] of pairs) {
    if (!isOwned(one.tags, experimentId)) throw new Failure('NotOurs', one.id);
  }
  const [first] = pairs;
  if (first === undefined) return [];
  world.calls.remove.push(pairs.map(([one]) => one.id));
  const answers = pairs.map(([one, known]) => removeOne(world, one, known));
  const lost = world.lost.get(first[0].type) ?? 0;
  if (lost >= (world.options.lostReplies ?? 0)) return Promise.resolve(answers);
  world.lost.set(first[0].type, lost + 1);
  throw new Failure('ServiceUnavailable', 'the reply was lost');
}

function removeOne(world: World, one: TaggedResource, known: MemoryResource | undefined): Removal {
  const { id, type } = one;
  if (known === undefined) return { id, outcome: 'gone', detail: 'not found' };
  if (world.options.denied?.includes(type)) return { id, outcome: 'denied', detail: `UnauthorizedOperation: ${type}` };
  const holder = world.resources.find(
    (other) => known.neededBy.includes(other.id) && childState(other, world.resources).state !== 'gone',
  );
  if (holder !== undefined) return { id, outcome: 'in-use', detail: `DependencyViolation: ${holder.id}` };
  world.calls.mutations += 1;
  known.endsAt ??= Date.now() + known.endsAfterMs;
  return { id, outcome: 'asked', detail: 'accepted' };
}
