/** Where does a machine go when no subnet is named? Into the default subnets, of one zone or of all. */
import { AwsError } from '../errors';
import type { HandlerContext, RegionState, SimSubnet } from './state';

/** The default subnets of the region, of `zone` alone when given. Refuses a zone that does not exist or has none. */
export function regionSubnets(
  { world, region }: HandlerContext,
  state: RegionState,
  zone: string | undefined,
): SimSubnet[] {
  const zones = world.scenario.regions[region]?.zones ?? [];
  if (zone !== undefined && !zones.includes(zone)) {
    throw new AwsError('InvalidParameterValue', `Invalid availability zone: [${zone}]`);
  }
  const subnets = [...state.subnets.values()].filter(
    (subnet) => subnet.defaultForAz && (zone === undefined || subnet.zone === zone),
  );
  if (subnets.length === 0) {
    throw new AwsError(
      'MissingInput',
      `No default subnet${zone === undefined ? '' : ` for availability zone: ${zone}`}`,
    );
  }
  return subnets;
}
