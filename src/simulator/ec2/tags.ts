/** Which tags are on what? CreateTags and DeleteTags by resource id, DescribeTags over everything visible. */
import { AwsError, notFound } from '../errors';
import { isLeaving, kindOf, removeTags, setTags, tagsSeen } from '../world/resources';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, RegionState, SimResource, SimSecurityGroupRule } from '../world/state';
import { isVisible } from './describe';
import { filterTest, filtersOf, type Fields } from './filters';
import { missing, records, text, texts, type Input } from './input';
import { page } from './paging';
import { tagsOf } from './tag-specs';
import * as unknown from './unknown';

/** "Up to 1000 resource IDs" (EC2 API reference, CreateTags and DeleteTags). */
const MAX_RESOURCES = 1000;

const BY_PREFIX: Record<string, (ids: string[]) => AwsError> = {
  i: unknown.unknownInstance,
  vol: unknown.unknownVolume,
  snap: unknown.unknownSnapshot,
  eni: unknown.unknownInterface,
  sg: unknown.unknownGroup,
  sgr: unknown.unknownGroupRule,
  subnet: unknown.unknownSubnet,
  vpc: unknown.unknownVpc,
  fleet: unknown.unknownFleet,
  sir: unknown.unknownSpotRequest,
  eipalloc: unknown.unknownAllocation,
  key: unknown.unknownKeyPair,
  pg: unknown.unknownPlacementGroup,
  lt: unknown.unknownTemplate,
  nat: unknown.unknownNatGateway,
  vpce: unknown.unknownVpcEndpoint,
  rtb: unknown.unknownRouteTable,
  igw: unknown.unknownInternetGateway,
  ami: unknown.unknownImage,
};

function resourcesOf(ctx: HandlerContext, state: RegionState, input: Input): (SimResource | SimSecurityGroupRule)[] {
  const ids = texts(input, 'Resources');
  if (ids.length === 0) throw missing('resourceIdSet');
  if (ids.length > MAX_RESOURCES)
    throw new AwsError('InvalidParameterValue', `At most ${MAX_RESOURCES} resources per request.`);
  const now = Date.now();
  return ids.map((id) => {
    const resource = state.all.get(id);
    if (resource && isOfEc2(resource) && isVisible(ctx, resource, now) && !isDeleted(resource)) return resource;
    const rule = ruleOf(state, id);
    if (rule) return rule;
    const refuse = BY_PREFIX[id.split('-')[0] ?? ''];
    throw refuse ? refuse([id]) : notFound('InvalidID', 'resource', [id]);
  });
}

function isOfEc2(resource: SimResource): boolean {
  return resource.type !== 'step' && kindOf(resource).service === 'ec2';
}

/** Ended instances, fleets, spot requests and NAT gateways can still be tagged while they are described; other ended things are gone. */
function isDeleted(resource: SimResource): boolean {
  return (
    resource.endedAt !== undefined &&
    !['instance', 'fleet', 'spot-instances-request', 'natgateway'].includes(resource.type)
  );
}

function ruleOf(state: RegionState, id: string): SimSecurityGroupRule | undefined {
  if (!id.startsWith('sgr-')) return undefined;
  return [...state.securityGroups.values()]
    .flatMap(({ rules }) => [...rules.values()])
    .find(({ ruleId }) => ruleId === id);
}

const createTags: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const resources = resourcesOf(ctx, state, input);
  const tags = tagsOf(records(input, 'Tags'));
  for (const resource of resources) {
    if ('ruleId' in resource) Object.assign(resource.tags, tags);
    else setTags(ctx.world, state, resource, tags);
  }
  return {};
};

/** Without tags all user tags go; with a value only a tag of that value goes. */
const deleteTags: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const wanted = records(input, 'Tags');
  for (const resource of resourcesOf(ctx, state, input)) {
    const keys = Object.keys(resource.tags)
      .filter((key) => !key.startsWith('aws:'))
      .filter((key) => wanted.length === 0 || wanted.some((tag) => fits(tag, key, resource.tags[key])));
    if (!('ruleId' in resource)) removeTags(ctx.world, state, resource, keys);
    else for (const key of keys) Reflect.deleteProperty(resource.tags, key);
  }
  return {};
};

function fits(tag: Input, key: string, value: string | undefined): boolean {
  const asked = text(tag, 'Value');
  return text(tag, 'Key') === key && (asked === undefined || asked === value);
}

interface TagEntry {
  resource: SimResource;
  key: string;
  value: string;
}

const FIELDS: Fields<TagEntry> = {
  key: ({ key }) => key,
  value: ({ value }) => value,
  'resource-id': ({ resource }) => resource.id,
  'resource-type': ({ resource }) => kindOf(resource).type,
};

const describeTags: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const now = Date.now();
  const passes = filterTest(filtersOf(input), FIELDS, ({ key, value }) => ({ [key]: value }));
  const entries: TagEntry[] = [];
  for (const resource of state.all.values()) {
    if (!isOfEc2(resource) || !isVisible(ctx, resource, now)) continue;
    if (isDeleted(resource) && !isLeaving(resource, now)) continue;
    const at = resource.taggedAt + (resource.draws['describeTagsLag'] ?? 0);
    for (const [key, value] of Object.entries(tagsSeen(resource, at, now))) {
      const entry = { resource, key, value };
      if (passes(entry)) entries.push(entry);
    }
  }
  // Pages go by resource and place of the tag on it: at most a hundred tags fit on one, AWS's own included.
  const place = ({ resource, key }: TagEntry): number => resource.seq * 100 + Object.keys(resource.tags).indexOf(key);
  // 5 to 1,000 a page: EC2 API reference, DescribeTags.
  const { items, ...more } = page(ctx.world, entries, input, { min: 5, max: 1000, byDefault: 1000 }, place);
  const Tags = items.map(({ resource, key, value }) => ({
    ResourceId: resource.id,
    ResourceType: kindOf(resource).type,
    Key: key,
    Value: value,
  }));
  return { Tags, ...more };
};

export const tagOperations: Handlers = { CreateTags: createTags, DeleteTags: deleteTags, DescribeTags: describeTags };
