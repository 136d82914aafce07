/** Which kinds of resource can cleanup read and delete? One row each. */
import type { ResourceType } from '../contracts/inventory';
import { securityGroups } from './inventory-groups';
import { fleets, instances, spotRequests } from './inventory-instances';
import type { Kind } from './inventory-kind';
import { keyPairs, launchTemplates, placementGroups } from './inventory-named';
import { subnets, vpcs } from './inventory-network';
import { snapshots } from './inventory-snapshots';
import { addresses, interfaces, volumes } from './inventory-storage';

export const KINDS: Record<ResourceType, Kind> = {
  instance: instances,
  'spot-instances-request': spotRequests,
  fleet: fleets,
  volume: volumes,
  snapshot: snapshots,
  'network-interface': interfaces,
  'elastic-ip': addresses,
  'key-pair': keyPairs,
  'placement-group': placementGroups,
  'security-group': securityGroups,
  'launch-template': launchTemplates,
  subnet: subnets,
  vpc: vpcs,
};

/** Types by the prefix of their ids: what an edge leads to, and what an index names in other words. */
const TYPE_OF_PREFIX: Record<string, ResourceType> = {
  i: 'instance',
  sir: 'spot-instances-request',
  fleet: 'fleet',
  vol: 'volume',
  snap: 'snapshot',
  eni: 'network-interface',
  sg: 'security-group',
  subnet: 'subnet',
  vpc: 'vpc',
  lt: 'launch-template',
  key: 'key-pair',
  pg: 'placement-group',
  eipalloc: 'elastic-ip',
};

/** The row of a type; undefined for types that Holdfast does not make. */
export function kindOf(type: string): Kind | undefined {
  return (KINDS as Record<string, Kind | undefined>)[type];
}

/** The type an id belongs to: `eni-1` is a network interface. */
export function typeOfId(id: string): ResourceType | undefined {
  return TYPE_OF_PREFIX[id.slice(0, Math.max(0, id.indexOf('-')))];
}
