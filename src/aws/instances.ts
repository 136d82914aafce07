/** How do instances stand, and how do they end? */
import { CreateTagsCommand, DescribeInstancesCommand, TerminateInstancesCommand } from '@aws-sdk/client-ec2';
import type { Instance, Reservation } from '@aws-sdk/client-ec2';
import { MANAGED_BY, TAG } from '../contracts/names';
import type { AwsRegion } from './clients';
import { hasCode } from './errors';
import { allPages, inParts } from './paging';
import type { Call, InstanceView } from './ports';
import { fromTags, toTags } from './tags';

/** Ids per call. Source: https://docs.aws.amazon.com/AWSEC2/latest/APIReference/API_TerminateInstances.html */
const IDS_PER_CALL = 1000;
/** The largest page of a listing without ids; with ids the API takes no page size. */
const PER_PAGE = 1000;
/** What still runs or could run again. */
const LIVING = ['pending', 'running', 'stopping', 'stopped'];
/** EC2 shows these for about an hour after. */
const ENDED = ['shutting-down', 'terminated'];

export async function launchedBy(aws: AwsRegion, launchId: string, call: Call = {}): Promise<InstanceView[]> {
  return foundBy(aws, { [TAG.launchId]: launchId }, call);
}

export async function ofExperiment(
  aws: AwsRegion,
  experimentId: string,
  { withEnded = false, ...call }: Call & { withEnded?: boolean } = {},
): Promise<InstanceView[]> {
  const tags = { [TAG.experimentId]: experimentId, [TAG.managedBy]: MANAGED_BY };
  return foundBy(aws, tags, call, withEnded ? [...LIVING, ...ENDED] : LIVING);
}

export async function ofInstallation(
  aws: AwsRegion,
  installation: string,
  { withEnded = false, ...call }: Call & { withEnded?: boolean } = {},
): Promise<InstanceView[]> {
  const tags = { [TAG.installation]: installation, [TAG.managedBy]: MANAGED_BY };
  return foundBy(aws, tags, call, withEnded ? [...LIVING, ...ENDED] : LIVING);
}

async function foundBy(
  aws: AwsRegion,
  tags: Record<string, string>,
  call: Call,
  states = LIVING,
): Promise<InstanceView[]> {
  const byTag = Object.entries(tags).map(([key, value]) => ({ Name: `tag:${key}`, Values: [value] }));
  const Filters = [...byTag, { Name: 'instance-state-name', Values: states }];
  const reservations = await allPages(
    (NextToken) => aws.send(new DescribeInstancesCommand({ Filters, MaxResults: PER_PAGE, NextToken }), call),
    (page) => page.NextToken,
    (page) => page.Reservations,
  );
  // A filter value may hold wildcards, so the tags are compared once more.
  const carries = (view: InstanceView): boolean =>
    Object.entries(tags).every(([key, value]) => view.tags[key] === value);
  return views(reservations).filter((view) => carries(view) && states.includes(view.state));
}

export async function describeInstances(aws: AwsRegion, ids: string[], call: Call = {}): Promise<InstanceView[]> {
  const parts: InstanceView[][] = [];
  for (const part of inParts(ids, IDS_PER_CALL)) {
    const found = await amongKnown(part, (known) =>
      allPages(
        (NextToken) => aws.send(new DescribeInstancesCommand({ InstanceIds: known, NextToken }), call),
        (page) => page.NextToken,
        (page) => page.Reservations,
      ),
    );
    parts.push(views(found.flat()));
  }
  return parts.flat();
}

export async function terminateInstances(aws: AwsRegion, ids: string[], call: Call = {}): Promise<void> {
  for (const part of inParts(ids, IDS_PER_CALL)) {
    await amongKnown(part, (known) => aws.send(new TerminateInstancesCommand({ InstanceIds: known }), call));
  }
}

export async function tagResources(
  aws: AwsRegion,
  ids: string[],
  tags: Record<string, string>,
  call: Call = {},
): Promise<void> {
  for (const part of inParts(ids, IDS_PER_CALL)) {
    await aws.send(new CreateTagsCommand({ Resources: part, Tags: toTags(tags) }), call);
  }
}

/**
 * One unknown id fails a whole call, so those that AWS names are left out and the rest is asked again. When it names
 * none of ours, halves are asked until the unknown one is alone.
 */
async function amongKnown<T>(ids: string[], ask: (ids: string[]) => Promise<T>): Promise<T[]> {
  if (ids.length === 0) return [];
  try {
    return [await ask(ids)];
  } catch (error) {
    if (!hasCode(error, 'InvalidInstanceID.NotFound')) throw error;
    if (ids.length === 1) return [];
    const named = new Set(error.message.match(/\bi-[0-9a-f]+/g));
    const rest = ids.filter((id) => !named.has(id));
    if (rest.length < ids.length) return amongKnown(rest, ask);
    const half = Math.ceil(ids.length / 2);
    return [...(await amongKnown(ids.slice(0, half), ask)), ...(await amongKnown(ids.slice(half), ask))];
  }
}

function views(reservations: Reservation[]): InstanceView[] {
  return reservations.flatMap((reservation) => (reservation.Instances ?? []).flatMap((instance) => view(instance)));
}

function view(instance: Instance): InstanceView[] {
  const { InstanceId, InstanceType = '', Placement, State, StateReason, PrivateIpAddress } = instance;
  if (InstanceId === undefined || State?.Name === undefined) return [];
  return [
    {
      instanceId: InstanceId,
      instanceType: InstanceType,
      zone: Placement?.AvailabilityZone ?? '',
      market: instance.InstanceLifecycle === 'spot' ? 'spot' : 'on-demand',
      state: State.Name,
      ...present('stateReason', StateReason?.Code),
      ...present('privateIp', PrivateIpAddress),
      hasProfile: instance.IamInstanceProfile !== undefined,
      launchedAt: launchedAt(instance),
      tags: fromTags(instance.Tags),
    },
  ];
}

/** Emulators write an empty element where AWS leaves one out. */
function present<K extends string>(key: K, value: string | undefined): Partial<Record<K, string>> {
  return value === undefined || value === '' ? {} : ({ [key]: value } as Record<K, string>);
}

function launchedAt({ LaunchTime = new Date(0) }: Instance): string {
  return LaunchTime.toISOString();
}
