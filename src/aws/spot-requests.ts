/** What does EC2 say about the spot requests behind instances? */
import { DescribeSpotInstanceRequestsCommand } from '@aws-sdk/client-ec2';
import type { SpotInstanceRequest } from '@aws-sdk/client-ec2';
import type { AwsRegion } from './clients';
import { allPages, inParts } from './paging';
import type { Call, SpotStatus } from './ports';

/** Values of one filter. Source: EC2 User Guide, "List and filter using the API". */
const IDS_PER_FILTER = 200;
/** The largest page the API gives. */
const PER_PAGE = 1000;

/** By instance, as an instant fleet tags no spot request; the newest change when an instance has several. */
export async function spotStatuses(aws: AwsRegion, ids: string[], call: Call = {}): Promise<SpotStatus[]> {
  const found: SpotInstanceRequest[] = [];
  for (const Values of inParts(ids, IDS_PER_FILTER)) {
    const Filters = [{ Name: 'instance-id', Values }];
    const requests = await allPages(
      (NextToken) =>
        aws.send(new DescribeSpotInstanceRequestsCommand({ Filters, MaxResults: PER_PAGE, NextToken }), call),
      (page) => page.NextToken,
      (page) => page.SpotInstanceRequests,
    );
    found.push(...requests);
  }
  const oldestFirst = found.flatMap((request) => status(request)).sort((a, b) => a.at.localeCompare(b.at));
  return [...new Map(oldestFirst.map((one) => [one.instanceId, one])).values()];
}

function status({ InstanceId, Status }: SpotInstanceRequest): SpotStatus[] {
  if (InstanceId === undefined || Status?.Code === undefined) return [];
  const at = (Status.UpdateTime ?? new Date(0)).toISOString();
  return [{ instanceId: InstanceId, code: Status.Code, message: Status.Message ?? '', at }];
}
