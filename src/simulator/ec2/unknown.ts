/** What does EC2 say about an id it does not know? One error per kind of resource. */
import { AwsError, notFound } from '../errors';

type Unknown = (ids: string[]) => AwsError;
const unknown =
  (code: string, noun: string): Unknown =>
  (ids) =>
    notFound(code, noun, ids);

export const unknownInstance = unknown('InvalidInstanceID.NotFound', 'instance');
export const unknownVolume = unknown('InvalidVolume.NotFound', 'volume');
export const unknownSnapshot = unknown('InvalidSnapshot.NotFound', 'snapshot');
export const unknownInterface = unknown('InvalidNetworkInterfaceID.NotFound', 'networkInterface');
export const unknownGroup = unknown('InvalidGroup.NotFound', 'security group');
export const unknownGroupRule = unknown('InvalidSecurityGroupRuleId.NotFound', 'security group rule');
export const unknownSubnet = unknown('InvalidSubnetID.NotFound', 'subnet');
export const unknownVpc = unknown('InvalidVpcID.NotFound', 'vpc');
export const unknownFleet = unknown('InvalidFleetId.NotFound', 'fleet');
export const unknownSpotRequest = unknown('InvalidSpotInstanceRequestID.NotFound', 'spot instance request');
export const unknownAllocation = unknown('InvalidAllocationID.NotFound', 'allocation');
export const unknownAssociation = unknown('InvalidAssociationID.NotFound', 'association');
export const unknownKeyPair = unknown('InvalidKeyPair.NotFound', 'key pair');
export const unknownPlacementGroup = unknown('InvalidPlacementGroup.Unknown', 'placement group');
export const unknownVpcEndpoint = unknown('InvalidVpcEndpointId.NotFound', 'Vpc Endpoint');
export const unknownRouteTable = unknown('InvalidRouteTableID.NotFound', 'routeTable');
export const unknownInternetGateway = unknown('InvalidInternetGatewayID.NotFound', 'internetGateway');
export const unknownTemplate = unknown('InvalidLaunchTemplateId.NotFound', 'launch template');

export const unknownNatGateway: Unknown = (ids) =>
  new AwsError('NatGatewayNotFound', `NAT gateway ${ids.join(', ')} was not found`);

export const unknownImage: Unknown = (ids) => {
  const [words, verb] = ids.length > 1 ? ['ids', 'do'] : ['id', 'does'];
  return new AwsError('InvalidAMIID.NotFound', `The image ${words} '[${ids.join(', ')}]' ${verb} not exist`);
};
