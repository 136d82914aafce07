/** Which network interfaces are there? Those of machines, which linger after them, and those made on their own. */
import { AwsError } from '../errors';
import { stateAt } from '../world/instance';
import { newId } from '../world/ids';
import { giveBackAddress, takeAddress } from '../world/network';
import { addResource, endResource, newResource } from '../world/resources';
import { once } from '../tokens';
import { regionState } from '../world/world';
import type { Handler, Handlers, RegionState, SimNetworkInterface } from '../world/state';
import { find, select } from './describe';
import type { Fields } from './filters';
import { defined, need, text, texts } from './input';
import { zoneId } from './places';
import { tagList, tagSpecs } from './tag-specs';
import { unknownGroup, unknownInterface, unknownSubnet } from './unknown';

const createNetworkInterface: Handler = (input, ctx) =>
  once(ctx.world.tokens, `${ctx.account}/${ctx.region}/CreateNetworkInterface`, input, () => {
    const state = regionState(ctx);
    const subnet = find(ctx, state.subnets, need(input, 'SubnetId'), unknownSubnet);
    const { 'network-interface': tags } = tagSpecs(input, ['network-interface']);
    const groups = texts(input, 'Groups').map((id) => find(ctx, state.securityGroups, id, unknownGroup));
    const stranger = groups.find(({ vpcId }) => vpcId !== subnet.vpcId);
    if (stranger) {
      throw new AwsError(
        'InvalidParameter',
        `Security group ${stranger.id} and subnet ${subnet.id} belong to different networks.`,
      );
    }
    const own = [...state.securityGroups.values()].filter(
      ({ vpcId, name }) => vpcId === subnet.vpcId && name === 'default',
    );
    const address = takeAddress(subnet);
    const eni = addResource<SimNetworkInterface>(state, {
      ...newResource(ctx, 'network-interface', newId(ctx.world, 'eni'), tags),
      zone: subnet.zone,
      subnetId: subnet.id,
      vpcId: subnet.vpcId,
      privateIp: address,
      subnetAddress: address,
      description: text(input, 'Description') ?? '',
      securityGroupIds: (groups.length > 0 ? groups : own).map(({ id }) => id),
    });
    const token = text(input, 'ClientToken');
    return { NetworkInterface: render(state, eni), ...(token === undefined ? {} : { ClientToken: token }) };
  });

const FIELDS: Fields<SimNetworkInterface> = {
  'network-interface-id': ({ id }) => id,
  'subnet-id': ({ subnetId }) => subnetId,
  'vpc-id': ({ vpcId }) => vpcId,
  'availability-zone': ({ zone }) => zone,
  'availability-zone-id': ({ zone }) => zoneId(zone),
  'group-id': ({ securityGroupIds }) => securityGroupIds,
  status: statusOf,
  description: ({ description }) => description,
  'private-ip-address': ({ privateIp }) => privateIp,
  'addresses.private-ip-address': ({ privateIp }) => [privateIp],
  'owner-id': ({ account }) => account,
  'interface-type': ({ owner }) => owner?.kind ?? 'interface',
  'requester-managed': ({ owner }) => owner !== undefined,
  'attachment.instance-id': ({ attachment }) => attachment?.instanceId,
  'attachment.attachment-id': ({ attachment }) => attachment?.attachmentId,
  'attachment.device-index': ({ attachment }) => attachment?.deviceIndex,
  'attachment.delete-on-termination': ({ attachment }) => attachment?.deleteOnTermination,
};

const describeNetworkInterfaces: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const { items, ...more } = select(ctx, state, input, {
    shelf: state.networkInterfaces,
    fields: FIELDS,
    ids: {
      member: 'NetworkInterfaceIds',
      prefix: 'eni',
      malformed: 'InvalidNetworkInterfaceId.Malformed',
      unknown: unknownInterface,
    },
    // 5 to 1,000 a page, not together with ids: EC2 API reference, DescribeNetworkInterfaces.
    limits: { min: 5, max: 1000, notWith: 'NetworkInterfaceIds' },
  });
  return { NetworkInterfaces: items.map((eni) => render(state, eni)), ...more };
};

