/** How are instances, their spot requests and their fleets read and ended? */
import {
  CancelSpotInstanceRequestsCommand,
  DeleteFleetsCommand,
  DescribeFleetsCommand,
  DescribeInstancesCommand,
  DescribeSpotInstanceRequestsCommand,
  TerminateInstancesCommand,
  type DeleteFleetError,
  type Filter,
  type FleetData,
  type Instance,
} from '@aws-sdk/client-ec2';
import type { Removal, TaggedResource } from '../contracts/inventory';
import { instanceBill } from './bills';
import type { AwsRegion } from './clients';
import { cancelCommands } from './inventory-commands';
import { byIdParameter, ownedFilters, PAGE, readByFilter, readPages, resource } from './inventory-kind';
import { inParts } from './paging';
import { fromTags } from './tags';
import type { Kind, Reading } from './inventory-kind';
import { refused, removeTogether } from './inventory-remove';
import type { Call } from './ports';

/** Tag that EC2 itself puts on instances of a fleet. */
const FLEET_TAG = 'aws:ec2:fleet-id';

async function readInstances(aws: AwsRegion, filters: Filter[], call?: Call): Promise<Reading> {
  const pages = await readPages((token) =>
    aws.send(new DescribeInstancesCommand({ Filters: filters, MaxResults: PAGE, ...token }), call),
  );
  const raw = pages.flatMap((page) => page.Reservations ?? []).flatMap((reservation) => reservation.Instances ?? []);
  const living = raw.filter((instance) => instanceState(instance) !== 'gone');
  return {
    resources: raw.map((instance) =>
      resource(aws, 'instance', instance.InstanceId, instance.Tags, {
        state: instanceState(instance),
        seen: instance.State?.Name ?? 'unknown',
        bills: instanceBill(aws.region, instance.InstanceType, instance.State?.Name),
      }),
    ),
    pages: pages.length,
    named: living.flatMap(namedBy),
  };
}

/** Ended instances are listed for about an hour; they are gone all the same. */
function instanceState(instance: Instance): TaggedResource['state'] {
  if (instance.State?.Name === 'terminated') return 'gone';
  return instance.State?.Name === 'shutting-down' ? 'ending' : 'live';
}

/** Its fleet and request, and the volumes and interfaces that end with it. */
function namedBy(instance: Instance): NonNullable<Reading['named']> {
  const fleet = fromTags(instance.Tags)[FLEET_TAG];
  const request = instance.SpotInstanceRequestId;
  const disks = (instance.BlockDeviceMappings ?? []).filter((disk) => disk.Ebs?.DeleteOnTermination === true);
  const cards = (instance.NetworkInterfaces ?? []).filter((card) => card.Attachment?.DeleteOnTermination === true);
  return [
    { type: 'fleet' as const, id: fleet ?? '' },
    { type: 'spot-instances-request' as const, id: request ?? '' },
    ...disks.map((disk) => ({ type: 'volume' as const, id: disk.Ebs?.VolumeId ?? '' })),
    ...cards.map((card) => ({ type: 'network-interface' as const, id: card.NetworkInterfaceId ?? '' })),
  ].filter((ref) => ref.id !== '');
}

