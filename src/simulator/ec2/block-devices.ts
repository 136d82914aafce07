/** Which disks does a machine get? Those of its image, changed and added to by the block device mappings of the request. */
import { AwsError } from '../errors';
import type { SimImage } from '../world/images';
import type { BlockDevice } from '../world/launch';
import { flag, invalid, number, record, records, text, type Input } from './input';

/** Smallest and largest size in GiB per volume type (EBS user guide, "Amazon EBS volume types"). */
const SIZES: Record<string, readonly [min: number, max: number]> = {
  gp2: [1, 16_384],
  gp3: [1, 65_536],
  io1: [4, 16_384],
  io2: [4, 65_536],
  st1: [125, 16_384],
  sc1: [125, 16_384],
  standard: [1, 1_024],
};

/** gp3: 3,000 to 80,000 IOPS and 125 to 2,000 MiB/s, the low ends when left out (same page). */
const GP3_IOPS = [3_000, 80_000] as const;
const GP3_THROUGHPUT = [125, 2_000] as const;

export interface VolumeFacts {
  size: number;
  volumeType: string;
  iops?: number;
  throughput?: number;
}

/** Size, type and speed of a volume, checked; `fallbackSize` is that of the snapshot. */
export function volumeFacts(
  input: Input,
  sizeMember: string,
  fallbackSize?: number,
  fallbackType = 'gp2',
): VolumeFacts {
  const volumeType = text(input, 'VolumeType') ?? fallbackType;
  const limits = SIZES[volumeType];
  if (!limits) throw new AwsError('UnknownVolumeType', `Unsupported volume type '${volumeType}' for volume creation.`);
  const size = number(input, sizeMember) ?? fallbackSize;
  if (size === undefined)
    throw new AwsError('MissingParameter', 'The request must contain the parameter size/snapshot');
  if (size < limits[0] || size > limits[1]) {
    throw invalid(
      'volumeSize',
      size,
      `Volume of ${size}GiB is outside ${limits[0]} to ${limits[1]} GiB for volume type ${volumeType}.`,
    );
  }
  return { size, volumeType, ...speedOf(input, volumeType) };
}

function speedOf(input: Input, volumeType: string): { iops?: number; throughput?: number } {
  const [iops, throughput] = [number(input, 'Iops'), number(input, 'Throughput')];
  if (volumeType !== 'gp3') {
    if (throughput !== undefined) {
      throw new AwsError(
        'InvalidParameterCombination',
        `The parameter throughput is not supported for ${volumeType} volumes.`,
      );
    }
    return iops === undefined ? {} : { iops };
  }
  const speed = { iops: iops ?? GP3_IOPS[0], throughput: throughput ?? GP3_THROUGHPUT[0] };
  if (speed.iops < GP3_IOPS[0] || speed.iops > GP3_IOPS[1])
    throw invalid('iops', speed.iops, `gp3 allows ${GP3_IOPS.join(' to ')}.`);
  if (speed.throughput < GP3_THROUGHPUT[0] || speed.throughput > GP3_THROUGHPUT[1]) {
    throw invalid('throughput', speed.throughput, `gp3 allows ${GP3_THROUGHPUT.join(' to ')}.`);
  }
  return speed;
}

/** The image's root device, then what the request maps over it by device name. */
export function devicesOf(data: Input, image: SimImage): BlockDevice[] {
  const root: BlockDevice = {
    deviceName: image.rootDevice,
    size: image.rootSize,
    volumeType: 'gp3',
    iops: GP3_IOPS[0],
    throughput: GP3_THROUGHPUT[0],
    encrypted: false,
    snapshotId: image.snapshotId,
    deleteOnTermination: true,
  };
  const devices = new Map([[root.deviceName, root]]);
  for (const mapping of records(data, 'BlockDeviceMappings')) {
    const deviceName = text(mapping, 'DeviceName');
    if (deviceName === undefined)
      throw new AwsError('InvalidBlockDeviceMapping', 'The block device mapping must have a device name');
    if (text(mapping, 'NoDevice') !== undefined) devices.delete(deviceName);
    else devices.set(deviceName, deviceOf(deviceName, mapping, devices.get(deviceName)));
  }
  return [...devices.values()];
}

/** A device that the image lacks. A launch deletes those with the machine too unless told ("Delete on termination"). */
const BLANK = { encrypted: false, snapshotId: '', deleteOnTermination: true };

function deviceOf(deviceName: string, mapping: Input, base: BlockDevice | undefined): BlockDevice {
  const ebs = record(mapping, 'Ebs');
  if (!ebs)
    throw new AwsError('InvalidBlockDeviceMapping', `Device ${deviceName}: the simulator maps EBS volumes only`);
  const facts = volumeFacts(ebs, 'VolumeSize', base?.size, base?.volumeType);
  if (base && facts.size < base.size) {
    throw new AwsError(
      'InvalidBlockDeviceMapping',
      `Volume of size ${facts.size}GB is smaller than snapshot '${base.snapshotId}', expect size>= ${base.size}GB`,
    );
  }
  const from = base ?? BLANK;
  return {
    deviceName,
    ...facts,
    encrypted: flag(ebs, 'Encrypted') ?? from.encrypted,
    snapshotId: text(ebs, 'SnapshotId') ?? from.snapshotId,
    deleteOnTermination: flag(ebs, 'DeleteOnTermination') ?? from.deleteOnTermination,
  };
}
