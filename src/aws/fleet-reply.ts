/** What did a CreateFleet reply, or its refusal as a whole, say about each pool? */
import type {
  CreateFleetError,
  CreateFleetInstance,
  CreateFleetResult,
  InstanceLifecycle,
  FleetLaunchTemplateOverrides,
} from '@aws-sdk/client-ec2';
import type { LaunchedNode, Market, Pool, Refusal, RefusalScope } from '../contracts/capacity';
import type { Failure } from '../contracts/failures';
import { classify, isOutcome } from '../policy/refusals';
import type { FleetReply, FleetRequest } from './ports';

type Asked = FleetRequest['pools'][number];

/** Everything the reply says: who came, and who refused with which words. */
export function readReply(reply: CreateFleetResult, request: FleetRequest, region: string): FleetReply {
  const nodes = (reply.Instances ?? []).flatMap((group) => launched(group, request));
  const refusals = (reply.Errors ?? []).flatMap((error) => refusalsOf(error, request, region));
  const read: FleetReply = { nodes, refusals: distinct(refusals) };
  if (reply.FleetId !== undefined) read.fleetId = reply.FleetId;
  return read;
}

/** Scopes that leave something else to try, whatever the class: a missing spot role blocks the spot market alone. */
const POOL_SCOPES: readonly RefusalScope[] = ['pool', 'subnet', 'zone', 'family', 'market'];

/** A request refused as a whole, as refusals of all its pools; undefined when it was no refusal of capacity. */
export function refusedWhole(failure: Failure, request: FleetRequest, region: string): Refusal[] | undefined {
  const { code, awsMessage: message } = failure.details as { code?: string; awsMessage?: string };
  if (code === undefined || message === undefined) return undefined;
  const verdict = classify(code, message);
  const blocks = isOutcome(verdict.class) || (verdict.class === 'auth' && POOL_SCOPES.includes(verdict.scope));
  return blocks ? request.pools.map((asked) => refusal(asked, code, message, request, region)) : undefined;
}

function launched(group: CreateFleetInstance, request: FleetRequest): LaunchedNode[] {
  const named = { InstanceType: group.InstanceType, ...group.LaunchTemplateAndOverrides?.Overrides };
  const asked = request.pools.find((pool) => agrees(named, pool));
  const instanceType = named.InstanceType ?? asked?.instanceType ?? '';
  const zone = named.AvailabilityZone ?? asked?.zone ?? '';
  const market = group.Lifecycle === undefined ? request.market : marketOf(group.Lifecycle);
  return (group.InstanceIds ?? []).map((instanceId) => ({ instanceId, instanceType, zone, market }));
}

/** AWS has a third life cycle, of capacity blocks, which is paid like on-demand and never asked for here. */
function marketOf(lifecycle: InstanceLifecycle): Market {
  return lifecycle === 'spot' ? 'spot' : 'on-demand';
}

/** An error names its override, or part of it, or nothing: it counts for every pool that it fits. */
function refusalsOf(error: CreateFleetError, request: FleetRequest, region: string): Refusal[] {
  const overrides = error.LaunchTemplateAndOverrides?.Overrides;
  const matching = request.pools.filter((pool) => agrees(overrides, pool));
  const meant = matching.length > 0 ? matching : request.pools;
  const code = error.ErrorCode ?? 'UnknownError';
  return meant.map((asked) => refusal(asked, code, error.ErrorMessage ?? '', request, region));
}

/** Whether nothing that AWS named speaks against the pool. */
function agrees(named: FleetLaunchTemplateOverrides | undefined, asked: Asked): boolean {
  const same = (value: string | undefined, other: string): boolean =>
    value === undefined || value === '' || value === other;
  return (
    same(named?.InstanceType, asked.instanceType) &&
    same(named?.AvailabilityZone, asked.zone) &&
    same(named?.SubnetId, asked.subnetId)
  );
}

function refusal(asked: Asked, code: string, message: string, { market }: FleetRequest, region: string): Refusal {
  const pool: Pool = { region, zone: asked.zone, instanceType: asked.instanceType, market };
  const { class: errorClass, scope } = classify(code, message);
  return { pool, subnetId: asked.subnetId, code, message, class: errorClass, scope };
}

/** AWS may repeat an error once per instance it could not launch. */
function distinct(refusals: Refusal[]): Refusal[] {
  const key = (one: Refusal): string => `${one.pool.zone} ${one.pool.instanceType} ${one.code}`;
  return [...new Map(refusals.map((one) => [key(one), one])).values()];
}