export const instances: Kind = {
  type: 'instance',
  api: 'DescribeInstances',
  made: true,
  byTags: (aws, experimentId, call) => readInstances(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('instance-id', ids, (filters) => readInstances(aws, filters, call)),
  async remove(aws, resources, call) {
    const ids = resources.map((one) => one.id);
    const uncancelled = await cancelCommands(aws, ids, call);
    const said = uncancelled === undefined ? '' : `; ${uncancelled}`;
    return removeTogether(resources, async (some) => {
      await aws.send(new TerminateInstancesCommand({ InstanceIds: some }), call);
      return `TerminateInstances accepted${said}`;
    });
  },
};

async function readSpotRequests(aws: AwsRegion, filters: Filter[], call?: Call): Promise<Reading> {
  const pages = await readPages((token) =>
    aws.send(new DescribeSpotInstanceRequestsCommand({ Filters: filters, MaxResults: PAGE, ...token }), call),
  );
  const raw = pages.flatMap((page) => page.SpotInstanceRequests ?? []);
  return {
    resources: raw.map((request) => ({
      ...resource(aws, 'spot-instances-request', request.SpotInstanceRequestId, request.Tags, {
        state: /^(closed|cancelled|failed)$/.test(request.State ?? '') ? 'gone' : 'live',
        seen: request.State ?? 'unknown',
      }),
      ...(request.InstanceId === undefined ? {} : { diesWith: request.InstanceId }),
    })),
    pages: pages.length,
  };
}

export const spotRequests: Kind = {
  type: 'spot-instances-request',
  api: 'DescribeSpotInstanceRequests',
  made: true,
  byTags: (aws, experimentId, call) => readSpotRequests(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) =>
    readByFilter('spot-instance-request-id', ids, (filters) => readSpotRequests(aws, filters, call)),
  remove: (aws, resources, call) =>
    removeTogether(resources, async (ids) => {
      await aws.send(new CancelSpotInstanceRequestsCommand({ SpotInstanceRequestIds: ids }), call);
      return 'CancelSpotInstanceRequests accepted';
    }),
};

/** A fleet of type instant is listed only when its id is given, and no filter knows its tags. */
async function readFleets(aws: AwsRegion, ids: string[], call?: Call): Promise<Reading> {
  const pages = await readPages((token) => aws.send(new DescribeFleetsCommand({ FleetIds: ids, ...token }), call));
  const raw = pages.flatMap((page) => page.Fleets ?? []);
  return { resources: raw.map((fleet) => fleetResource(aws, fleet)), pages: pages.length };
}

function fleetResource(aws: AwsRegion, fleet: FleetData): TaggedResource {
  // The wire says deleted_terminating, the guide deleted-terminating.
  const state = (fleet.FleetState ?? 'unknown').replace(/_/g, '-');
  return resource(aws, 'fleet', fleet.FleetId, fleet.Tags, {
    state: /^(deleted|deleted-running|failed)$/.test(state)
      ? 'gone'
      : state === 'deleted-terminating'
        ? 'ending'
        : 'live',
    seen: state,
    neededBy: (fleet.Instances ?? []).flatMap((group) => group.InstanceIds ?? []),
  });
}

/**
 * Deleting an instant fleet ends whatever instances it still has, tagged or not, protected or not. So a fleet waits
 * until none of them lives. A fleet on its way out without a living instance launches nothing any more: it is gone.
 */
async function keepLiving(aws: AwsRegion, found: TaggedResource[], call?: Call): Promise<void> {
  const ids = [...new Set(found.flatMap((fleet) => fleet.neededBy))];
  const read = await readByFilter('instance-id', ids, (filters) => readInstances(aws, filters, call));
  const living = new Set(read.resources.filter((one) => one.state !== 'gone').map((one) => one.id));
  for (const fleet of found) {
    fleet.neededBy = fleet.neededBy.filter((id) => living.has(id));
    if (fleet.state === 'ending' && fleet.neededBy.length === 0) fleet.state = 'gone';
  }
}

/** Most instant fleets in one DeleteFleets; beyond it none is deleted. Source: DeleteFleets, Restrictions. */
const FLEETS_AT_ONCE = 25;

export const fleets: Kind = {
  type: 'fleet',
  api: 'DescribeFleets',
  async byIds(aws, ids, call) {
    const reading = await byIdParameter(ids, (some) => readFleets(aws, some, call));
    await keepLiving(aws, reading.resources, call);
    return reading;
  },
  async remove(aws, resources, call) {
    const answers: Removal[] = [];
    for (const slice of inParts(resources, FLEETS_AT_ONCE)) answers.push(...(await deleteFleets(aws, slice, call)));
    return answers;
  },
};

/** Refusals come per fleet inside a successful answer. */
async function deleteFleets(aws: AwsRegion, resources: TaggedResource[], call?: Call): Promise<Removal[]> {
  const FleetIds = resources.map((fleet) => fleet.id);
  // An instant fleet accepts no other value; nothing of it lives any more (see keepLiving).
  const command = new DeleteFleetsCommand({ FleetIds, TerminateInstances: true });
  try {
    const reply = await aws.send(command, call);
    const refusals = new Map((reply.UnsuccessfulFleetDeletions ?? []).map((item) => [item.FleetId, item.Error]));
    return FleetIds.map((id) => fleetAnswer(id, refusals.get(id)));
  } catch (error) {
    return FleetIds.map((id) => refused(id, error));
  }
}

function fleetAnswer(id: string, error: DeleteFleetError | undefined): Removal {
  if (error === undefined) return { id, outcome: 'asked', detail: 'DeleteFleets accepted' };
  const detail = `${error.Code ?? ''}: ${error.Message ?? ''}`;
  if (error.Code === 'fleetIdDoesNotExist') return { id, outcome: 'gone', detail };
  const passes = error.Code === 'unexpectedError' || error.Code === 'fleetNotInDeletableState';
  return { id, outcome: passes ? 'in-use' : 'failed', detail };
}
