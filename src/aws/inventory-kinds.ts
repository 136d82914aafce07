/** Which kinds of resource can cleanup read and delete? One row each. */
import type { ResourceType } from '../contracts/inventory';
import { endpoints } from './inventory-endpoints';
import { internetGateways, natGateways } from './inventory-gateways';
import { securityGroups } from './inventory-groups';
import { images, snapshots } from './inventory-images';
import { fleets, instances, spotRequests } from './inventory-instances';
import type { Kind } from './inventory-kind';
import { keyPairs, launchTemplates, placementGroups } from './inventory-named';
import { subnets } from './inventory-network';
import { ssmParameters } from './inventory-parameters';
import { routeTables } from './inventory-routes';
import { addresses, interfaces, volumes } from './inventory-storage';
import { vpcs } from './inventory-vpcs';

export const KINDS: Record<ResourceType, Kind> = {
  instance: instances,
  'spot-instances-request': spotRequests,
  fleet: fleets,
  volume: volumes,
  snapshot: snapshots,
  image: images,
  'network-interface': interfaces,
  'elastic-ip': addresses,
  'key-pair': keyPairs,
  'placement-group': placementGroups,
  'security-group': securityGroups,
  'launch-template': launchTemplates,
  natgateway: natGateways,
  'vpc-endpoint': endpoints,
  'internet-gateway': internetGateways,
  'route-table': routeTables,
  subnet: subnets,
  vpc: vpcs,
  'ssm:parameter': ssmParameters,
};

/** Types by the prefix of their ids: what an edge leads to, and what an index names in other words. */
const TYPE_OF_PREFIX: Record<string, ResourceType> = {
  i: 'instance',
  sir: 'spot-instances-request',
  fleet: 'fleet',
  vol: 'volume',
  snap: 'snapshot',
  ami: 'image',
  eni: 'network-interface',
  sg: 'security-group',
  nat: 'natgateway',
  vpce: 'vpc-endpoint',
  igw: 'internet-gateway',
  rtb: 'route-table',
  subnet: 'subnet',
  vpc: 'vpc',
  lt: 'launch-template',
  key: 'key-pair',
  pg: 'placement-group',
  eipalloc: 'elastic-ip',
};

/** The row of a type; undefined for types that Holdfast cannot delete. */
export function kindOf(type: string): Kind | undefined {
  return (KINDS as Record<string, Kind | undefined>)[type];
}

/** The type an id belongs to: `eni-1` is a network interface. */
export function typeOfId(id: string): ResourceType | undefined {
  return TYPE_OF_PREFIX[id.slice(0, Math.max(0, id.indexOf('-')))];
}
