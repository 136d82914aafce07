/** Which images match? DescribeImages over Ubuntu, Amazon Linux and the account's own. */
import { AwsError } from '../errors';
import { imagesOf, type SimImage } from '../world/images';
import { checkIds } from '../world/ids';
import { regionState } from '../world/world';
import type { Handler, Handlers } from '../world/state';
import { filterTest, filtersOf, type Fields } from './filters';
import { texts } from './input';
import { page } from './paging';
import { tagList } from './tag-specs';

const FIELDS: Fields<SimImage> = {
  'image-id': ({ id }) => id,
  name: ({ name }) => name,
  architecture: ({ arch }) => arch,
  'owner-id': ({ ownerId }) => ownerId,
  'owner-alias': ({ ownerAlias }) => ownerAlias,
  description: ({ description }) => description,
  'creation-date': ({ createdAt }) => createdAt,
  state: () => 'available',
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
  regionState(ctx);
  const ids = texts(input, 'ImageIds');
  checkIds(ids, 'ami', 'InvalidAMIID.Malformed');
  const all = imagesOf(ctx.world, ctx.region);
  const unknown = ids.filter((id) => !all.some((image) => image.id === id));
  if (unknown.length > 0) throw imageNotFound(unknown);
  const owners = texts(input, 'Owners');
  const passes = filterTest(filtersOf(input), FIELDS, ({ tags }) => tags);
  const found = all
    .filter((image) => ids.length === 0 || ids.includes(image.id))
    .filter((image) => image.public || image.ownerId === ctx.account)
    .filter((image) => owners.length === 0 || owners.some((owner) => owns(owner, image, ctx.account)))
    .filter(passes);
  const order = new Map(all.map((image, index) => [image, index + 1]));
  // Up to 1,000 a page: EC2 user guide, "Find an AMI".
  const limits = { min: 1, max: 1000, notWith: 'ImageIds' };
  const { items, ...more } = page(found, input, limits, (image) => order.get(image) ?? 0);
  return { Images: items.map(render), ...more };
};

export function imageNotFound(ids: readonly string[]): AwsError {
  const [words, verb] = ids.length > 1 ? ['ids', 'do'] : ['id', 'does'];
  return new AwsError('InvalidAMIID.NotFound', `The image ${words} '[${ids.join(', ')}]' ${verb} not exist`);
}

function owns(owner: string, image: SimImage, account: string): boolean {
  return owner === image.ownerId || owner === image.ownerAlias || (owner === 'self' && image.ownerId === account);
}

function render(image: SimImage): Record<string, unknown> {
  return {
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
    State: 'available',
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
  };
}

export const imageOperations: Handlers = { DescribeImages: describeImages };
