/** How does a resource come, change its tags, and go? The only writers of the region's indexes. */
import { AwsError } from '../errors';
import { hashedBetween } from '../random';
import type { HandlerContext, RegionState, SimForeign, SimResource, Tags, World } from './state';

/** The maps of a region that hold resources of one type. */
type Shelf =
  | 'instances'
  | 'volumes'
  | 'snapshots'
  | 'networkInterfaces'
  | 'securityGroups'
  | 'vpcs'
  | 'subnets'
  | 'launchTemplates'
  | 'fleets'
  | 'spotRequests'
  | 'addresses'
  | 'keyPairs'
  | 'placementGroups'
  | 'natGateways'
  | 'vpcEndpoints'
  | 'routeTables'
  | 'internetGateways'
  | 'ownImages'
  | 'parameters'
  | 'steps';

const SHELVES: Record<SimResource['type'], Shelf | undefined> = {
  instance: 'instances',
  volume: 'volumes',
  snapshot: 'snapshots',
  'network-interface': 'networkInterfaces',
  'security-group': 'securityGroups',
  'security-group-rule': undefined,
  vpc: 'vpcs',
  subnet: 'subnets',
  'launch-template': 'launchTemplates',
  fleet: 'fleets',
  'spot-instances-request': 'spotRequests',
  'elastic-ip': 'addresses',
  'key-pair': 'keyPairs',
  'placement-group': 'placementGroups',
  natgateway: 'natGateways',
  'vpc-endpoint': 'vpcEndpoints',
  'route-table': 'routeTables',
  'internet-gateway': 'internetGateways',
  image: 'ownImages',
  parameter: 'parameters',
  foreign: undefined,
  step: 'steps',
};

/** What every resource starts with: identity, times of visibility (drawn), no end. */
export function newResource<T extends SimResource['type']>(
  ctx: HandlerContext,
  type: T,
  id: string,
  tags: Tags = {},
): SimResource & { type: T } {
  const { world } = ctx;
  const now = Date.now();
  const draws = {
    visibilityLag: world.random.between(world.scenario.delays.visibilityLag),
    tagIndexLag: world.random.between(world.scenario.delays.tagIndexLag),
    // By the id, so that scenarios without these lags draw as they always did.
    deleteLag: hashedBetween(world.scenario.delays.deleteLag, world.seed, id, 'deleteLag'),
    describeTagsLag: hashedBetween(world.scenario.delays.describeTagsLag, world.seed, id, 'describeTagsLag'),
  };
  return {
    id,
    type,
    region: ctx.region,
    account: ctx.account,
    tags: { ...tags },
    createdAt: now,
    visibleAt: now + draws.visibilityLag,
    tagsIndexedAt: now + draws.tagIndexLag,
    taggedAt: now,
    draws,
    seq: 0,
  };
}

/** Puts a new resource where handlers find it, and into the tag index. */
export function addResource<T extends SimResource>(state: RegionState, resource: T): T {
  resource.seq = state.made += 1;
  state.all.set(resource.id, resource);
  const shelf = SHELVES[resource.type];
  if (shelf) (state[shelf] as unknown as Map<string, SimResource>).set(resource.id, resource);
  for (const [key, value] of Object.entries(resource.tags)) index(state, key, value, resource.id);
  return resource;
}

/** EC2 and the tagging API: 50 tags a resource, not counting those that AWS itself puts on. */
const MAX_TAGS = 50;

/** Writes `tags` over those there are. The tagging API sees the change after another drawn lag. */
export function setTags(world: World, state: RegionState, resource: SimResource, tags: Tags): void {
  const merged = { ...resource.tags, ...tags };
  if (Object.keys(merged).filter((key) => !key.startsWith('aws:')).length > MAX_TAGS) {
    throw new AwsError(
      'TagLimitExceeded',
      `The maximum number of tags for the resource '${resource.id}' has been reached.`,
    );
  }
  keepFormer(resource);
  for (const [key, value] of Object.entries(tags)) {
    unindex(state, key, resource.tags[key], resource.id);
    resource.tags[key] = value;
    index(state, key, value, resource.id);
  }
  markTagged(world, resource);
}

