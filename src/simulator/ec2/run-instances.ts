/** What does RunInstances do? Between MinCount and MaxCount machines of one pool, or a thrown refusal. */
import { AwsError } from '../errors';
import { once } from '../tokens';
import { isOffered } from '../world/pools';
import { regionSubnets } from '../world/subnets';
import { regionState } from '../world/world';
import { stateAt } from '../world/instance';
import type { Handler, HandlerContext, Handlers, Market, RegionState, SimSubnet } from '../world/state';
import { allocate } from './allocate';
import type { Candidate } from './candidates';
import { find } from './describe';
import { invalid, number, record, records, text, type Input } from './input';
import { renderReservation } from './instance-view';
import { baseOf, mergeSpec } from './launch-spec';
import { versionOf } from './launch-template-versions';
import { templateOf } from './launch-templates';
import { launchAll, launchDelay, noteTarget, payForInstances } from './start-launch';
import { unknownSubnet } from './unknown';

const runInstances: Handler = async (input, ctx) => {
  const place = zonalScope(input);
  const answer = await once(ctx.world.tokens, `${ctx.account}/${ctx.region}/RunInstances/${place}`, input, () =>
    run(input, ctx),
  );
  return again(ctx, answer);
};

/** RunInstances is idempotent per zone when a zone or subnet is named, else per region ("Ensuring idempotency"). */
function zonalScope(input: Input): string {
  return text(input, 'SubnetId') ?? text(record(input, 'Placement') ?? {}, 'AvailabilityZone') ?? '';
}

/** The machines of an answer as they are now; a repeated call whose machines have all ended is refused. */
function again(ctx: HandlerContext, answer: Record<string, unknown>): Record<string, unknown> {
  const state = regionState(ctx);
  const ids = records(answer, 'Instances').map((instance) => text(instance, 'InstanceId') ?? '');
  const instances = ids.map((id) => state.instances.get(id)).filter((instance) => instance !== undefined);
  const now = Date.now();
  if (instances.length > 0 && instances.every((instance) => stateAt(instance, now) === 'terminated')) {
    throw new AwsError('IdempotentInstanceTerminated', 'The instances of the original request are terminated.');
  }
  return renderReservation(state, instances, now);
}

async function run(input: Input, ctx: HandlerContext): Promise<Record<string, unknown>> {
  const state = regionState(ctx);
  const [min, max] = countsOf(input);
  const { data, template } = withTemplate(ctx, state, input);
  const market = marketOf(data);
  const base = baseOf(ctx, state, data);
  const type = text(data, 'InstanceType') ?? 'm1.small';
  if (!ctx.world.scenario.instanceTypes[type]) {
    throw new AwsError('InvalidParameterValue', `Invalid value '${type}' for InstanceType.`);
  }
  const candidate: Candidate = {
    type,
    subnet: subnetOf(ctx, state, data, type),
    base,
    weight: 1,
    priority: 0,
    override: {},
    ...maxPriceOf(data),
    ...(template ? { template } : {}),
  };
  payForInstances(ctx, 'RunInstances', min);
  noteTarget(ctx, data, max);
  const launchCallMs = await launchDelay(ctx);
  const request = { market, target: max, strategy: 'lowest-price', singleType: false, singleZone: false, min };
  const { picks, refusals } = allocate(ctx, [candidate], request);
  const [refusal] = refusals.values();
  if (picks.length === 0) throw refusal ?? new AwsError('InsufficientInstanceCapacity', 'Insufficient capacity.', 500);
  const clientToken = text(input, 'ClientToken');
  const made = launchAll(ctx, state, picks, {
    market,
    launchCallMs,
    ...(clientToken === undefined ? {} : { clientToken }),
  });
  return renderReservation(state, made, Date.now());
}

function countsOf(input: Input): [min: number, max: number] {
  const [min, max] = [number(input, 'MinCount') ?? 0, number(input, 'MaxCount') ?? 0];
  if (min < 1) throw invalid('minCount', min, 'Minimum instance count must be at least 1.');
  if (max < min)
    throw invalid('maxCount', max, 'Maximum instance count must not be smaller than minimum instance count.');
  return [min, max];
}

function withTemplate(
  ctx: HandlerContext,
  state: RegionState,
  input: Input,
): { data: Input; template?: { id: string; name: string; version: string } } {
  const spec = record(input, 'LaunchTemplate');
  if (!spec) return { data: input };
  const template = templateOf(ctx, state, spec);
  const version = versionOf(template, text(spec, 'Version'));
  return {
    data: mergeSpec(version.data, input),
    template: { id: template.id, name: template.name, version: String(version.number) },
  };
}

function marketOf(data: Input): Market {
  return text(record(data, 'InstanceMarketOptions') ?? {}, 'MarketType') === 'spot' ? 'spot' : 'on-demand';
}

function maxPriceOf(data: Input): { maxPrice?: number } {
  const options = record(record(data, 'InstanceMarketOptions') ?? {}, 'SpotOptions') ?? {};
  const maxPrice = text(options, 'MaxPrice');
  return maxPrice === undefined ? {} : { maxPrice: Number(maxPrice) };
}

/** The named subnet, that of the named interface, or a default one: of the named zone, else of the first that offers the type. */
function subnetOf(ctx: HandlerContext, state: RegionState, data: Input, type: string): SimSubnet {
  const [primary] = records(data, 'NetworkInterfaces');
  const interfaceId = primary && text(primary, 'NetworkInterfaceId');
  const named =
    text(data, 'SubnetId') ??
    (primary && text(primary, 'SubnetId')) ??
    (interfaceId === undefined ? undefined : state.networkInterfaces.get(interfaceId)?.subnetId);
  if (named !== undefined) return find(ctx, state.subnets, named, unknownSubnet);
  const zone = text(record(data, 'Placement') ?? {}, 'AvailabilityZone');
  const subnets = regionSubnets(ctx, state, zone);
  const fitting = subnets.find((subnet) => isOffered(ctx.world, { region: ctx.region, zone: subnet.zone, type }));
  const chosen = fitting ?? subnets[0];
  if (!chosen) throw new AwsError('MissingInput', 'No subnets found for the default VPC');
  return chosen;
}

export const runInstancesOperations: Handlers = { RunInstances: runInstances };
