/** What does a region offer to a spec? Pools with prices, images, and what stands against it; resolved from scratch. */
import type { ComputePort, ImageSource, Subnet } from '../aws/ports';
import type { Architecture, PoolOffer, RegionSurvey } from '../contracts/capacity';
import type { ExperimentSpec } from '../schemas/experiment';
import { surveyNetwork } from './survey-network';
import type { Target } from './target';

export interface SurveyInput {
  target: Target;
  region: string;
  spec: ExperimentSpec;
}

export async function surveyRegion(
  compute: ComputePort,
  region: string,
  spec: ExperimentSpec,
  signal: AbortSignal,
): Promise<RegionSurvey> {
  const wanted = wantedTypes(spec);
  const offerings = compute.offerings(wanted, { signal });
  const [types, offered, ground, prices] = await Promise.all([
    compute.instanceTypes(wanted, { signal }),
    offerings,
    surveyNetwork(compute, { region, spec, offerings, signal }),
    compute.spotPrices(wanted, { signal }),
  ]);
  const { subnets } = ground;
  const byZone = roomiestByZone(subnets);
  const facts = new Map(types.map((entry) => [entry.instanceType, entry]));
  const spotPrices = new Map(prices.map((entry) => [`${entry.zone}/${entry.instanceType}`, entry]));
  const offers = offered.flatMap(({ instanceType, zone }): PoolOffer[] => {
    const type = facts.get(instanceType);
    const subnet = byZone.get(zone);
    if (type === undefined || subnet === undefined) return [];
    const spot = spotPrices.get(`${zone}/${instanceType}`);
    const onDemand = compute.onDemandPrice(instanceType);
    return [
      {
        zone,
        subnetId: subnet.subnetId,
        instanceType,
        architecture: type.architecture,
        vcpus: type.vcpus,
        quotaFamily: type.quotaFamily,
        ...(spot === undefined ? {} : { spotUsd: spot.usd, spotDayUsd: spot.dayUsd }),
        ...(onDemand === undefined ? {} : { onDemandUsd: onDemand }),
      },
    ];
  });
  const images = await resolveImages(compute, spec, offers, signal);
  const problems = [
    ...ground.problems,
    ...addressProblems(spec, subnets, region),
    ...offerProblems(spec, offers, region),
    ...imageProblems(spec, images, region),
  ];
  return { region, vpcId: subnets[0]?.vpcId ?? '', offers, images, problems };
}

function wantedTypes(spec: ExperimentSpec): string[] {
  return [...new Set(Object.values(spec.components).flatMap((part) => [...part.instanceTypes, ...part.widerTypes]))];
}

/** EC2 Fleet takes one subnet per zone: the one with the most free addresses. */
function roomiestByZone(subnets: Subnet[]): Map<string, Subnet> {
  const sorted = [...subnets].sort((a, b) => a.freeAddresses - b.freeAddresses);
  return new Map(sorted.map((subnet) => [subnet.zone, subnet]));
}

async function resolveImages(
  compute: ComputePort,
  spec: ExperimentSpec,
  offers: PoolOffer[],
  signal: AbortSignal,
): Promise<RegionSurvey['images']> {
  const architectureOf = new Map(offers.map((offer) => [offer.instanceType, offer.architecture]));
  const cache = new Map<string, Promise<string | undefined>>();
  const resolve = (source: ImageSource, architecture: Architecture): Promise<string | undefined> => {
    const key = JSON.stringify([source, architecture]);
    const known = cache.get(key) ?? compute.image(source, architecture, { signal });
    cache.set(key, known);
    return known;
  };
  const images: RegionSurvey['images'] = {};
  for (const [name, part] of Object.entries(spec.components)) {
    const needed = new Set([...part.instanceTypes, ...part.widerTypes].map((type) => architectureOf.get(type)));
    const found: Partial<Record<Architecture, string>> = {};
    for (const architecture of needed) {
      if (architecture === undefined) continue;
      const id = await resolve(part.image ?? spec.image, architecture);
      if (id !== undefined) found[architecture] = id;
    }
    images[name] = found;
  }
  return images;
}

function addressProblems(spec: ExperimentSpec, subnets: Subnet[], region: string): string[] {
  const needed = Object.values(spec.components).reduce((sum, part) => sum + part.count + part.standby, 0);
  const free = subnets.reduce((sum, subnet) => sum + subnet.freeAddresses, 0);
  if (free >= needed || subnets.length === 0) return [];
  return [`${region}: ${String(needed)} addresses needed, ${String(free)} free in the subnets`];
}

function offerProblems(spec: ExperimentSpec, offers: PoolOffer[], region: string): string[] {
  const offered = new Set(offers.map((offer) => offer.instanceType));
  return Object.entries(spec.components)
    .filter(([, part]) => ![...part.instanceTypes, ...part.widerTypes].some((type) => offered.has(type)))
    .map(([name, part]) => `${region}: none of ${part.instanceTypes.join(', ')} is offered for component ${name}`);
}

function imageProblems(spec: ExperimentSpec, images: RegionSurvey['images'], region: string): string[] {
  return Object.keys(spec.components)
    .filter((name) => Object.keys(images[name] ?? {}).length === 0)
    .map((name) => `${region}: no image for component ${name}`);
}