export function removeTags(world: World, state: RegionState, resource: SimResource, keys: readonly string[]): void {
  keepFormer(resource);
  for (const key of keys) {
    unindex(state, key, resource.tags[key], resource.id);
    Reflect.deleteProperty(resource.tags, key);
  }
  markTagged(world, resource);
}

/** Marks the resource as gone. It stays in `all` for the ledger, and on its shelf while describes may still show it. */
export function endResource(state: RegionState, resource: SimResource, at = Date.now()): void {
  resource.endedAt ??= at;
  const shelf = SHELVES[resource.type];
  if (!shelf || KEPT_AFTER_END.has(resource.type)) return;
  state[shelf].delete(resource.id);
  if ((resource.draws['deleteLag'] ?? 0) === 0) return;
  const leaving = state.leaving.get(state[shelf]) ?? new Map<string, SimResource>();
  state.leaving.set(state[shelf], leaving.set(resource.id, resource));
}

/** Whether describes still show it although it was deleted. */
export function isLeaving({ endedAt, draws }: SimResource, now: number): boolean {
  return endedAt !== undefined && now < endedAt + (draws['deleteLag'] ?? 0);
}

/** Types that AWS still describes for a while after they ended. */
const KEPT_AFTER_END = new Set<SimResource['type']>([
  'instance',
  'fleet',
  'spot-instances-request',
  'natgateway',
  'step',
]);

/** Ids of resources that carry this tag now, whatever their state. */
export function taggedIds(state: RegionState, key: string, value: string): ReadonlySet<string> {
  return state.tagIndex.get(`${key}=${value}`) ?? NONE;
}

const NONE: ReadonlySet<string> = new Set<string>();

/** The ARN that AWS gives a resource. The name of a parameter may begin with a slash of its own. */
export function arnOf(resource: SimResource): string {
  if (isForeign(resource)) return resource.arn;
  const { region, account, type, id } = resource;
  return `arn:aws:${serviceOf(resource)}:${region}:${account}:${type}/${id.replace(/^\//, '')}`;
}

function serviceOf({ type }: SimResource): 'ec2' | 'ssm' {
  return type === 'parameter' ? 'ssm' : 'ec2';
}

/** Service and type as its ARN has them. */
export function kindOf(resource: SimResource): { service: string; type: string } {
  const [, , service = '', , , rest = ''] = arnOf(resource).split(':');
  return { service, type: rest.split('/')[0] ?? '' };
}

function isForeign(resource: SimResource): resource is SimForeign {
  return resource.type === 'foreign';
}

/** What readers that trail go on showing: the tags before this change, unless they never saw those. */
function keepFormer(resource: SimResource): void {
  if (Date.now() >= resource.tagsIndexedAt) resource.formerTags = { ...resource.tags };
}

/** The tags as a reader sees them who learns of changes at `at`; none before it learned of the first. */
export function tagsSeen(resource: SimResource, at: number, now: number): Tags {
  return now >= at ? resource.tags : (resource.formerTags ?? {});
}

function markTagged(world: World, resource: SimResource): void {
  resource.taggedAt = Date.now();
  resource.tagsIndexedAt = Date.now() + world.random.between(world.scenario.delays.tagIndexLag);
}

function index(state: RegionState, key: string, value: string, id: string): void {
  const entry = `${key}=${value}`;
  const ids = state.tagIndex.get(entry);
  if (ids) ids.add(id);
  else state.tagIndex.set(entry, new Set([id]));
}

function unindex(state: RegionState, key: string, value: string | undefined, id: string): void {
  if (value !== undefined) state.tagIndex.get(`${key}=${value}`)?.delete(id);
}
