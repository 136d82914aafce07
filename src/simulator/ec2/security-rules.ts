/** What does a security group let through? Permissions of the API split into single rules and put together again. */
import { AwsError } from '../errors';
import { parseCidr } from '../world/network';
import type { SimSecurityGroup, SimSecurityGroupRule } from '../world/state';
import { defined, invalid, number, records, text, type Input } from './input';

export type RuleDraft = Omit<SimSecurityGroupRule, 'ruleId' | 'tags'>;

const PROTOCOLS: Record<string, string> = { '6': 'tcp', '17': 'udp', '1': 'icmp', '58': 'icmpv6', all: '-1' };

/** The single rules that IpPermissions, or the old flat members, ask for. */
export function draftsOf(input: Input, egress: boolean): RuleDraft[] {
  const permissions = records(input, 'IpPermissions');
  const flat = text(input, 'IpProtocol') ?? text(input, 'CidrIp');
  const all = permissions.length > 0 || flat === undefined ? permissions : [flatPermission(input)];
  const drafts = all.flatMap((permission) => expand(permission, egress));
  if (drafts.length === 0) {
    throw new AwsError('MissingParameter', 'Either ipPermissions or securityGroupRuleIds should be provided.');
  }
  return drafts;
}

function flatPermission(input: Input): Input {
  const cidr = text(input, 'CidrIp');
  return { ...input, IpRanges: cidr === undefined ? [] : [{ CidrIp: cidr }] };
}

function expand(permission: Input, egress: boolean): RuleDraft[] {
  const given = text(permission, 'IpProtocol') ?? '-1';
  const protocol = PROTOCOLS[given] ?? given;
  const ports = protocol === '-1' ? {} : portsOf(permission, protocol);
  const base = { egress, protocol, ...ports };
  const described = (item: Input): { description?: string } => {
    const description = text(item, 'Description');
    return description === undefined ? {} : { description };
  };
  return [
    ...records(permission, 'IpRanges').map((item) => ({ ...base, ...described(item), cidrIpv4: ipv4(item) })),
    ...records(permission, 'Ipv6Ranges').map((item) => ({
      ...base,
      ...described(item),
      cidrIpv6: text(item, 'CidrIpv6') ?? '',
    })),
    ...records(permission, 'PrefixListIds').map((item) => ({
      ...base,
      ...described(item),
      prefixListId: text(item, 'PrefixListId') ?? '',
    })),
    ...records(permission, 'UserIdGroupPairs').map((item) => ({
      ...base,
      ...described(item),
      referencedGroupId: text(item, 'GroupId') ?? '',
    })),
  ];
}

function ipv4(item: Input): string {
  const cidr = text(item, 'CidrIp') ?? '';
  if (!parseCidr(cidr)) throw invalid('cidrIp', cidr, 'CIDR block is malformed');
  return cidr;
}

/** Ports run from 0 to 65535; ICMP uses the same members for type and code, with -1 for all. */
function portsOf(permission: Input, protocol: string): { fromPort?: number; toPort?: number } {
  const [fromPort, toPort] = [number(permission, 'FromPort'), number(permission, 'ToPort')];
  if (fromPort === undefined || toPort === undefined) {
    if (protocol !== 'tcp' && protocol !== 'udp') return { fromPort: -1, toPort: -1 };
    throw new AwsError(
      'InvalidParameterValue',
      'Invalid value for portRange. Must specify both from and to ports with TCP/UDP.',
    );
  }
  const inRange = [fromPort, toPort].every((port) => port >= -1 && port <= 65_535);
  if (!inRange || (protocol !== 'icmp' && fromPort > toPort)) {
    throw new AwsError('InvalidParameterValue', `Invalid TCP/UDP port range (${fromPort}:${toPort})`);
  }
  return { fromPort, toPort };
}

/** Whether two rules let through the same thing: what makes a duplicate, and what a revoke means. */
export function sameRule(a: RuleDraft, b: RuleDraft): boolean {
  return (
    a.egress === b.egress &&
    a.protocol === b.protocol &&
    a.fromPort === b.fromPort &&
    a.toPort === b.toPort &&
    a.cidrIpv4 === b.cidrIpv4 &&
    a.cidrIpv6 === b.cidrIpv6 &&
    a.prefixListId === b.prefixListId &&
    a.referencedGroupId === b.referencedGroupId
  );
}

/** Rules as IpPermissions: those of one protocol and port range together. */
export function permissionsOf(group: SimSecurityGroup, rules: SimSecurityGroupRule[]): Record<string, unknown>[] {
  const byRange = new Map<string, SimSecurityGroupRule[]>();
  for (const rule of rules) {
    const key = `${rule.protocol}/${String(rule.fromPort)}/${String(rule.toPort)}`;
    byRange.set(key, [...(byRange.get(key) ?? []), rule]);
  }
  return [...byRange.values()].map((same) => permission(group, same));
}

function permission(group: SimSecurityGroup, rules: SimSecurityGroupRule[]): Record<string, unknown> {
  const [first] = rules;
  const pick = (key: 'cidrIpv4' | 'cidrIpv6' | 'prefixListId', name: string): Record<string, unknown>[] =>
    rules
      .filter((rule) => rule[key] !== undefined)
      .map((rule) => defined({ [name]: rule[key], Description: rule.description }));
  return defined({
    IpProtocol: first?.protocol,
    FromPort: first?.fromPort,
    ToPort: first?.toPort,
    IpRanges: pick('cidrIpv4', 'CidrIp'),
    Ipv6Ranges: pick('cidrIpv6', 'CidrIpv6'),
    PrefixListIds: pick('prefixListId', 'PrefixListId'),
    UserIdGroupPairs: rules
      .filter(({ referencedGroupId }) => referencedGroupId !== undefined)
      .map((rule) =>
        defined({ GroupId: rule.referencedGroupId, UserId: group.account, Description: rule.description }),
      ),
  });
}

/** One rule in the form of DescribeSecurityGroupRules. */
export function renderRule(group: SimSecurityGroup, rule: SimSecurityGroupRule): Record<string, unknown> {
  return defined({
    SecurityGroupRuleId: rule.ruleId,
    GroupId: group.id,
    GroupOwnerId: group.account,
    IsEgress: rule.egress,
    IpProtocol: rule.protocol,
    // AWS gives -1 for the ports of rules that allow every protocol.
    FromPort: rule.fromPort ?? -1,
    ToPort: rule.toPort ?? -1,
    CidrIpv4: rule.cidrIpv4,
    CidrIpv6: rule.cidrIpv6,
    PrefixListId: rule.prefixListId,
    ReferencedGroupInfo:
      rule.referencedGroupId === undefined ? undefined : { GroupId: rule.referencedGroupId, UserId: group.account },
    Description: rule.description,
    Tags: Object.entries(rule.tags).map(([Key, Value]) => ({ Key, Value })),
  });
}
