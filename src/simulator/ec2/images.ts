/** Which images match? DescribeImages over Ubuntu, Amazon Linux and the account's own. */
import { imagesOf, type SimImage } from '../world/images';
import { checkIds } from '../world/ids';
import { regionState } from '../world/world';
import type { Handler, HandlerContext, Handlers, RegionState, SimOwnImage } from '../world/state';
import { isVisible } from './describe';
import { filterTest, filtersOf, type Fields } from './filters';
import { defined, texts } from './input';
import { page } from './paging';
import { tagList } from './tag-specs';
import { unknownImage } from './unknown';

/** An image with what only those have that callers made. */
type Listed = SimImage & { own?: SimOwnImage };

function stateOf({ own }: Listed): 'pending' | 'available' {
  return own && Date.now() < own.availableAt ? 'pending' : 'available';
}

const FIELDS: Fields<Listed> = {
  'image-id': ({ id }) => id,
  name: ({ name }) => name,
  architecture: ({ arch }) => arch,
  'owner-id': ({ ownerId }) => ownerId,
  'owner-alias': ({ ownerAlias }) => ownerAlias,
  description: ({ description }) => description,
  'creation-date': ({ createdAt }) => createdAt,
  state: stateOf,
  'is-public': (image) => image.public,
  'image-type': () => 'machine',
  'virtualization-type': () => 'hvm',
  'root-device-type': () => 'ebs',
  'root-device-name': ({ rootDevice }) => rootDevice,
  'block-device-mapping.device-name': ({ rootDevice }) => [rootDevice],
  'block-device-mapping.snapshot-id': ({ snapshotId }) => [snapshotId],
  'block-device-mapping.volume-size': ({ rootSize }) => [String(rootSize)],
  'block-device-mapping.volume-type': () => ['gp3'],
  'block-device-mapping.delete-on-termination': () => ['true'],
  'block-device-mapping.encrypted': () => ['false'],
  'ena-support': () => true,
  hypervisor: () => 'xen',
};

const describeImages: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const ids = texts(input, 'ImageIds');
  checkIds(ids, 'ami', 'InvalidAMIID.Malformed');
  const { all, position } = listed(ctx, state);
  const unknown = ids.filter((id) => !all.some((image) => image.id === id));
  if (unknown.length > 0) throw unknownImage(unknown);
  const owners = texts(input, 'Owners');
  const passes = filterTest(filtersOf(input), FIELDS, ({ tags }) => tags);
  const found = all
    .filter((image) => ids.length === 0 || ids.includes(image.id))
    .filter((image) => image.public || image.ownerId === ctx.account)
    .filter((image) => owners.length === 0 || owners.some((owner) => owns(owner, image, ctx.account)))
    .filter(passes);
  // Up to 1,000 a page: EC2 user guide, "Find an AMI".
  const limits = { min: 1, max: 1000, notWith: 'ImageIds' };
  const { items, ...more } = page(ctx.world, found, input, limits, position);
  return { Images: items.map(render), ...more };
};

/** Those that were there from the start come before those that callers made. */
function listed(ctx: HandlerContext, state: RegionState): { all: Listed[]; position: (image: Listed) => number } {
  const given: Listed[] = imagesOf(ctx.world, ctx.region);
  const now = Date.now();
  const own = [...state.ownImages.values()].filter((image) => isVisible(ctx, image, now));
  const order = new Map(given.map((image, index) => [image, index + 1]));
  return {
    all: [...given, ...own.map((one) => ({ ...one.image, own: one }))],
    position: (image) => order.get(image) ?? given.length + (image.own?.seq ?? 0),
  };
}

function owns(owner: string, image: SimImage, account: string): boolean {
  return owner === image.ownerId || owner === image.ownerAlias || (owner === 'self' && image.ownerId === account);
}

function render(image: Listed): Record<string, unknown> {
  return defined({
    ImageId: image.id,
    Name: image.name,
    Description: image.description,
    Architecture: image.arch,
    CreationDate: image.createdAt,
    OwnerId: image.ownerId,
    ImageOwnerAlias: image.ownerAlias,
    ImageLocation: `${image.ownerAlias ?? image.ownerId}/${image.name}`,
    ImageType: 'machine',
    Public: image.public,
    State: stateOf(image),
    DeregistrationProtection: image.own?.protection,
    SourceInstanceId: image.own?.sourceInstanceId,
    PlatformDetails: 'Linux/UNIX',
    UsageOperation: 'RunInstances',
    RootDeviceName: image.rootDevice,
    RootDeviceType: 'ebs',
    VirtualizationType: 'hvm',
    Hypervisor: 'xen',
    EnaSupport: true,
    SriovNetSupport: 'simple',
    BootMode: 'uefi-preferred',
    BlockDeviceMappings: [
      {
        DeviceName: image.rootDevice,
        Ebs: {
          SnapshotId: image.snapshotId,
          VolumeSize: image.rootSize,
          VolumeType: 'gp3',
          DeleteOnTermination: true,
          Encrypted: false,
        },
      },
    ],
    Tags: tagList(image.tags),
  });
}

export const imageOperations: Handlers = { DescribeImages: describeImages };
