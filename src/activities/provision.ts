/** How is capacity surveyed, prepared and bought? Verbs over the compute port. */
import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type {
  Cloud,
  ComputePort,
  FleetRequest,
  ImageSource,
  InstanceView,
  SecurityGroupRule,
  Subnet,
  TemplateRequest,
} from '../aws/ports';
import type { Architecture, LaunchedNode, Market, PoolOffer, Refusal, RegionSurvey } from '../contracts/capacity';
import { Failure } from '../contracts/failures';
import type { Node } from '../contracts/messages';
import { ownershipTags, slotName, TAG, type Ownership } from '../contracts/names';
import { bareTemplate, following, shapeOf, withDevices, type FollowingVolume } from '../policy/volumes';
import type { ExperimentSpec } from '../schemas/experiment';
import { beating } from './beating';
import { assertTarget, type Target } from './target';

export interface SurveyInput {
  target: Target;
  region: string;
  spec: ExperimentSpec;
}

export interface PrepareInput {
  target: Target;
  region: string;
  spec: ExperimentSpec;
  ownership: Ownership;
  survey: RegionSurvey;
}

export interface LaunchInput {
  target: Target;
  region: string;
  ownership: Ownership;
  component: string;
  /** Unique per request of a run; the same for its retries and after a reset. */
  launchId: string;
  /** The run in which the launch id was made; another run id means a reset or a continuation. */
  firstRunId: string;
  templateName: string;
  market: Market;
  allocation: FleetRequest['allocation'];
  offers: PoolOffer[];
  images: Partial<Record<Architecture, string>>;
  count: number;
}

export interface LaunchResult {
  nodes: LaunchedNode[];
  refusals: Refusal[];
  /** True when the instances were found by their LaunchID rather than bought by this attempt. */
  recovered: boolean;
}

export interface NodesInput {
  target: Target;
  region: string;
  ids: string[];
}

export interface FindInput {
  target: Target;
  experimentId: string;
  regions: string[];
  /** Also nodes that have ended and that EC2 still shows, where nothing else holds their slot. */
  withEnded?: boolean;
}

export interface NameInput {
  target: Target;
  region: string;
  names: { instanceId: string; slot: string; name: string; volumes?: string[] }[];
}

/** Activities of provisioning. */
export function createProvisionActivities({ cloud }: { cloud: Cloud }) {
  return {
    /** What the region offers to this spec; resolved from scratch. */
    async surveyRegion(input: SurveyInput): Promise<RegionSurvey> {
      await assertTarget(cloud, input.target);
      return surveyRegion(cloud.compute(input.region), input.region, input.spec, Context.current().cancellationSignal);
    },

    /**
     * The security group and one launch template per component, and one without them where volumes follow the slot;
     * repeatable. Answers with template names.
     */
    async prepareRegion(input: PrepareInput): Promise<Record<string, string>> {
      await assertTarget(cloud, input.target);
      return beating(() => prepareRegion(cloud.compute(input.region), input)).catch((error: unknown) => {
        throw isMissing(error) ? new Failure('InvalidRequest', error.message, error.details, error) : error;
      });
    },

    /** One request for the missing count. A lost reply or a reset is answered by what already came. */
    async launch(input: LaunchInput): Promise<LaunchResult> {
      await assertTarget(cloud, input.target);
      return beating(() => launch(cloud.compute(input.region), input));
    },

    /** The nodes of an experiment by their tags alone, one for each slot. */
    async findNodes(input: FindInput): Promise<Node[]> {
      await assertTarget(cloud, input.target);
      const { cancellationSignal: signal } = Context.current();
      const found = await Promise.all(
        input.regions.map(async (region) => {
          const { experimentId, withEnded = false } = input;
          const views = await cloud.compute(region).ofExperiment(experimentId, { signal, withEnded });
          return views.map((view) => ({ ...view, region }));
        }),
      );
      return asSlots(found.flat());
    },

    /** What EC2 says of the spot requests behind instances: status code by instance id. */
    async spotStatuses(input: NodesInput): Promise<Record<string, string>> {
      await assertTarget(cloud, input.target);
      const { cancellationSignal: signal } = Context.current();
      const found = await cloud.compute(input.region).spotStatuses(input.ids, { signal });
      return Object.fromEntries(found.map(({ instanceId, code }) => [instanceId, code]));
    },

    /** Ends instances; repeatable. */
    async terminate(input: NodesInput): Promise<void> {
      await assertTarget(cloud, input.target);
      await beating(() => cloud.compute(input.region).terminate(input.ids));
    },

    /** Writes `Name` and `Slot`, on the volumes that follow the slot too; nothing depends on them, so it goes slowly: one call per node. */
    async nameNodes(input: NameInput): Promise<void> {
      await assertTarget(cloud, input.target);
      const context = Context.current();
      const done = (context.info.heartbeatDetails as number | undefined) ?? 0;
      for (const [index, entry] of input.names.entries()) {
        if (index < done) continue;
        const tags = { [TAG.slot]: entry.slot, [TAG.name]: entry.name };
        await cloud
          .compute(input.region)
          .tag([entry.instanceId, ...(entry.volumes ?? [])], tags, { signal: context.cancellationSignal });
        context.heartbeat(index + 1);
      }
    },
  };
}

