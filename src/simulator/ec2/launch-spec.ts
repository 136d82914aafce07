/** What does a launch ask for, whatever pool it lands in? The members of RunInstances and of launch templates, checked. */
import { AwsError } from '../errors';
import { findImage, type SimImage } from '../world/images';
import type { BlockDevice, LaunchOrder } from '../world/launch';
import { matches } from '../wildcard';
import type { HandlerContext, RegionState, SimSubnet, Tags } from '../world/state';
import { devicesOf } from './block-devices';
import { find, isVisible } from './describe';
import { flag, missing, record, records, text, texts, type Input } from './input';
import { checkIds } from '../world/ids';
import { tagSpecs } from './tag-specs';
import { unknownGroup, unknownImage, unknownInterface } from './unknown';

/** The part of a LaunchOrder that does not depend on the pool. */
export type LaunchBase = Pick<
  LaunchOrder,
  'imageId' | 'tags' | 'shutdownBehavior' | 'terminationProtected' | 'stopProtected' | 'ebsOptimized'
> &
  Partial<Pick<LaunchOrder, 'profileArn' | 'keyName' | 'userData' | 'placementGroup' | 'interfaceId'>> & {
    image: SimImage;
    devices: BlockDevice[];
    groupIds: string[];
    publicIp?: boolean;
  };

const TAGGABLE = ['instance', 'volume', 'network-interface', 'spot-instances-request'] as const;

/** User data is at most 16 KB before base64 (EC2 user guide, "Instance user data"). */
const MAX_USER_DATA = 16 * 1024;

/** What CreateLaunchTemplate checks: the form of the data, not whether what it names exists. */
export function checkTemplateData(data: Input): void {
  if (Object.keys(data).length === 0) throw missing('LaunchTemplateData');
  tagSpecs(data, TAGGABLE);
  checkUserData(text(data, 'UserData'));
  const imageId = text(data, 'ImageId');
  if (imageId !== undefined && !imageId.startsWith('resolve:ssm:'))
    checkIds([imageId], 'ami', 'InvalidAMIID.Malformed');
}

/** Laid over each other: the request wins by member, its tags by key. */
export function mergeSpec(template: Input, request: Input): Input {
  const given = Object.fromEntries(Object.entries(request).filter(([, value]) => value !== undefined));
  return { ...template, ...given, TagSpecifications: mergeTags(template, request) };
}

function mergeTags(template: Input, request: Input): Input[] {
  const byType = new Map<string, Map<string, Input>>();
  for (const spec of [...records(template, 'TagSpecifications'), ...records(request, 'TagSpecifications')]) {
    const type = text(spec, 'ResourceType') ?? '';
    const tags = byType.get(type) ?? new Map<string, Input>();
    for (const tag of records(spec, 'Tags')) tags.set(text(tag, 'Key') ?? '', tag);
    byType.set(type, tags);
  }
  return [...byType].map(([ResourceType, tags]) => ({ ResourceType, Tags: [...tags.values()] }));
}

/** Reads and checks the merged data. */
export function baseOf(ctx: HandlerContext, state: RegionState, data: Input): LaunchBase {
  const imageId = text(data, 'ImageId');
  if (imageId === undefined) throw missing('ImageId');
  checkIds([imageId], 'ami', 'InvalidAMIID.Malformed');
  const image = findImage(ctx.world, ctx.region, imageId);
  if (!image) throw unknownImage([imageId]);
  checkUserData(text(data, 'UserData'));
  return {
    imageId,
    image,
    devices: devicesOf(data, image),
    tags: tagSpecs(data, TAGGABLE) satisfies Record<(typeof TAGGABLE)[number], Tags>,
    shutdownBehavior: text(data, 'InstanceInitiatedShutdownBehavior') === 'terminate' ? 'terminate' : 'stop',
    terminationProtected: flag(data, 'DisableApiTermination') ?? false,
    stopProtected: flag(data, 'DisableApiStop') ?? false,
    ebsOptimized: flag(data, 'EbsOptimized') ?? false,
    ...networkOf(ctx, state, data),
    ...optionalParts(ctx, state, data),
  };
}

