/** How is a security group freed and deleted? Rules that name it go first, in both directions, in our own groups only. */
import {
  DeleteSecurityGroupCommand,
  DescribeSecurityGroupRulesCommand,
  DescribeSecurityGroupsCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  type Filter,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import type { Holder, TaggedResource } from '../contracts/inventory';
import { isOwned, TAG } from '../contracts/names';
import type { AwsRegion } from './clients';
import { ownedFilters, PAGE, readByFilter, readPages, resource } from './inventory-kind';
import { inParts } from './paging';
import type { Kind, Reading } from './inventory-kind';
import { refused, removeEach } from './inventory-remove';
import { readInterfaces } from './inventory-storage';
import type { Call } from './ports';

async function readGroups(aws: AwsRegion, filters: Filter[], call?: Call): Promise<Reading> {
  const pages = await readPages((token) =>
    aws.send(new DescribeSecurityGroupsCommand({ Filters: filters, MaxResults: PAGE, ...token }), call),
  );
  const raw = pages.flatMap((page) => page.SecurityGroups ?? []);
  return {
    resources: raw.map((group) =>
      resource(aws, 'security-group', group.GroupId, group.Tags, {
        state: 'live',
        seen: 'exists',
        protectedBy: group.GroupName === 'default' ? 'default security group of its VPC' : undefined,
      }),
    ),
    pages: pages.length,
  };
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

async function rulesOf(aws: AwsRegion, groupIds: string[], call?: Call): Promise<SecurityGroupRule[]> {
  const rules: SecurityGroupRule[] = [];
  for (const slice of inParts(groupIds, 200)) {
    const filters = [{ Name: 'group-id', Values: slice }];
    const pages = await readPages((token) =>
      aws.send(new DescribeSecurityGroupRulesCommand({ Filters: filters, MaxResults: PAGE, ...token }), call),
    );
    rules.push(...pages.flatMap((page) => page.SecurityGroupRules ?? []));
  }
  return rules;
}

/** Revokes the rules between our own groups that name one of `groups`, by rule id. */
async function revoke(aws: AwsRegion, groups: TaggedResource[], call?: Call): Promise<void> {
  const doomed = new Map(groups.map((group) => [group.id, group]));
  const experimentId = groups[0]?.tags[TAG.experimentId] ?? '';
  const ours = (await referencing(aws, [...doomed.keys()], call)).filter((group) => isOwned(group.tags, experimentId));
  const crossing = (rule: SecurityGroupRule): boolean =>
    rule.ReferencedGroupInfo?.GroupId !== rule.GroupId && doomed.has(rule.ReferencedGroupInfo?.GroupId ?? '');
  const candidates = ours.filter((group) => !(doomed.size === 1 && doomed.has(group.id)));
  const rules = (
    await rulesOf(
      aws,
      candidates.map((group) => group.id),
      call,
    )
  ).filter(crossing);
  for (const group of ours) {
    const own = rules.filter((rule) => rule.GroupId === group.id);
    await revokeIn(
      aws,
      group.id,
      own.filter((rule) => rule.IsEgress !== true),
      false,
      call,
    );
    await revokeIn(
      aws,
      group.id,
      own.filter((rule) => rule.IsEgress === true),
      true,
      call,
    );
  }
}

async function revokeIn(
  aws: AwsRegion,
  GroupId: string,
  rules: SecurityGroupRule[],
  egress: boolean,
  call?: Call,
): Promise<void> {
  if (rules.length === 0) return;
  const input = { GroupId, SecurityGroupRuleIds: rules.map((rule) => rule.SecurityGroupRuleId ?? '') };
  if (egress) await aws.send(new RevokeSecurityGroupEgressCommand(input), call);
  else await aws.send(new RevokeSecurityGroupIngressCommand(input), call);
}

export const securityGroups: Kind = {
  type: 'security-group',
  api: 'DescribeSecurityGroups',
  byTags: (aws, experimentId, call) => readGroups(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('group-id', ids, (filters) => readGroups(aws, filters, call)),
  holders,
  async remove(aws, resources, call) {
    const stopped = await revoke(aws, resources, call).then(
      () => undefined,
      (error: unknown) => refused('', error),
    );
    // A group or rule that is already gone is no reason to stop; any other refusal holds for all of them.
    if (stopped !== undefined && stopped.outcome !== 'gone') return resources.map(({ id }) => ({ ...stopped, id }));
    return removeEach(resources, async ({ id }) => {
      await aws.send(new DeleteSecurityGroupCommand({ GroupId: id }), call);
      return 'DeleteSecurityGroup accepted';
    });
  },
};
