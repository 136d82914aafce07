/** What does the ledger say? One document of every resource ever made and every call, with the sums that referees need. */
import { countCalls, type CallRecord } from './ledger';
import { stateAt } from './world/instance';
import type { RegionState, SimFleet, SimInstance, SimResource, SimStep, World } from './world/state';

export interface LedgerResource {
  id: string;
  type: string;
  region: string;
  account: string;
  zone?: string;
  tags: Record<string, string>;
  createdAt: number;
  endedAt?: number;
  draws: Record<string, number>;
  market?: string;
  instanceType?: string;
  state?: string;
  runningAt?: number;
  agentOnlineAt?: number;
  /** Client token of the launch call. */
  launchToken?: string;
  /** Of fleets: how many pools the launch call was refused by. */
  refused?: number;
  hourlyPriceUsd?: number;
  /** Of steps: the token, the machine, and how often the script was started. */
  token?: string;
  instanceId?: string;
  starts?: number;
}

export interface LedgerInterruption {
  instanceId: string;
  experimentId?: string;
  component?: string;
  region: string;
  zone: string;
  instanceType: string;
  /** When the warning was given, and when the machine was to end by it. */
  noticeAt: number;
  endsAt: number;
  /** When it began to shut down, by the warning or by a caller before that, with the reason; and when it was gone. */
  endedAt?: number;
  endedBy?: string;
  goneAt?: number;
  reason: string;
  /** `control`, `weather`, `losses`, `price` or `trace`, or what the caller of `/_sim/interrupt` said. */
  by: string;
}

export interface LedgerDocument {
  scenario: string;
  seed: number;
  resources: LedgerResource[];
  calls: CallRecord[];
  /** Machines taken back, in the order of their notices. */
  interruptions: LedgerInterruption[];
  summary: {
    /** Instances ever made, and those that have not ended. */
    launched: number;
    alive: number;
    /** Resources that still exist and have to be deleted by someone, by type. */
    aliveByType: Record<string, number>;
    /** Taggable resources without ExperimentID or ManagedBy, when any resource carries one of them. */
    untagged: number;
    /** Instances beyond the target of the first call with their LaunchID. */
    duplicates: number;
    calls: Record<string, number>;
    /** US dollars for the hours that instances ran, by their price at launch. */
    costUsd: number;
  };
}

/** Types that end by themselves, cost nothing, or are not AWS's: no leak when they are left. */
const NOT_LEAKS = new Set(['fleet', 'spot-instances-request', 'step']);

export function ledgerDocument(world: World): LedgerDocument {
  const now = Date.now();
  const states = [...world.regions.values()];
  const resources = states.flatMap((state) => [...state.all.values()].filter(({ furniture }) => !furniture));
  const instances = states.flatMap((state) => [...state.instances.values()]);
  const living = (resource: SimResource): boolean => resource.endedAt === undefined || resource.endedAt > now;
  const aliveByType: Record<string, number> = {};
  for (const resource of resources) {
    if (living(resource) && !NOT_LEAKS.has(resource.type))
      aliveByType[resource.type] = (aliveByType[resource.type] ?? 0) + 1;
  }
  return {
    scenario: world.scenario.name,
    seed: world.seed,
    resources: states.flatMap((state) =>
      [...state.all.values()].filter(({ furniture }) => !furniture).map((resource) => entry(state, resource, now)),
    ),
    calls: world.ledger.calls,
    interruptions: world.interrupted.map((instance) => interruptionEntry(instance, now)),
    summary: {
      launched: instances.length,
      alive: instances.filter((instance) => stateAt(instance, now) !== 'terminated').length,
      aliveByType,
      untagged: untagged(resources),
      duplicates: duplicates(world, instances),
      calls: countCalls(world.ledger),
      costUsd: Math.round(instances.reduce((sum, instance) => sum + cost(instance, now), 0) * 1e6) / 1e6,
    },
  };
}

