/** How is a security group freed and deleted? Rules that name it go first, in both directions, in our own groups only. */
import {
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  type Filter,
  type SecurityGroup,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import type { Holder, Removal, TaggedResource } from '../contracts/inventory';
import { isOwned, TAG } from '../contracts/names';
import { groupOrder } from '../policy/rule-order';
import type { AwsRegion } from './clients';
import { ownedFilters, PAGE, readByFilter, readPages, resource } from './inventory-kind';
import type { Kind, Reading } from './inventory-kind';
import { atATime, refused, removeEach } from './inventory-remove';
import { revokeRules, rulesOf } from './inventory-rules';
import { readInterfaces } from './inventory-storage';
import { inParts } from './paging';
import type { Call } from './ports';

/** Reads groups by any filter; VPCs ask this way what is in them. */
export async function readGroups(
  aws: AwsRegion,
  filters: Filter[],
  call?: Call,
): Promise<Reading & { raw: SecurityGroup[] }> {
  const pages = await readPages((token) =>
    aws.send(new DescribeSecurityGroupsCommand({ Filters: filters, MaxResults: PAGE, ...token }), call),
  );
  const raw = pages.flatMap((page) => page.SecurityGroups ?? []);
  const resources = raw.map((group) =>
    resource(aws, 'security-group', group.GroupId, group.Tags, {
      state: 'live',
      seen: 'exists',
      protectedBy: group.GroupName === 'default' ? 'default security group of its VPC' : undefined,
    }),
  );
  return { resources, pages: pages.length, raw };
}

/** Groups with a rule that names one of these, of any owner. A rule in the group itself does not hold it. */
async function referencing(aws: AwsRegion, ids: string[], call?: Call): Promise<TaggedResource[]> {
  const found = new Map<string, TaggedResource>();
  for (const name of ['ip-permission.group-id', 'egress.ip-permission.group-id']) {
    const read = await readByFilter(name, ids, (filters) => readGroups(aws, filters, call));
    for (const group of read.resources) found.set(group.id, group);
  }
  return [...found.values()];
}

/** Interfaces that use the groups, and groups of others that name them. */
async function holders(aws: AwsRegion, groups: TaggedResource[], call?: Call): Promise<void> {
  const byId = new Map(groups.map((group) => [group.id, group]));
  for (const slice of inParts([...byId.keys()], 200)) {
    const read = await readInterfaces(aws, [{ Name: 'group-id', Values: slice }], call);
    for (const card of read.raw) {
      for (const used of card.Groups ?? []) byId.get(used.GroupId ?? '')?.neededBy.push(card.NetworkInterfaceId ?? '');
    }
  }
  await foreignRules(aws, byId, call);
}

async function foreignRules(aws: AwsRegion, byId: Map<string, TaggedResource>, call?: Call): Promise<void> {
  const others = (await referencing(aws, [...byId.keys()], call)).filter((group) => !byId.has(group.id));
  const rules = await rulesOf(
    aws,
    others.map((group) => group.id),
    call,
  );
  for (const rule of rules) {
    const held = byId.get(rule.ReferencedGroupInfo?.GroupId ?? '');
    const other = others.find((group) => group.id === rule.GroupId);
    if (held === undefined || other === undefined || isOwned(other.tags, held.tags[TAG.experimentId] ?? '')) continue;
    const holder: Holder = { type: other.type, id: other.id, tags: other.tags };
    held.holders = [...(held.holders ?? []).filter((one) => one.id !== holder.id), holder];
  }
}

/** The rules of our own groups, doomed or not, that name one of the doomed from outside of it. */
async function crossingRules(aws: AwsRegion, groups: TaggedResource[], call?: Call): Promise<SecurityGroupRule[]> {
  const doomed = new Set(groups.map((group) => group.id));
  const experimentId = groups[0]?.tags[TAG.experimentId] ?? '';
  const ours = (await referencing(aws, [...doomed], call)).filter((group) => isOwned(group.tags, experimentId));
  const candidates = ours.map((group) => group.id).filter((id) => !(doomed.size === 1 && doomed.has(id)));
  return (await rulesOf(aws, candidates, call)).filter((rule) => {
    const names = rule.ReferencedGroupInfo?.GroupId ?? '';
    return names !== rule.GroupId && doomed.has(names);
  });
}

/** Revokes what has to go first, and answers which groups are deleted after which. */
async function free(aws: AwsRegion, groups: TaggedResource[], call?: Call): Promise<TaggedResource[][]> {
  const rules = await crossingRules(aws, groups, call);
  const references = rules.map((rule) => ({
    by: rule.GroupId ?? '',
    names: rule.ReferencedGroupInfo?.GroupId ?? '',
  }));
  const ids = groups.map((group) => group.id);
  const { empty, waves } = groupOrder(ids, references);
  await atATime(empty, (id) =>
    revokeRules(
      aws,
      id,
      rules.filter((rule) => rule.GroupId === id),
      call,
    ),
  );
  return waves.map((wave) => groups.filter((group) => wave.includes(group.id)));
}

async function remove(aws: AwsRegion, groups: TaggedResource[], call?: Call): Promise<Removal[]> {
  let waves: TaggedResource[][];
  try {
    waves = await free(aws, groups, call);
  } catch (error) {
    // What forbids to read or revoke rules forbids it for all of them.
    return groups.map(({ id }) => refused(id, error));
  }
  const answers: Removal[] = [];
  for (const wave of waves) {
    const removed = await removeEach(wave, async ({ id }) => {
      await aws.send(new DeleteSecurityGroupCommand({ GroupId: id }), call);
      return 'DeleteSecurityGroup accepted';
    });
    answers.push(...removed);
  }
  return answers;
}

export const securityGroups: Kind = {
  type: 'security-group',
  api: 'DescribeSecurityGroups',
  made: true,
  byTags: (aws, experimentId, call) => readGroups(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('group-id', ids, (filters) => readGroups(aws, filters, call)),
  holders,
  remove,
};
