/** How are rules added to and taken from a security group? All of a call or none of it. */
import { AwsError } from '../errors';
import { addRule } from '../world/furniture';
import { regionState } from '../world/world';
import type {
  Handler,
  HandlerContext,
  Handlers,
  RegionState,
  SimSecurityGroup,
  SimSecurityGroupRule,
} from '../world/state';
import { find, isVisible } from './describe';
import { filterTest, filtersOf, type Fields } from './filters';
import { texts, type Input } from './input';
import { page } from './paging';
import { groupOf } from './security-groups';
import { draftsOf, renderRule, sameRule, type RuleDraft } from './security-rules';
import { tagSpecs } from './tag-specs';
import { unknownGroup, unknownGroupRule } from './unknown';

/** Default quota of rules per direction (VPC user guide, "Amazon VPC quotas"). */
const MAX_RULES = 60;

const authorize =
  (egress: boolean): Handler =>
  (input, ctx) => {
    const state = regionState(ctx);
    const group = groupOf(ctx, state, input);
    const { 'security-group-rule': tags } = tagSpecs(input, ['security-group-rule']);
    const drafts = draftsOf(input, egress);
    for (const draft of drafts) checkNew(ctx, state, group, draft);
    const there = [...group.rules.values()].filter((rule) => rule.egress === egress).length;
    if (there + drafts.length > MAX_RULES) {
      throw new AwsError(
        'RulesPerSecurityGroupLimitExceeded',
        'The maximum number of rules per security group has been reached.',
      );
    }
    const made = drafts.map((draft) => addRule(ctx.world, group, { ...draft, tags }));
    return { Return: true, SecurityGroupRules: made.map((rule) => renderRule(group, rule)) };
  };

function checkNew(ctx: HandlerContext, state: RegionState, group: SimSecurityGroup, draft: RuleDraft): void {
  if (draft.referencedGroupId !== undefined) find(ctx, state.securityGroups, draft.referencedGroupId, unknownGroup);
  const duplicate = [...group.rules.values()].some((rule) => sameRule(rule, draft));
  if (!duplicate) return;
  const peer = draft.cidrIpv4 ?? draft.cidrIpv6 ?? draft.referencedGroupId ?? draft.prefixListId;
  throw new AwsError(
    'InvalidPermission.Duplicate',
    `the specified rule "peer: ${String(peer)}, ${draft.protocol}, ALLOW" already exists`,
  );
}

const revoke =
  (egress: boolean): Handler =>
  (input, ctx) => {
    const group = groupOf(ctx, regionState(ctx), input);
    const doomed = doomedRules(group, input, egress);
    for (const { ruleId } of doomed) group.rules.delete(ruleId);
    return { Return: true, RevokedSecurityGroupRules: doomed.map((rule) => renderRule(group, rule)) };
  };

function doomedRules(group: SimSecurityGroup, input: Input, egress: boolean): SimSecurityGroupRule[] {
  const ids = texts(input, 'SecurityGroupRuleIds');
  if (ids.length > 0) {
    return ids.map((id) => {
      const rule = group.rules.get(id);
      if (!rule || rule.egress !== egress) throw unknownGroupRule([id]);
      return rule;
    });
  }
  return draftsOf(input, egress).map((draft) => {
    const rule = [...group.rules.values()].find((candidate) => sameRule(candidate, draft));
    if (!rule)
      throw new AwsError('InvalidPermission.NotFound', 'The specified rule does not exist in this security group.');
    return rule;
  });
}

interface Entry {
  group: SimSecurityGroup;
  rule: SimSecurityGroupRule;
}

const FIELDS: Fields<Entry> = {
  'group-id': ({ group }) => group.id,
  'security-group-rule-id': ({ rule }) => rule.ruleId,
};

const describeSecurityGroupRules: Handler = (input, ctx) => {
  const now = Date.now();
  const entries: Entry[] = [...regionState(ctx).securityGroups.values()]
    .filter((group) => isVisible(ctx, group, now))
    .flatMap((group) => [...group.rules.values()].map((rule) => ({ group, rule })));
  const ids = texts(input, 'SecurityGroupRuleIds');
  const unknown = ids.filter((id) => !entries.some(({ rule }) => rule.ruleId === id));
  if (unknown.length > 0) throw unknownGroupRule(unknown);
  const order = new Map(entries.map((entry, index) => [entry, index + 1]));
  const found = entries
    .filter(({ rule }) => ids.length === 0 || ids.includes(rule.ruleId))
    .filter(filterTest(filtersOf(input), FIELDS, ({ rule }) => rule.tags));
  // 5 to 1,000 a page: EC2 API reference, DescribeSecurityGroupRules.
  const { items, ...more } = page(ctx.world, found, input, { min: 5, max: 1000 }, (entry) => order.get(entry) ?? 0);
  return { SecurityGroupRules: items.map(({ group, rule }) => renderRule(group, rule)), ...more };
};

export const ruleOperations: Handlers = {
  AuthorizeSecurityGroupIngress: authorize(false),
  AuthorizeSecurityGroupEgress: authorize(true),
  RevokeSecurityGroupIngress: revoke(false),
  RevokeSecurityGroupEgress: revoke(true),
  DescribeSecurityGroupRules: describeSecurityGroupRules,
};