function statusOf({ attachment, owner }: SimNetworkInterface): 'in-use' | 'available' {
  return attachment || owner ? 'in-use' : 'available';
}

/** How AWS shows that it holds the interface itself: no caller can detach it. */
function managedAttachment({ id }: SimNetworkInterface): Record<string, unknown> {
  return {
    AttachmentId: id.replace('eni-', 'ela-attach-'),
    InstanceOwnerId: 'amazon-aws',
    DeviceIndex: 1,
    DeleteOnTermination: false,
    Status: 'attached',
  };
}

/** The public address mapped to it: an elastic one, or on a machine's first interface the machine's own while it is up. */
function associationOf(state: RegionState, eni: SimNetworkInterface): Record<string, unknown> | undefined {
  const elastic = [...state.addresses.values()].find(({ association }) => association?.networkInterfaceId === eni.id);
  if (elastic) {
    const AssociationId = elastic.association?.associationId;
    return { PublicIp: elastic.publicIp, IpOwnerId: elastic.account, AllocationId: elastic.id, AssociationId };
  }
  const machine = eni.attachment?.deviceIndex === 0 ? state.instances.get(eni.attachment.instanceId) : undefined;
  if (machine?.publicIp === undefined || ['stopped', 'terminated'].includes(stateAt(machine, Date.now()))) return;
  return { PublicIp: machine.publicIp, IpOwnerId: 'amazon' };
}

function render(state: RegionState, eni: SimNetworkInterface): Record<string, unknown> {
  const { attachment } = eni;
  return defined({
    NetworkInterfaceId: eni.id,
    SubnetId: eni.subnetId,
    VpcId: eni.vpcId,
    AvailabilityZone: eni.zone,
    AvailabilityZoneId: zoneId(eni.zone),
    Status: statusOf(eni),
    Description: eni.description,
    InterfaceType: eni.owner?.kind ?? 'interface',
    OwnerId: eni.account,
    PrivateIpAddress: eni.privateIp,
    PrivateIpAddresses: [{ Primary: true, PrivateIpAddress: eni.privateIp }],
    RequesterManaged: eni.owner !== undefined,
    SourceDestCheck: true,
    Groups: eni.securityGroupIds.map((GroupId) => ({
      GroupId,
      GroupName: state.securityGroups.get(GroupId)?.name ?? '',
    })),
    Association: associationOf(state, eni),
    Attachment: eni.owner
      ? managedAttachment(eni)
      : attachment && {
          AttachmentId: attachment.attachmentId,
          InstanceId: attachment.instanceId,
          InstanceOwnerId: eni.account,
          DeviceIndex: attachment.deviceIndex,
          AttachTime: new Date(attachment.attachedAt),
          DeleteOnTermination: attachment.deleteOnTermination,
          Status: 'attached',
        },
    TagSet: tagList(eni.tags),
  });
}

const deleteNetworkInterface: Handler = (input, ctx) => {
  const state = regionState(ctx);
  const eni = find(ctx, state.networkInterfaces, need(input, 'NetworkInterfaceId'), unknownInterface);
  // The code is as general as that (gruntwork-io/cloud-nuke#1132).
  if (statusOf(eni) === 'in-use') {
    throw new AwsError('InvalidParameterValue', `Network interface '${eni.id}' is currently in use.`);
  }
  giveBackAddress(state.subnets.get(eni.subnetId), eni.subnetAddress);
  endResource(state, eni);
  return {};
};

export const networkInterfaceOperations: Handlers = {
  CreateNetworkInterface: createNetworkInterface,
  DescribeNetworkInterfaces: describeNetworkInterfaces,
  DeleteNetworkInterface: deleteNetworkInterface,
};
