/** Which security groups are there? Made, described, and deleted only when no interface and no rule refers to them. */
import { AwsError } from '../errors';
import { addOpenEgress } from '../world/furniture';
import { newId } from '../world/ids';
import { addResource, arnOf, endResource, newResource } from '../world/resources';
import { regionState } from '../world/world';
import type {
  Handler,
  HandlerContext,
  Handlers,
  RegionState,
  SimSecurityGroup,
  SimSecurityGroupRule,
} from '../world/state';
import { find, isVisible, select } from './describe';
import type { Fields } from './filters';
import { invalid, missing, need, text, texts, type Input } from './input';
import { permissionsOf } from './security-rules';
import { tagList, tagSpecs } from './tag-specs';
import { unknownGroup, unknownVpc } from './unknown';

/** Up to 255 of these characters (EC2 API reference, CreateSecurityGroup). */
const NAME = /^[a-zA-Z0-9 ._\-:/()#,@[\]+=&;{}!$*]{1,255}$/;

const createSecurityGroup: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const [name, description] = [need(input, 'GroupName'), need(input, 'Description')];
  if (!NAME.test(name) || name.startsWith('sg-'))
    throw invalid('groupName', name, 'Character sets beyond ASCII are not supported.');
  if (!NAME.test(description))
    throw invalid('groupDescription', description, 'Character sets beyond ASCII are not supported.');
  const { 'security-group': tags } = tagSpecs(input, ['security-group']);
  const vpcId = vpcOf(ctx, state, input);
  const taken = [...state.securityGroups.values()].some((group) => group.vpcId === vpcId && group.name === name);
  if (taken)
    throw new AwsError('InvalidGroup.Duplicate', `The security group '${name}' already exists for VPC '${vpcId}'`);
  const group = addResource<SimSecurityGroup>(state, {
    ...newResource(ctx, 'security-group', newId(ctx.world, 'sg'), tags),
    name,
    description,
    vpcId,
    rules: new Map(),
  });
  addOpenEgress(ctx.world, group);
  return { GroupId: group.id, SecurityGroupArn: arnOf(group), Tags: tagList(tags) };
};

function vpcOf(ctx: HandlerContext, state: RegionState, input: Input): string {
  const given = text(input, 'VpcId');
  if (given !== undefined) return find(ctx, state.vpcs, given, unknownVpc).id;
  const home = [...state.vpcs.values()].find(({ isDefault }) => isDefault);
  if (!home) throw new AwsError('VPCIdNotSpecified', 'No default VPC for this user');
  return home.id;
}

function ruleTexts(egress: boolean, read: (rule: SimSecurityGroupRule) => string | number | undefined) {
  return (group: SimSecurityGroup): string[] =>
    [...group.rules.values()]
      .filter((rule) => rule.egress === egress)
      .map((rule) => read(rule))
      .filter((value) => value !== undefined)
      .map(String);
}

function ruleFields(prefix: string, egress: boolean): Fields<SimSecurityGroup> {
  return {
    [`${prefix}.cidr`]: ruleTexts(egress, ({ cidrIpv4 }) => cidrIpv4),
    [`${prefix}.ipv6-cidr`]: ruleTexts(egress, ({ cidrIpv6 }) => cidrIpv6),
    [`${prefix}.from-port`]: ruleTexts(egress, ({ fromPort }) => fromPort),
    [`${prefix}.to-port`]: ruleTexts(egress, ({ toPort }) => toPort),
    [`${prefix}.protocol`]: ruleTexts(egress, ({ protocol }) => protocol),
    [`${prefix}.group-id`]: ruleTexts(egress, ({ referencedGroupId }) => referencedGroupId),
  };
}

const FIELDS: Fields<SimSecurityGroup> = {
  'group-id': ({ id }) => id,
  'group-name': ({ name }) => name,
  description: ({ description }) => description,
  'vpc-id': ({ vpcId }) => vpcId,
  'owner-id': ({ account }) => account,
  ...ruleFields('ip-permission', false),
  ...ruleFields('egress.ip-permission', true),
};

const describeSecurityGroups: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const { items, ...more } = select(ctx, state, withNames(input, ctx, state), {
    shelf: state.securityGroups,
    fields: FIELDS,
    ids: { member: 'GroupIds', prefix: 'sg', malformed: 'InvalidGroupId.Malformed', unknown: unknownGroup },
    limits: { min: 5, max: 1000, notWith: 'GroupIds' },
  });
  return { SecurityGroups: items.map(render), ...more };
};

/** GroupNames works for the default VPC only, as on AWS. */
function withNames(input: Input, ctx: HandlerContext, state: RegionState): Input {
  const names = texts(input, 'GroupNames');
  if (names.length === 0) return input;
  const home = [...state.vpcs.values()].find(({ isDefault }) => isDefault)?.id;
  const groups = names.map((name) => {
    const group = [...state.securityGroups.values()].find((item) => item.name === name && item.vpcId === home);
    if (!group || !isVisible(ctx, group, Date.now())) {
      throw new AwsError(
        'InvalidGroup.NotFound',
        `The security group '${name}' does not exist in default VPC '${String(home)}'`,
      );
    }
    return group.id;
  });
  return { ...input, GroupIds: [...texts(input, 'GroupIds'), ...groups] };
}

function render(group: SimSecurityGroup): Record<string, unknown> {
  const rules = [...group.rules.values()];
  return {
    GroupId: group.id,
    SecurityGroupArn: arnOf(group),
    GroupName: group.name,
    Description: group.description,
    VpcId: group.vpcId,
    OwnerId: group.account,
    IpPermissions: permissionsOf(
      group,
      rules.filter(({ egress }) => !egress),
    ),
    IpPermissionsEgress: permissionsOf(
      group,
      rules.filter(({ egress }) => egress),
    ),
    Tags: tagList(group.tags),
  };
}

const deleteSecurityGroup: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const group = groupOf(ctx, state, input);
  if (group.name === 'default') {
    throw new AwsError(
      'CannotDelete',
      `the specified group: "${group.id}" name: "default" cannot be deleted by a user`,
    );
  }
  const used = [...state.networkInterfaces.values()].some(({ securityGroupIds }) =>
    securityGroupIds.includes(group.id),
  );
  const referenced = [...state.securityGroups.values()].some(
    (other) => other.id !== group.id && [...other.rules.values()].some((rule) => rule.referencedGroupId === group.id),
  );
  if (used || referenced) throw new AwsError('DependencyViolation', `resource ${group.id} has a dependent object`);
  endResource(state, group);
  return { Return: true, GroupId: group.id };
};

/** The group that GroupId, or GroupName in the default VPC, means. */
export function groupOf(ctx: HandlerContext, state: RegionState, input: Input): SimSecurityGroup {
  const id = text(input, 'GroupId');
  if (id !== undefined) return find(ctx, state.securityGroups, id, unknownGroup);
  const name = text(input, 'GroupName');
  if (name === undefined) throw missing('GroupId');
  const [named] = texts(withNames({ GroupNames: [name] }, ctx, state), 'GroupIds');
  return find(ctx, state.securityGroups, named ?? '', unknownGroup);
}

export const securityGroupOperations: Handlers = {
  CreateSecurityGroup: createSecurityGroup,
  DescribeSecurityGroups: describeSecurityGroups,
  DeleteSecurityGroup: deleteSecurityGroup,
};