/** EC2 shows a new instance within a minute; until then part of a fleet may be missing from what it lists. */
const VISIBLE_AFTER_MS = 60_000;

/**
 * Looks before it repeats: what an earlier try brought is the answer when it is the whole count, or old enough to be
 * all there is. A younger part is none: the same token brings the first reply again, and nothing twice.
 */
async function launch(compute: ComputePort, input: LaunchInput): Promise<LaunchResult> {
  const { attempt, workflowExecution } = Context.current().info;
  if (attempt > 1 || workflowExecution?.runId !== input.firstRunId) {
    const found = await compute.launchedBy(input.launchId);
    const isSettled = found.every((node) => Date.now() - Date.parse(node.launchedAt) > VISIBLE_AFTER_MS);
    if (found.length >= input.count || (found.length > 0 && isSettled)) {
      return { nodes: found.map(plainNode), refusals: [], recovered: true };
    }
  }
  const reply = await compute.fleet(fleetRequest(input));
  return { nodes: reply.nodes, refusals: reply.refusals, recovered: false };
}

/**
 * EC2 and IAM show what was just made within seconds. What is unknown after this many looks, a second apart, does not
 * exist: a mistyped instance profile, which would otherwise be waited for until the lease ends.
 */
const LOOKS_FOR_NEW = 30;

function isMissing(error: unknown): error is Failure {
  return error instanceof Failure && error.type === 'NotYetVisible' && Context.current().info.attempt >= LOOKS_FOR_NEW;
}

export type ProvisionActivities = ReturnType<typeof createProvisionActivities>;

