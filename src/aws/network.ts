/** Into which network do nodes go, and who may talk to them? */
import {
  AuthorizeSecurityGroupIngressCommand,
  CreateSecurityGroupCommand,
  DescribeSecurityGroupsCommand,
  DescribeSubnetsCommand,
  DescribeVpcsCommand,
} from '@aws-sdk/client-ec2';
import type { IpPermission } from '@aws-sdk/client-ec2';
import { Failure } from '../contracts/failures';
import { isOwned, TAG } from '../contracts/names';
import type { AwsRegion } from './clients';
import { hasCode } from './errors';
import { allPages } from './paging';
import type { Call, ComputePort, SecurityGroupRule, Subnet } from './ports';
import { fromTags, toTags } from './tags';
import { untilVisible } from './visible';

type GroupRequest = Parameters<ComputePort['ensureSecurityGroup']>[0];

/** The largest page the APIs give. */
const PER_PAGE = 1000;

/** Usable ones only. Without ids: the default subnets of the zones, which exist in the default VPC alone. */
export async function subnets(aws: AwsRegion, ids: string[] | undefined, call: Call = {}): Promise<Subnet[]> {
  // A filter leaves out what does not exist, where ids as a parameter would fail the call for the first of them.
  const Filters = [
    ids === undefined ? { Name: 'default-for-az', Values: ['true'] } : { Name: 'subnet-id', Values: ids },
  ];
  const found = await allPages(
    (NextToken) => aws.send(new DescribeSubnetsCommand({ Filters, MaxResults: PER_PAGE, NextToken }), call),
    (page) => page.NextToken,
    (page) => page.Subnets,
  );
  return found.flatMap(({ SubnetId, VpcId, AvailabilityZone, AvailableIpAddressCount, State }) =>
    SubnetId === undefined || VpcId === undefined || AvailabilityZone === undefined || State !== 'available'
      ? []
      : [{ subnetId: SubnetId, vpcId: VpcId, zone: AvailabilityZone, freeAddresses: AvailableIpAddressCount ?? 0 }],
  );
}

export async function vpcs(
  aws: AwsRegion,
  ids: string[],
  call: Call = {},
): Promise<{ vpcId: string; tags: Record<string, string> }[]> {
  const Filters = [{ Name: 'vpc-id', Values: ids }];
  const found = await allPages(
    (NextToken) => aws.send(new DescribeVpcsCommand({ Filters, MaxResults: PER_PAGE, NextToken }), call),
    (page) => page.NextToken,
    (page) => page.Vpcs,
  );
  return found.map(({ VpcId = '', Tags }) => ({ vpcId: VpcId, tags: fromTags(Tags) }));
}

export async function securityGroups(
  aws: AwsRegion,
  ids: string[],
  call: Call = {},
): Promise<{ groupId: string; vpcId: string }[]> {
  const Filters = [{ Name: 'group-id', Values: ids }];
  const found = await allPages(
    (NextToken) => aws.send(new DescribeSecurityGroupsCommand({ Filters, MaxResults: PER_PAGE, NextToken }), call),
    (page) => page.NextToken,
    (page) => page.SecurityGroups,
  );
  return found.map(({ GroupId = '', VpcId = '' }) => ({ groupId: GroupId, vpcId: VpcId }));
}

export async function allowFrom(aws: AwsRegion, groupId: string, fromIds: string[], call: Call = {}): Promise<void> {
  const rules = fromIds.map(insideRule);
  if (rules.length > 0) await allow(aws, groupId, rules, call);
}

/** Rejects with `NotOurs` when a group of the name exists in the VPC without this experiment's tags. */
export async function ensureSecurityGroup(aws: AwsRegion, request: GroupRequest, call: Call = {}): Promise<string> {
  const made = await createGroup(aws, request, call);
  const groupId = made ?? (await ownGroup(aws, request, call));
  if (made !== undefined) await untilVisible(() => isListed(aws, made, call), call);
  await allow(aws, groupId, [insideRule(groupId), ...distinct(request.ingress.map((rule) => outsideRule(rule)))], call);
  return groupId;
}

async function isListed(aws: AwsRegion, groupId: string, call: Call): Promise<boolean> {
  const Filters = [{ Name: 'group-id', Values: [groupId] }];
  const { SecurityGroups } = await aws.send(new DescribeSecurityGroupsCommand({ Filters, MaxResults: 5 }), call);
  return (SecurityGroups ?? []).length > 0;
}

/** The new group's id; undefined when the name is taken. */
async function createGroup(aws: AwsRegion, request: GroupRequest, call: Call): Promise<string | undefined> {
  try {
    const { GroupId } = await aws.send(
      new CreateSecurityGroupCommand({
        GroupName: request.name,
        VpcId: request.vpcId,
        Description: 'Nodes of one Holdfast experiment',
        TagSpecifications: [{ ResourceType: 'security-group', Tags: toTags(request.tags) }],
      }),
      call,
    );
    return GroupId;
  } catch (error) {
    if (hasCode(error, 'InvalidGroup.Duplicate')) return undefined;
    throw error;
  }
}

async function ownGroup(aws: AwsRegion, { name, vpcId, tags }: GroupRequest, call: Call): Promise<string> {
  const { SecurityGroups } = await aws.send(
    new DescribeSecurityGroupsCommand({
      Filters: [
        { Name: 'group-name', Values: [name] },
        { Name: 'vpc-id', Values: [vpcId] },
      ],
      MaxResults: PER_PAGE,
    }),
    call,
  );
  const group = SecurityGroups?.find((candidate) => candidate.GroupName === name);
  // The name is taken, so the group exists; a reader that does not see it is behind.
  if (group?.GroupId === undefined) {
    throw new Failure('NotYetVisible', `Security group ${name} exists in ${vpcId} but is not readable yet`);
  }
  if (!isOwned(fromTags(group.Tags), tags[TAG.experimentId] ?? '')) {
    const text = `Security group ${name} (${group.GroupId}) exists in ${vpcId} and is not this experiment's`;
    throw new Failure('NotOurs', text, { id: group.GroupId });
  }
  return group.GroupId;
}

/** All rules in one call; when some exist already, one call each. */
async function allow(aws: AwsRegion, groupId: string, rules: IpPermission[], call: Call): Promise<void> {
  try {
    await aws.send(new AuthorizeSecurityGroupIngressCommand({ GroupId: groupId, IpPermissions: rules }), call);
  } catch (error) {
    if (!hasCode(error, 'InvalidPermission.Duplicate')) throw error;
    if (rules.length === 1) return;
    for (const rule of rules) await allow(aws, groupId, [rule], call);
  }
}

/** AWS refuses a request that names a rule twice. */
function distinct(rules: IpPermission[]): IpPermission[] {
  return [...new Map(rules.map((rule) => [JSON.stringify(rule), rule])).values()];
}

/** Members of the group may connect on everything. */
function insideRule(groupId: string): IpPermission {
  return { IpProtocol: '-1', UserIdGroupPairs: [{ GroupId: groupId }] };
}

/** AWS takes no ports with protocol -1. */
function outsideRule({ protocol, fromPort, toPort, cidr }: SecurityGroupRule): IpPermission {
  const ports = protocol === '-1' ? {} : { FromPort: fromPort, ToPort: toPort };
  return { IpProtocol: protocol, ...ports, IpRanges: [{ CidrIp: cidr }] };
}
