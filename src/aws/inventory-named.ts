/** How are launch templates, key pairs and placement groups read and deleted? They hold nothing and cost nothing. */
import {
  DeleteKeyPairCommand,
  DeleteLaunchTemplateCommand,
  DeletePlacementGroupCommand,
  DescribeKeyPairsCommand,
  DescribeLaunchTemplatesCommand,
  DescribePlacementGroupsCommand,
  type DescribePlacementGroupsRequest,
  type DescribeLaunchTemplatesRequest,
  type Filter,
} from '@aws-sdk/client-ec2';
import type { AwsRegion } from './clients';
import { byIdParameter, ownedFilters, readByFilter, readPages, resource } from './inventory-kind';
import type { Kind, Reading } from './inventory-kind';
import { removeEach } from './inventory-remove';
import type { Call } from './ports';

/** Most templates on a page. Source: DescribeLaunchTemplates, MaxResults 1 to 200. */
const TEMPLATE_PAGE = 200;

async function readTemplates(aws: AwsRegion, query: DescribeLaunchTemplatesRequest, call?: Call): Promise<Reading> {
  const pages = await readPages((token) => aws.send(new DescribeLaunchTemplatesCommand({ ...query, ...token }), call));
  const raw = pages.flatMap((page) => page.LaunchTemplates ?? []);
  return {
    resources: raw.map((template) =>
      resource(aws, 'launch-template', template.LaunchTemplateId, template.Tags, { state: 'live', seen: 'exists' }),
    ),
    pages: pages.length,
  };
}

export const launchTemplates: Kind = {
  type: 'launch-template',
  api: 'DescribeLaunchTemplates',
  made: true,
  byTags: (aws, experimentId, call) =>
    readTemplates(aws, { Filters: ownedFilters(experimentId), MaxResults: TEMPLATE_PAGE }, call),
  byIds: (aws, ids, call) =>
    byIdParameter(
      ids,
      (some) => readTemplates(aws, { LaunchTemplateIds: some }, call),
      () => readTemplates(aws, { MaxResults: TEMPLATE_PAGE }, call),
    ),
  remove: (aws, resources, call) =>
    removeEach(resources, async ({ id }) => {
      await aws.send(new DeleteLaunchTemplateCommand({ LaunchTemplateId: id }), call);
      return 'DeleteLaunchTemplate accepted';
    }),
};

async function readKeys(aws: AwsRegion, filters: Filter[], call?: Call): Promise<Reading> {
  const reply = await aws.send(new DescribeKeyPairsCommand({ Filters: filters }), call);
  return {
    resources: (reply.KeyPairs ?? []).map((key) =>
      resource(aws, 'key-pair', key.KeyPairId, key.Tags, { state: 'live', seen: 'exists' }),
    ),
    pages: 1,
  };
}

export const keyPairs: Kind = {
  type: 'key-pair',
  api: 'DescribeKeyPairs',
  byTags: (aws, experimentId, call) => readKeys(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('key-pair-id', ids, (filters) => readKeys(aws, filters, call)),
  remove: (aws, resources, call) =>
    removeEach(resources, async ({ id }) => {
      await aws.send(new DeleteKeyPairCommand({ KeyPairId: id }), call);
      return 'DeleteKeyPair accepted';
    }),
};

async function readPlacements(aws: AwsRegion, query: DescribePlacementGroupsRequest, call?: Call): Promise<Reading> {
  const reply = await aws.send(new DescribePlacementGroupsCommand(query), call);
  const raw = (reply.PlacementGroups ?? []).filter((group) => group.State !== 'deleted');
  return {
    resources: raw.map((group) =>
      resource(aws, 'placement-group', group.GroupId, group.Tags, {
        state: group.State === 'deleting' ? 'ending' : 'live',
        seen: group.State ?? 'unknown',
      }),
    ),
    pages: 1,
  };
}

/** The tagging API names a group by its name, everything else by its id. */
async function placementsById(aws: AwsRegion, ids: string[], call?: Call): Promise<Reading> {
  const names = ids.filter((id) => !id.startsWith('pg-'));
  const real = ids.filter((id) => id.startsWith('pg-'));
  const byName = await readByFilter('group-name', names, (Filters) => readPlacements(aws, { Filters }, call));
  const byId = await byIdParameter(
    real,
    (GroupIds) => readPlacements(aws, { GroupIds }, call),
    () => readPlacements(aws, {}, call),
  );
  return { resources: [...byName.resources, ...byId.resources], pages: byName.pages + byId.pages };
}

/** The deletion takes a name, which an id does not tell; the tagging API may have given the name in the first place. */
async function placementNames(aws: AwsRegion, GroupIds: string[], call?: Call): Promise<Map<string, string>> {
  if (GroupIds.length === 0) return new Map();
  const reply = await aws.send(new DescribePlacementGroupsCommand({ GroupIds }), call);
  return new Map((reply.PlacementGroups ?? []).map((one) => [one.GroupId ?? '', one.GroupName ?? '']));
}

export const placementGroups: Kind = {
  type: 'placement-group',
  api: 'DescribePlacementGroups',
  byTags: (aws, experimentId, call) => readPlacements(aws, { Filters: ownedFilters(experimentId) }, call),
  byIds: placementsById,
  async remove(aws, resources, call) {
    const ids = resources.map((one) => one.id).filter((id) => id.startsWith('pg-'));
    const names = await placementNames(aws, ids, call);
    return removeEach(resources, async ({ id }) => {
      await aws.send(new DeletePlacementGroupCommand({ GroupName: names.get(id) ?? id }), call);
      return 'DeletePlacementGroup accepted';
    });
  },
};
