/** Which placement groups are there? Made, described, and deleted only when no live machine is in them. */
import { AwsError } from '../errors';
import { newId } from '../world/ids';
import { stateAt } from '../world/instance';
import { addResource, endResource, newResource } from '../world/resources';
import { regionState } from '../world/world';
import type { Handler, Handlers, SimPlacementGroup } from '../world/state';
import { select } from './describe';
import type { Fields } from './filters';
import { defined, invalid, need, number, text, texts } from './input';
import { tagList, tagSpecs } from './tag-specs';
import { unknownPlacementGroup } from './unknown';

const STRATEGIES = ['cluster', 'spread', 'partition'];

/** "A maximum of seven partitions per Availability Zone" (EC2 user guide, "Placement strategies"). */
const MAX_PARTITIONS = 7;

const createPlacementGroup: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const name = need(input, 'GroupName');
  const strategy = text(input, 'Strategy') ?? 'cluster';
  if (!STRATEGIES.includes(strategy)) throw invalid('strategy', strategy, `Expecting one of ${STRATEGIES.join(', ')}.`);
  const partitions = number(input, 'PartitionCount');
  if (partitions !== undefined && (strategy !== 'partition' || partitions < 1 || partitions > MAX_PARTITIONS)) {
    throw invalid('partitionCount', partitions, `Expecting 1 to ${MAX_PARTITIONS} with strategy partition.`);
  }
  if ([...state.placementGroups.values()].some((group) => group.name === name)) {
    throw new AwsError('InvalidPlacementGroup.Duplicate', `The Placement Group '${name}' already exists.`);
  }
  const { 'placement-group': tags } = tagSpecs(input, ['placement-group']);
  const partitionCount = partitions ?? (strategy === 'partition' ? 2 : undefined);
  const group = addResource<SimPlacementGroup>(state, {
    ...newResource(ctx, 'placement-group', newId(ctx.world, 'pg'), tags),
    name,
    strategy,
    ...(partitionCount === undefined ? {} : { partitionCount }),
  });
  return { PlacementGroup: render(group) };
};

function render(group: SimPlacementGroup): Record<string, unknown> {
  return defined({
    GroupId: group.id,
    GroupName: group.name,
    GroupArn: arnOfGroup(group),
    Strategy: group.strategy,
    PartitionCount: group.partitionCount,
    State: 'available',
    Tags: tagList(group.tags),
  });
}

/** Placement groups are the one resource here whose ARN ends with the name. */
function arnOfGroup(group: SimPlacementGroup): string {
  return `arn:aws:ec2:${group.region}:${group.account}:placement-group/${group.name}`;
}

const FIELDS: Fields<SimPlacementGroup> = {
  'group-name': ({ name }) => name,
  'group-arn': arnOfGroup,
  strategy: ({ strategy }) => strategy,
  state: () => 'available',
};

const describePlacementGroups: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const names = texts(input, 'GroupNames');
  const unknown = names.filter((name) => ![...state.placementGroups.values()].some((group) => group.name === name));
  if (unknown.length > 0) throw unknownName(unknown);
  const { items } = select(ctx, state, input, {
    shelf: state.placementGroups,
    fields: FIELDS,
    ids: {
      member: 'GroupIds',
      prefix: 'pg',
      malformed: 'InvalidPlacementGroupId.Malformed',
      unknown: unknownPlacementGroup,
    },
  });
  return { PlacementGroups: items.filter(({ name }) => names.length === 0 || names.includes(name)).map(render) };
};

function unknownName(names: string[]): AwsError {
  return new AwsError('InvalidPlacementGroup.Unknown', `The Placement Group '${names.join(', ')}' is unknown.`);
}

const deletePlacementGroup: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const name = need(input, 'GroupName');
  const group = [...state.placementGroups.values()].find((item) => item.name === name);
  if (!group) throw unknownName([name]);
  const used = [...state.instances.values()].some(
    (instance) => instance.placementGroup === name && stateAt(instance, Date.now()) !== 'terminated',
  );
  if (used)
    throw new AwsError(
      'InvalidPlacementGroup.InUse',
      `The placement group '${name}' is in use and may not be deleted.`,
    );
  endResource(state, group);
  return {};
};

export const placementGroupOperations: Handlers = {
  CreatePlacementGroup: createPlacementGroup,
  DescribePlacementGroups: describePlacementGroups,
  DeletePlacementGroup: deletePlacementGroup,
};