function networkOf(
  ctx: HandlerContext,
  state: RegionState,
  data: Input,
): Pick<LaunchBase, 'groupIds' | 'publicIp' | 'interfaceId'> {
  const [primary] = records(data, 'NetworkInterfaces');
  const outer = texts(data, 'SecurityGroupIds');
  if (primary && (outer.length > 0 || text(data, 'SubnetId') !== undefined)) {
    throw new AwsError(
      'InvalidParameterCombination',
      'Network interfaces and an instance-level subnet ID or security groups may not be specified on the same request',
    );
  }
  const groupIds = primary ? texts(primary, 'Groups') : outer;
  for (const id of groupIds) find(ctx, state.securityGroups, id, unknownGroup);
  const interfaceId = primary && text(primary, 'NetworkInterfaceId');
  if (interfaceId !== undefined) checkFree(ctx, state, interfaceId);
  const publicIp = primary && flag(primary, 'AssociatePublicIpAddress');
  return {
    groupIds,
    ...(interfaceId === undefined ? {} : { interfaceId }),
    ...(publicIp === undefined ? {} : { publicIp }),
  };
}

function checkFree(ctx: HandlerContext, state: RegionState, interfaceId: string): void {
  const eni = find(ctx, state.networkInterfaces, interfaceId, unknownInterface);
  if (eni.attachment) throw new AwsError('InvalidNetworkInterface.InUse', `Interface: [${interfaceId}] in use.`);
}

function optionalParts(
  ctx: HandlerContext,
  state: RegionState,
  data: Input,
): Partial<Pick<LaunchBase, 'profileArn' | 'keyName' | 'userData' | 'placementGroup'>> {
  const [keyName, userData] = [text(data, 'KeyName'), text(data, 'UserData')];
  const known = [...state.keyPairs.values()].some((pair) => pair.name === keyName && isVisible(ctx, pair, Date.now()));
  if (keyName !== undefined && !known) {
    throw new AwsError('InvalidKeyPair.NotFound', `The key pair '${keyName}' does not exist`);
  }
  const profile = record(data, 'IamInstanceProfile');
  const placementGroup = text(record(data, 'Placement') ?? {}, 'GroupName');
  if (placementGroup && ![...state.placementGroups.values()].some(({ name }) => name === placementGroup)) {
    throw new AwsError('InvalidPlacementGroup.Unknown', `The Placement Group '${placementGroup}' is unknown.`);
  }
  return {
    ...(keyName === undefined ? {} : { keyName }),
    ...(userData === undefined ? {} : { userData }),
    ...(profile ? { profileArn: profileArn(ctx, profile) } : {}),
    ...(placementGroup ? { placementGroup } : {}),
  };
}

/** Profiles exist unless the scenario says that they are missing; there is no IAM here. */
function profileArn({ world, account }: HandlerContext, profile: Input): string {
  const arn = text(profile, 'Arn') ?? `arn:aws:iam::${account}:instance-profile/${text(profile, 'Name') ?? ''}`;
  const name = arn.split('/').at(-1) ?? '';
  if (name === '' || world.scenario.missingProfiles.some((pattern) => matches(pattern, name))) {
    const given = text(profile, 'Arn') === undefined ? `name ${name}` : `Arn ${arn}`;
    throw new AwsError(
      'InvalidParameterValue',
      `Value (${name}) for parameter iamInstanceProfile.name is invalid. Invalid IAM Instance Profile ${given}`,
    );
  }
  return arn;
}

function checkUserData(userData: string | undefined): void {
  if (userData === undefined) return;
  if (!/^[A-Za-z0-9+/\s]*={0,2}\s*$/.test(userData)) {
    throw new AwsError('InvalidUserData.Malformed', 'Invalid BASE64 encoding of user data.');
  }
  if (Buffer.from(userData, 'base64').length > MAX_USER_DATA) {
    throw new AwsError('InvalidParameterValue', `User data is limited to ${MAX_USER_DATA} bytes`);
  }
}

/** The groups of the interface, checked against the subnet's VPC; the VPC's default group when none is named. */
export function groupsFor(state: RegionState, base: LaunchBase, subnet: SimSubnet): string[] {
  if (base.groupIds.length === 0) {
    return [...state.securityGroups.values()]
      .filter(({ vpcId, name }) => vpcId === subnet.vpcId && name === 'default')
      .map(({ id }) => id);
  }
  const stranger = base.groupIds.find((id) => state.securityGroups.get(id)?.vpcId !== subnet.vpcId);
  if (stranger !== undefined) {
    throw new AwsError(
      'InvalidParameter',
      `Security group ${stranger} and subnet ${subnet.id} belong to different networks.`,
    );
  }
  return base.groupIds;
}
