/** How is the block of an own network cut for its zones, and what does a region offer once it is there? */
import type { PoolOffer, RegionSurvey } from '../contracts/capacity';
import { ZONE_BITS, type OwnNetwork } from '../contracts/network';
import type { ExperimentSpec } from '../schemas/experiment';

/**
 * Addresses of a subnet that nodes cannot have.
 * Source: https://docs.aws.amazon.com/vpc/latest/userguide/subnet-sizing.html
 */
const RESERVED = 5;

/**
 * A block of the network for each zone, in their order, none that is taken. The same zones after the same ones get
 * the same blocks, so what was made and does not show yet is in the way of a second one. More zones than there are
 * blocks go without.
 */
export function zoneBlocks(cidr: string, zones: readonly string[], taken: readonly string[]): Record<string, string> {
  const free = partsOf(cidr).filter((part) => !taken.includes(part));
  return Object.fromEntries(zones.slice(0, free.length).map((zone, index) => [zone, free[index] ?? '']));
}

function partsOf(cidr: string): string[] {
  const [address = '', prefix = ''] = cidr.split('/');
  const bits = Number(prefix) + ZONE_BITS;
  const start = address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  return Array.from({ length: 2 ** ZONE_BITS }, (_, index) => {
    const base = start + index * 2 ** (32 - bits);
    const bytes = [24, 16, 8, 0].map((shift) => Math.floor(base / 2 ** shift) % 256);
    return `${bytes.join('.')}/${String(bits)}`;
  });
}

/** How many nodes a zone of a new network holds. */
export function roomPerZone(cidr: string): number {
  return 2 ** (32 - Number(cidr.split('/')[1]) - ZONE_BITS) - RESERVED;
}

/** Zones in which one of the components could run, in order: each of them gets a subnet. */
export function zonesOf(spec: ExperimentSpec, { region, offers }: RegionSurvey): string[] {
  const isWanted = ({ zone, instanceType }: PoolOffer): boolean =>
    Object.values(spec.components).some((part) => {
      const zones = (part.zones ?? []).filter((one) => one.slice(0, -1) === region);
      const isOfType = [...part.instanceTypes, ...part.widerTypes].includes(instanceType);
      return isOfType && (zones.length === 0 || zones.includes(zone));
    });
  return [...new Set(offers.filter(isWanted).map(({ zone }) => zone))].sort();
}

/** Whose nodes may connect to the nodes of a component, itself left out: its own always may. */
export function acceptedBy({ components }: ExperimentSpec, name: string): string[] {
  const accepted = components[name]?.accepts ?? Object.keys(components);
  return [...new Set(accepted)].filter((other) => other !== name);
}

/** The survey with the network's subnets in it; zones without one offer nothing. */
export function withNetwork(survey: RegionSurvey, { vpcId, subnets }: OwnNetwork): RegionSurvey {
  const offers = survey.offers.flatMap((offer) => {
    const subnetId = subnets[offer.zone];
    return subnetId === undefined ? [] : [{ ...offer, subnetId }];
  });
  return { ...survey, vpcId, offers };
}

/** The survey as it will be once a new network is there; in place of each subnet's id stands its block. */
export function withNewNetwork(spec: ExperimentSpec, survey: RegionSurvey, cidr: string): RegionSurvey {
  return withNetwork(survey, { vpcId: '', cidr, subnets: zoneBlocks(cidr, zonesOf(spec, survey), []) });
}
