/** Which pools does a fleet name, and how are they named in its answer? Launch templates times overrides. */
import { AwsError } from '../errors';
import { regionSubnets } from '../world/subnets';
import type { HandlerContext, Market, RegionState, SimFleet, SimSubnet } from '../world/state';
import type { Candidate } from './candidates';
import { find } from './describe';
import { defined, invalid, missing, number, record, records, text, type Input } from './input';
import { baseOf, mergeSpec } from './launch-spec';
import { versionOf } from './launch-template-versions';
import { templateOf } from './launch-templates';
import { unknownSubnet } from './unknown';

/** Limits of one request (EC2 API reference, CreateFleet). */
const MAX_CONFIGS = 50;

/** Every pool of the request, checked. */
export function fleetCandidates(ctx: HandlerContext, state: RegionState, input: Input): Candidate[] {
  const configs = records(input, 'LaunchTemplateConfigs');
  if (configs.length === 0) throw missing('LaunchTemplateConfigs');
  if (configs.length > MAX_CONFIGS)
    throw invalid('launchTemplateConfigs', configs.length, `At most ${MAX_CONFIGS} are allowed.`);
  const candidates = configs.flatMap((config) => configCandidates(ctx, state, input, config));
  checkPools(candidates);
  return candidates;
}

function configCandidates(ctx: HandlerContext, state: RegionState, input: Input, config: Input): Candidate[] {
  const spec = record(config, 'LaunchTemplateSpecification');
  if (!spec) throw missing('LaunchTemplateConfigs.LaunchTemplateSpecification');
  const found = templateOf(ctx, state, spec);
  const version = versionOf(found, text(spec, 'Version'));
  const template = { id: found.id, name: found.name, version: String(version.number) };
  const overrides = records(config, 'Overrides');
  return (overrides.length > 0 ? overrides : [{}]).flatMap((override) => {
    if (record(override, 'InstanceRequirements') ?? record(version.data, 'InstanceRequirements')) {
      throw new AwsError(
        'UnsupportedOperation',
        'The simulator does not play InstanceRequirements; name instance types.',
      );
    }
    const data = mergeSpec(mergeSpec(version.data, { TagSpecifications: instanceTags(input) }), overridable(override));
    const type = text(data, 'InstanceType');
    if (type === undefined) throw new AwsError('InvalidFleetConfig', 'The fleet configuration names no instance type.');
    const base = baseOf(ctx, state, data);
    const maxPrice = text(override, 'MaxPrice');
    return subnetsFor(ctx, state, data, override).map((subnet) => ({
      type,
      subnet,
      base,
      override,
      template,
      weight: number(override, 'WeightedCapacity') ?? 1,
      // Without a priority a pool comes last (API reference, FleetLaunchTemplateOverridesRequest).
      priority: number(override, 'Priority') ?? Number.MAX_SAFE_INTEGER,
      ...(maxPrice === undefined ? {} : { maxPrice: Number(maxPrice) }),
    }));
  });
}

/** The fleet's own tag specifications for what it launches; those of type fleet stay with the fleet. */
function instanceTags(input: Input): Input[] {
  return records(input, 'TagSpecifications').filter((spec) => text(spec, 'ResourceType') !== 'fleet');
}

/** Members of an override that replace those of the template. */
function overridable(override: Input): Input {
  const { InstanceType, ImageId, BlockDeviceMappings, Placement } = override;
  return { InstanceType, ImageId, BlockDeviceMappings, Placement };
}

function subnetsFor(ctx: HandlerContext, state: RegionState, data: Input, override: Input): SimSubnet[] {
  const [primary] = records(data, 'NetworkInterfaces');
  const named = text(override, 'SubnetId') ?? (primary && text(primary, 'SubnetId'));
  const zone = text(override, 'AvailabilityZone') ?? text(record(data, 'Placement') ?? {}, 'AvailabilityZone');
  if (named !== undefined) {
    const subnet = find(ctx, state.subnets, named, unknownSubnet);
    if (zone !== undefined && zone !== subnet.zone) {
      throw new AwsError('InvalidFleetConfig', `Subnet ${subnet.id} is in ${subnet.zone}, not in ${zone}.`);
    }
    return [subnet];
  }
  return regionSubnets(ctx, state, zone);
}

/** AWS refuses two subnets of one zone, and one pool twice, with the same words. */
function checkPools(candidates: Candidate[]): void {
  const seen = new Set<string>();
  const subnets = new Map<string, string>();
  for (const { type, subnet } of candidates) {
    const key = `${type}/${subnet.id}`;
    if (seen.has(key) || (subnets.get(subnet.zone) ?? subnet.id) !== subnet.id) {
      throw new AwsError('InvalidFleetConfig', 'The fleet configuration contains duplicate instance pools.');
    }
    seen.add(key);
    subnets.set(subnet.zone, subnet.id);
  }
}

function poolWords({ template, override, type, subnet }: Candidate): Record<string, unknown> {
  return {
    LaunchTemplateSpecification: defined({ LaunchTemplateId: template?.id, Version: template?.version }),
    Overrides: { ...override, InstanceType: type, AvailabilityZone: subnet.zone, SubnetId: text(override, 'SubnetId') },
  };
}

/** One refusal, as CreateFleet and DescribeFleets list it. */
export function fleetError(pool: Candidate, market: Market, error: AwsError): Record<string, unknown> {
  return {
    LaunchTemplateAndOverrides: poolWords(pool),
    Lifecycle: market,
    ErrorCode: error.code,
    ErrorMessage: error.message,
  };
}

/** The instances of a fleet, those of one pool together. */
export function fleetInstances(state: RegionState, fleet: SimFleet, ids: readonly string[]): Record<string, unknown>[] {
  const byPool = new Map<string, string[]>();
  for (const id of ids) {
    const instance = state.instances.get(id);
    if (!instance) continue;
    const key = `${instance.market}/${instance.instanceType}/${instance.subnetId}`;
    byPool.set(key, [...(byPool.get(key) ?? []), id]);
  }
  return [...byPool.values()].map((same) => {
    const first = state.instances.get(same[0] ?? '');
    return {
      LaunchTemplateAndOverrides: {
        LaunchTemplateSpecification: {
          LaunchTemplateId: first?.launchTemplate?.id,
          Version: first?.launchTemplate?.version,
        },
        Overrides: { InstanceType: first?.instanceType, SubnetId: first?.subnetId, AvailabilityZone: first?.zone },
      },
      Lifecycle: first?.market,
      InstanceIds: same,
      InstanceType: first?.instanceType,
    };
  });
}