function entry(state: RegionState, resource: SimResource, now: number): LedgerResource {
  const { id, type, region, account, zone, tags, createdAt, endedAt, draws } = resource;
  return {
    id,
    type,
    region,
    account,
    ...(zone === undefined ? {} : { zone }),
    tags,
    createdAt,
    ...(endedAt === undefined ? {} : { endedAt }),
    draws,
    ...(isInstance(resource) ? instanceEntry(state, resource, now) : {}),
    ...(isStep(resource) ? { token: resource.token, instanceId: resource.instanceId, starts: resource.starts } : {}),
    ...(isFleet(resource) ? fleetEntry(resource) : {}),
  };
}

function fleetEntry({ clientToken, errors }: SimFleet): Partial<LedgerResource> {
  return { refused: errors.length, ...(clientToken === undefined ? {} : { launchToken: clientToken }) };
}

function instanceEntry(state: RegionState, instance: SimInstance, now: number): Partial<LedgerResource> {
  const token = instance.clientToken ?? state.fleets.get(instance.fleetId ?? '')?.clientToken;
  return {
    market: instance.market,
    instanceType: instance.instanceType,
    state: stateAt(instance, now),
    runningAt: instance.runningAt,
    hourlyPriceUsd: instance.hourlyPriceUsd,
    ...(instance.agentOnlineAt === undefined ? {} : { agentOnlineAt: instance.agentOnlineAt }),
    ...(token === undefined ? {} : { launchToken: token }),
  };
}

function interruptionEntry(instance: SimInstance, now: number): LedgerInterruption {
  const { id, region, zone, instanceType, tags, interruption } = instance;
  const { noticeAt = 0, at: endsAt = 0, reason = '', by = '' } = interruption ?? {};
  const { ExperimentID: experimentId, Component: component } = tags;
  return {
    instanceId: id,
    ...(experimentId === undefined ? {} : { experimentId }),
    ...(component === undefined ? {} : { component }),
    region,
    zone,
    instanceType,
    noticeAt,
    endsAt,
    ...endOf(instance, now),
    reason,
    by,
  };
}

function endOf({ terminatingAt, terminatedAt, stateReason }: SimInstance, now: number): Partial<LedgerInterruption> {
  if (terminatingAt === undefined) return {};
  const end = { endedAt: terminatingAt, endedBy: stateReason?.code ?? '' };
  return terminatedAt === undefined || terminatedAt > now ? end : { ...end, goneAt: terminatedAt };
}

/** What a tagging caller must put on everything it makes; spot requests cannot be tagged by CreateFleet, AWS's own never. */
const MARKS = ['ExperimentID', 'ManagedBy'];

function untagged(resources: SimResource[]): number {
  const taggable = resources.filter((one) => one.type !== 'spot-instances-request' && !isStep(one) && !isManaged(one));
  if (!taggable.some(({ tags }) => MARKS.some((mark) => mark in tags))) return 0;
  return taggable.filter(({ tags }) => !MARKS.every((mark) => mark in tags)).length;
}

function duplicates(world: World, instances: SimInstance[]): number {
  const made = new Map<string, number>();
  for (const { tags } of instances) {
    const launch = tags['LaunchID'];
    if (launch !== undefined) made.set(launch, (made.get(launch) ?? 0) + 1);
  }
  let beyond = 0;
  for (const [launch, count] of made) beyond += Math.max(0, count - (world.ledger.launchTargets.get(launch) ?? count));
  return beyond;
}

function cost(instance: SimInstance, now: number): number {
  const until = Math.min(now, instance.terminatingAt ?? instance.terminatedAt ?? now);
  return (Math.max(0, until - instance.runningAt) / 3_600_000) * instance.hourlyPriceUsd;
}

function isInstance(resource: SimResource): resource is SimInstance {
  return resource.type === 'instance';
}
function isStep(resource: SimResource): resource is SimStep {
  return resource.type === 'step';
}
/** Whether AWS made it for something of the caller's, and will end it with that. */
function isManaged(resource: SimResource): boolean {
  return 'owner' in resource;
}
function isFleet(resource: SimResource): resource is SimFleet {
  return resource.type === 'fleet';
}
