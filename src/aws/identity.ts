/** On whose account do we act, and where may we? */
import { DescribeRegionsCommand } from '@aws-sdk/client-ec2';
import { GetCallerIdentityCommand } from '@aws-sdk/client-sts';
import { Failure } from '../contracts/failures';
import type { AwsRegion } from './clients';
import type { Call, Identity } from './ports';

export async function callerIdentity(aws: AwsRegion, endpoint: string, call: Call = {}): Promise<Identity> {
  const { Account } = await aws.send(new GetCallerIdentityCommand({}), call);
  if (Account === undefined) throw new Failure('NotAuthorized', 'GetCallerIdentity named no account');
  return { account: Account, endpoint };
}

/** The regions that are enabled for the account, in alphabetical order. */
export async function enabledRegions(aws: AwsRegion, call: Call = {}): Promise<string[]> {
  const { Regions } = await aws.send(new DescribeRegionsCommand({ AllRegions: false }), call);
  return (Regions ?? []).flatMap(({ RegionName }) => (RegionName === undefined ? [] : [RegionName])).sort();
}
