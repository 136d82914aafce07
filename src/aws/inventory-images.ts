/** How are images and the snapshots below them read and deleted? Only the account's own; the image goes first. */
import {
  DeleteSnapshotCommand,
  DeregisterImageCommand,
  DescribeImagesCommand,
  DescribeSnapshotsCommand,
  type Filter,
  type Image,
  type Snapshot,
} from '@aws-sdk/client-ec2';
import type { TaggedResource } from '../contracts/inventory';
import { storageBill } from './bills';
import type { AwsRegion } from './clients';
import { ownedFilters, PAGE, readByFilter, readPages, resource } from './inventory-kind';
import type { Kind, Reading } from './inventory-kind';
import { removeEach } from './inventory-remove';
import { inParts } from './paging';
import type { Call } from './ports';

/** Without an owner both calls list every public image and snapshot of the region. */
const OWN = ['self'];

async function readImages(aws: AwsRegion, filters: Filter[], call?: Call): Promise<Reading & { raw: Image[] }> {
  const pages = await readPages((token) =>
    aws.send(
      // A disabled image bills its snapshots all the same, and is listed only when asked for.
      new DescribeImagesCommand({
        Owners: OWN,
        Filters: filters,
        IncludeDisabled: true,
        MaxResults: PAGE,
        ...token,
      }),
      call,
    ),
  );
  const raw = pages.flatMap((page) => page.Images ?? []);
  return { resources: raw.map((image) => imageResource(aws, image)), pages: pages.length, raw };
}

function imageResource(aws: AwsRegion, image: Image): TaggedResource {
  const guard = image.DeregistrationProtection ?? 'disabled';
  return resource(aws, 'image', image.ImageId, image.Tags, {
    state: image.State === 'deregistered' ? 'gone' : 'live',
    seen: image.State ?? 'unknown',
    protectedBy: guard === 'disabled' ? undefined : `deregistration protection: ${guard}`,
  });
}

export const images: Kind = {
  type: 'image',
  api: 'DescribeImages',
  byTags: (aws, experimentId, call) => readImages(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('image-id', ids, (filters) => readImages(aws, filters, call)),
  remove: (aws, resources, call) =>
    removeEach(resources, async ({ id }) => {
      await aws.send(new DeregisterImageCommand({ ImageId: id }), call);
      return 'DeregisterImage accepted';
    }),
};

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

/** The images that are made of it, of whoever. */
async function snapshotHolders(aws: AwsRegion, found: TaggedResource[], call?: Call): Promise<void> {
  const byId = new Map(found.map((one) => [one.id, one]));
  for (const Values of inParts([...byId.keys()], 200)) {
    const read = await readImages(aws, [{ Name: 'block-device-mapping.snapshot-id', Values }], call);
    for (const image of read.raw) {
      for (const disk of image.BlockDeviceMappings ?? []) {
        byId.get(disk.Ebs?.SnapshotId ?? '')?.neededBy.push(image.ImageId ?? '');
      }
    }
  }
}

export const snapshots: Kind = {
  type: 'snapshot',
  api: 'DescribeSnapshots',
  made: true,
  byTags: (aws, experimentId, call) => readSnapshots(aws, ownedFilters(experimentId), call),
  byIds: (aws, ids, call) => readByFilter('snapshot-id', ids, (filters) => readSnapshots(aws, filters, call)),
  holders: snapshotHolders,
  remove: (aws, resources, call) =>
    removeEach(resources, async ({ id }) => {
      await aws.send(new DeleteSnapshotCommand({ SnapshotId: id }), call);
      return 'DeleteSnapshot accepted';
    }),
};
