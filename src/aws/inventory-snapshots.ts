/** How are the snapshots of an experiment's volumes read and deleted? Only the account's own are asked for. */
import { DeleteSnapshotCommand, DescribeSnapshotsCommand, type Filter, type Snapshot } from '@aws-sdk/client-ec2';
import type { TaggedResource } from '../contracts/inventory';
import { storageBill } from './bills';
import type { AwsRegion } from './clients';
import { ownedFilters, PAGE, readByFilter, readPages, resource } from './inventory-kind';
import type { Kind, Reading } from './inventory-kind';
import { removeEach } from './inventory-remove';
import type { Call } from './ports';

/** Without an owner DescribeSnapshots lists every public snapshot of the region. */
const OWN = ['self'];

async function readSnapshots(aws: AwsRegion, filters: Filter[], call?: Call): Promise<Reading> {
  const pages = await readPages((token) =>
    aws.send(new DescribeSnapshotsCommand({ OwnerIds: OWN, Filters: filters, MaxResults: PAGE, ...token }), call),
  );
  const raw = pages.flatMap((page) => page.Snapshots ?? []);
  return { resources: raw.map((snapshot) => snapshotResource(aws, snapshot)), pages: pages.length };
}

function snapshotResource(aws: AwsRegion, { SnapshotId, Tags, State, VolumeSize }: Snapshot): TaggedResource {
  const bills = storageBill(aws.region, 'snapshot', VolumeSize);
  return resource(aws, 'snapshot', SnapshotId, Tags, { state: 'live', seen: State ?? 'exists', bills });
}

export const snapshots: Kind = {
  type: 'snapshot',
  api: 'DescribeSnapshots',
  byTags: (aws, experimentId, call) => readSnapshots(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('snapshot-id', ids, (filters) => readSnapshots(aws, filters, call)),
  remove: (aws, resources, call) =>
    removeEach(resources, async ({ id }) => {
      await aws.send(new DeleteSnapshotCommand({ SnapshotId: id }), call);
      return 'DeleteSnapshot accepted';
    }),
};
