/** How are rules that name a security group found and revoked? In our own groups only, in both directions, by rule id. */
import {
  DescribeSecurityGroupRulesCommand,
  RevokeSecurityGroupEgressCommand,
  RevokeSecurityGroupIngressCommand,
  type SecurityGroupRule,
} from '@aws-sdk/client-ec2';
import { Failure } from '../contracts/failures';
import type { AwsRegion } from './clients';
import { PAGE, readPages } from './inventory-kind';
import { isGone } from './inventory-remove';
import { inParts } from './paging';
import type { Call } from './ports';

/** Every rule of these groups. */
export async function rulesOf(aws: AwsRegion, groupIds: string[], call?: Call): Promise<SecurityGroupRule[]> {
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

/** Revokes these rules of one group, with one call per direction. A group or rule that is gone needs none. */
export async function revokeRules(
  aws: AwsRegion,
  GroupId: string,
  rules: SecurityGroupRule[],
  call?: Call,
): Promise<void> {
  for (const egress of [false, true]) {
    const ids = rules
      .filter((rule) => (rule.IsEgress === true) === egress)
      .map((rule) => rule.SecurityGroupRuleId ?? '');
    if (ids.length > 0) await revoke(aws, { GroupId, SecurityGroupRuleIds: ids }, egress, call);
  }
}

async function revoke(
  aws: AwsRegion,
  input: { GroupId: string; SecurityGroupRuleIds: string[] },
  egress: boolean,
  call?: Call,
): Promise<void> {
  try {
    if (egress) await aws.send(new RevokeSecurityGroupEgressCommand(input), call);
    else await aws.send(new RevokeSecurityGroupIngressCommand(input), call);
  } catch (error) {
    if (!(error instanceof Failure) || !isGone(error)) throw error;
  }
}
