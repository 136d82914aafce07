/** How long does a launch call take, and what does it turn a pick into? Shared by CreateFleet and RunInstances. */
import { setTimeout as sleep } from 'node:timers/promises';
import { AwsError } from '../errors';
import { launch, type LaunchOrder } from '../world/launch';
import { newId } from '../world/ids';
import { omit } from '../omit';
import { takeResources } from '../throttle';
import type { HandlerContext, Market, RegionState, SimInstance } from '../world/state';
import { priceOf, type Candidate } from './candidates';
import { groupsFor } from './launch-spec';
import { text, records, type Input } from './input';

/** Waits as long as the scenario says that such a call takes; gives the milliseconds. A reset in between ends the call. */
export async function launchDelay({ world }: HandlerContext): Promise<number> {
  const { epoch } = world;
  const millis = world.random.between(world.scenario.delays.launchCall);
  await sleep(millis);
  if (world.epoch !== epoch) throw new AwsError('InternalError', 'The simulator was reset during the call', 500);
  return millis;
}

/** Pays one resource token per instance asked for. */
export function payForInstances(ctx: HandlerContext, operation: string, count: number): void {
  const { world, account, region } = ctx;
  const question = { scope: `${account}/${region}`, service: 'ec2', operation, uncontrolled: false, now: Date.now() };
  if (takeResources(world.buckets, world.scenario.api, question, count)) return;
  throw new AwsError(
    'RequestLimitExceeded',
    'Request limit exceeded. Account has been throttled on resource tokens.',
    503,
  );
}

export interface LaunchFacts {
  market: Market;
  launchCallMs: number;
  fleetId?: string;
  clientToken?: string;
  extraTags?: Record<string, string>;
}

/** Makes the machines of the picks, in their order. */
export function launchAll(
  ctx: HandlerContext,
  state: RegionState,
  picks: Candidate[],
  facts: LaunchFacts,
): SimInstance[] {
  const reservations = new Map<Candidate, { id: string; count: number }>();
  return picks.map((pick) => {
    const reservation = reservations.get(pick) ?? { id: newId(ctx.world, 'r'), count: 0 };
    reservations.set(pick, { ...reservation, count: reservation.count + 1 });
    return launch(ctx, state, orderOf(ctx, state, pick, facts, reservation));
  });
}

function orderOf(
  ctx: HandlerContext,
  state: RegionState,
  pick: Candidate,
  facts: LaunchFacts,
  reservation: { id: string; count: number },
): LaunchOrder {
  const { publicIp, tags } = pick.base;
  const { extraTags, clientToken, fleetId, market, launchCallMs } = facts;
  const price = priceOf(ctx, pick, market);
  return {
    ...omit(pick.base, 'image', 'groupIds', 'publicIp', 'tags'),
    instanceType: pick.type,
    market,
    hourlyPriceUsd: price,
    maxPrice: (pick.maxPrice ?? ctx.world.scenario.instanceTypes[pick.type]?.onDemandUsd ?? price).toFixed(6),
    subnet: pick.subnet,
    securityGroupIds: groupsFor(state, pick.base, pick.subnet),
    publicIp: publicIp ?? pick.subnet.mapPublicIp,
    tags: { ...tags, instance: { ...tags.instance, ...extraTags, ...templateTags(pick) } },
    reservationId: reservation.id,
    launchIndex: reservation.count,
    launchCallMs,
    ...(clientToken === undefined ? {} : { clientToken }),
    ...(fleetId === undefined ? {} : { fleetId }),
    ...(pick.template ? { launchTemplate: pick.template } : {}),
  };
}

/** The tags that AWS puts on instances of a launch template. */
function templateTags({ template }: Candidate): Record<string, string> {
  if (!template) return {};
  return { 'aws:ec2launchtemplate:id': template.id, 'aws:ec2launchtemplate:version': template.version };
}

/** Notes how many instances the first call of a `LaunchID` asked for: the ledger counts what is beyond it as duplicates. */
export function noteTarget(ctx: HandlerContext, input: Input, count: number): void {
  for (const spec of records(input, 'TagSpecifications')) {
    const tag = records(spec, 'Tags').find((entry) => text(entry, 'Key') === 'LaunchID');
    const value = tag && text(tag, 'Value');
    const targets = ctx.world.ledger.launchTargets;
    if (value !== undefined && text(spec, 'ResourceType') === 'instance' && !targets.has(value))
      targets.set(value, count);
  }
}
