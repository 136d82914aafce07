/** Which instances does AWS see trouble with? Failed status checks and planned events, filtered by EC2 itself. */
import { DescribeInstanceStatusCommand } from '@aws-sdk/client-ec2';
import type { InstanceStatus, InstanceStatusEvent } from '@aws-sdk/client-ec2';
import type { AwsRegion } from './clients';
import { allPages } from './paging';
import type { Call, InstanceTrouble } from './ports';

/** The largest page the API gives. */
const PER_PAGE = 1000;
/** Filters of one call have to match all at once, so each question is a call of its own. */
const QUESTIONS = [
  { Name: 'instance-status.status', Values: ['impaired'] },
  { Name: 'system-status.status', Values: ['impaired'] },
  {
    Name: 'event.code',
    Values: ['instance-reboot', 'system-reboot', 'system-maintenance', 'instance-retirement', 'instance-stop'],
  },
];
/** An event that is over stays for a week. Source: EC2 User Guide, "Scheduled events for your instances". */
const OVER = /^\[(Completed|Canceled)\]/;

/** Of all instances of the region, running ones only, as the API does without ids. */
export async function troubles(aws: AwsRegion, call: Call = {}): Promise<InstanceTrouble[]> {
  const answers = await Promise.all(
    QUESTIONS.map((filter) =>
      allPages(
        (NextToken) =>
          aws.send(new DescribeInstanceStatusCommand({ Filters: [filter], MaxResults: PER_PAGE, NextToken }), call),
        (page) => page.NextToken,
        (page) => page.InstanceStatuses,
      ),
    ),
  );
  const found = answers.flat().flatMap((status) => trouble(status));
  return [...new Map(found.map((one) => [one.instanceId, one])).values()];
}

function trouble({ InstanceId, InstanceStatus, SystemStatus, Events = [] }: InstanceStatus): InstanceTrouble[] {
  if (InstanceId === undefined) return [];
  const checks = [InstanceStatus, SystemStatus].filter((check) => check?.Status === 'impaired');
  const times = checks.flatMap((check) => (check?.Details ?? []).flatMap((one) => one.ImpairedSince ?? []));
  const [first] = times.map((time) => time.toISOString()).sort();
  const events = Events.flatMap((event) => planned(event));
  if (checks.length === 0 && events.length === 0) return [];
  const since = first === undefined ? {} : { impairedSince: first };
  return [{ instanceId: InstanceId, impaired: checks.length > 0, ...since, events }];
}

function planned({ Code, Description, NotBefore }: InstanceStatusEvent): InstanceTrouble['events'] {
  if (Code === undefined || OVER.test(Description ?? '')) return [];
  return [{ code: Code, ...(NotBefore === undefined ? {} : { notBefore: NotBefore.toISOString() }) }];
}