async function surveyRegion(
  compute: ComputePort,
  region: string,
  spec: ExperimentSpec,
  signal: AbortSignal,
): Promise<RegionSurvey> {
  const wanted = wantedTypes(spec);
  const [types, offered, subnets, prices] = await Promise.all([
    compute.instanceTypes(wanted, { signal }),
    compute.offerings(wanted, { signal }),
    compute.subnets(spec.network?.subnetIds, { signal }),
    compute.spotPrices(wanted, { signal }),
  ]);
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
  if (subnets.length === 0) return [`${region} has no default VPC with subnets; name some with network.subnetIds`];
  const needed = Object.values(spec.components).reduce((sum, part) => sum + part.count + part.standby, 0);
  const free = subnets.reduce((sum, subnet) => sum + subnet.freeAddresses, 0);
  return free >= needed ? [] : [`${region}: ${String(needed)} addresses needed, ${String(free)} free in the subnets`];
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

async function prepareRegion(compute: ComputePort, input: PrepareInput): Promise<Record<string, string>> {
  const { spec, ownership, survey } = input;
  const tags = ownershipTags(ownership);
  // AWS names allow fewer characters than experiment ids do, hence the hash.
  const prefix = `holdfast-${shortHash(`${ownership.installation}/${ownership.experimentId}`)}`;
  const ingress: SecurityGroupRule[] = spec.ingress;
  const ownGroup = await compute.ensureSecurityGroup({ name: prefix, vpcId: survey.vpcId, ingress, tags });
  const templates: Record<string, string> = {};
  const making = Object.entries(spec.components).map(async ([name, part]) => {
    const templateName = `${prefix}-${name}`;
    const volumes = withDevices(part);
    const request = {
      name: templateName,
      securityGroupIds: [ownGroup, ...(spec.network?.securityGroupIds ?? [])],
      volumes: templateVolumes(volumes),
      tags: { ...tags, [TAG.component]: name },
      ...optional('instanceProfile', part.instanceProfile ?? spec.instanceProfile),
      ...optional('userData', part.userData),
    };
    await compute.ensureTemplate(request);
    templates[name] = templateName;
    if (following(part).length === 0) return;
    const bare = bareTemplate(name);
    const ending = volumes.filter((volume) => volume.follows === 'node');
    await compute.ensureTemplate({ ...request, name: `${prefix}-${bare}`, volumes: templateVolumes(ending) });
    templates[bare] = `${prefix}-${bare}`;
  });
  await Promise.all(making);
  await rehearse(compute, input, templates, tags);
  return templates;
}

/** Asks for one node without buying it: a missing permission shows now, not after the first components are paid for. */
async function rehearse(
  compute: ComputePort,
  { spec, survey }: PrepareInput,
  templates: Record<string, string>,
  tags: Record<string, string>,
): Promise<void> {
  for (const [name, part] of Object.entries(spec.components).slice(0, 1)) {
    const offer = survey.offers.find((entry) => part.instanceTypes.includes(entry.instanceType));
    const imageId = offer === undefined ? undefined : survey.images[name]?.[offer.architecture];
    if (offer === undefined || imageId === undefined) continue;
    const request = {
      templateName: templates[name] ?? '',
      market: (part.market ?? spec.market) === 'on-demand' ? ('on-demand' as const) : ('spot' as const),
      allocation: 'price-capacity-optimized' as const,
      pools: [{ ...offer, imageId }],
      count: 1,
      tags,
    };
    await compute.rehearseFleet({ ...request, clientToken: hash(JSON.stringify(request)) });
  }
}

function templateVolumes(volumes: FollowingVolume[]): TemplateRequest['volumes'] {
  return volumes.map((volume) => ({
    device: volume.device,
    keep: volume.follows === 'slot',
    ...shapeOf(volume),
  }));
}

function fleetRequest(input: LaunchInput): FleetRequest {
  const pools = input.offers.flatMap((offer) => {
    const imageId = input.images[offer.architecture];
    if (imageId === undefined) return [];
    return [{ zone: offer.zone, subnetId: offer.subnetId, instanceType: offer.instanceType, imageId }];
  });
  const request = {
    templateName: input.templateName,
    market: input.market,
    allocation: input.allocation,
    pools,
    count: input.count,
    tags: ownershipTags(input.ownership, { [TAG.component]: input.component, [TAG.launchId]: input.launchId }),
  };
  // The token stands for the launch and for every detail of the request: a retry repeats it, any change makes another.
  return { ...request, clientToken: hash(JSON.stringify([input.launchId, request])) };
}

/** A slot that is written on the instance holds; the others are given by sorted id, as provisioning did. */
function asSlots(views: (InstanceView & { region: string })[]): Node[] {
  const sorted = holders(views).sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
  const written = new Set(sorted.map((view) => view.tags[TAG.slot]));
  const next: Record<string, number> = {};
  const firstFree = (component: string): string => {
    const ordinal = next[component] ?? 0;
    next[component] = ordinal + 1;
    const slot = slotName(component, ordinal);
    return written.has(slot) ? firstFree(component) : slot;
  };
  return sorted.map((view) => {
    const component = view.tags[TAG.component] ?? '';
    const slot = view.tags[TAG.slot] ?? firstFree(component);
    const address = view.privateIp === undefined ? {} : { privateIp: view.privateIp };
    return { ...plainNode(view), slot, component, generation: 1, region: view.region, ...address };
  });
}

/** Of several instances with one slot written on them, the one that lives, or else the newest, holds it. */
function holders<T extends InstanceView>(views: T[]): T[] {
  const isBetter = (one: T, other: T): boolean =>
    hasEnded(one) === hasEnded(other) ? one.launchedAt > other.launchedAt : hasEnded(other);
  return views.filter((view) => {
    const slot = view.tags[TAG.slot];
    return slot === undefined || !views.some((other) => other.tags[TAG.slot] === slot && isBetter(other, view));
  });
}

function hasEnded({ state }: InstanceView): boolean {
  return state === 'shutting-down' || state === 'terminated';
}

function plainNode(node: LaunchedNode): LaunchedNode {
  return { instanceId: node.instanceId, instanceType: node.instanceType, zone: node.zone, market: node.market };
}

/** 64 hexadecimal characters: the longest client token EC2 takes. */
function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

function shortHash(text: string): string {
  return hash(text).slice(0, 16); // 64 bits: no two experiments of an account will ever share a name
}

function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}
