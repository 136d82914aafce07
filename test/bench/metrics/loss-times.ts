/**
 * How long does it take until a node that is taken away is noticed, asked for again, and replaced?
 *
 * Four experiments in four regions, each with 16 members of one component, lose 13 of them each, one every few seconds,
 * with AWS's notice of two minutes: failovers overlap. The numbers are the worst of all losses. The notice is the
 * simulator's; how long AWS itself takes to show one is not known. Detected: the server's own time of the signal that
 * names the node, in the history of its owner. Asked: the arrival of the launch request that made the next instance
 * with the same Slot tag. Ready: the end of the old node by our own call, which comes after readiness and promotion.
 * The gap is the most members that were missing at any moment after the first notice: an instance serves from when its
 * unit is up until it begins to shut down. At risk is whatever lived in the pool of a lost node at its notice.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { SIGNAL } from '../../../src/contracts/messages';
import { TAG } from '../../../src/contracts/names';
import type { ExperimentInput } from '../../../src/schemas/experiment';
import type { LedgerDocument } from '../../../src/simulator';
import { instancesOf, launchesOf, type LedgerResource } from '../ledger';
import type { Bench } from '../metric';
import type { World } from '../stack';
import { until, untilPhase } from '../watch';

const REGIONS = ['us-west-2', 'us-east-1', 'us-east-2', 'eu-west-1'];
const MEMBERS = 16;
const LOSSES = 13;
/** Between two losses of an experiment; no divisor of the sentinel's pace, so that they come at all of its moments. */
const APART_MS = 3700;
const UNIT = 'broker.service';

export const lossTimes: Bench = {
  name: 'loss-times',
  goals: [
    { name: 'simulator: notice to detected, worst of 52', goal: 8, unit: 's' },
    { name: 'simulator: notice to replacement asked', goal: 12, unit: 's' },
    { name: 'simulator: notice to replacement ready', goal: 110, unit: 's' },
    { name: 'simulator: stateless members missing at once', goal: 0, unit: 'nodes' },
    { name: 'simulator: siblings at risk without a replacement asked', goal: 0, unit: 'nodes' },
    { name: 'simulator: launched beyond members, lost and at risk', goal: 0, unit: 'nodes' },
    { name: 'simulator: surplus when all is calm', goal: 0, unit: 'nodes' },
  ],
  async run(stack) {
    const world = await stack.world();
    const handles = await Promise.all(REGIONS.map((region) => world.start(region, stateless(region))));
    for (const handle of handles) await untilPhase(handle, ['Ready'], 180_000);
    await Promise.all(handles.map((handle) => named(world, handle)));
    await Promise.all(handles.map((handle) => loseSome(world, handle)));
    await until('the end of all lost nodes', 240_000, async () => {
      const { interruptions } = await world.ledger();
      return interruptions.every(({ endedAt }) => endedAt !== undefined) ? true : undefined;
    });
    await Promise.all(handles.map((handle) => named(world, handle)));
    const ledger = await world.ledger();
    const signals = Object.assign({}, ...(await Promise.all(handles.map(signalTimes)))) as Record<string, number>;
    for (const handle of handles) await handle.terminate('measured');
    await world.close();
    const losses = handles.flatMap(({ workflowId }) => lossesOf(ledger, workflowId, signals));
    if (losses.length < REGIONS.length * LOSSES) throw new Error(`only ${String(losses.length)} losses`);
    const missing = Math.max(...handles.map(({ workflowId }) => mostMissing(ledger, workflowId)));
    const spares = handles.map(({ workflowId }) => sparesOf(ledger, workflowId));
    const sum = (count: (of: Spares) => number): number => spares.reduce((all, of) => all + count(of), 0);
    return [
      ...(['detected', 'asked', 'ready'] as const).map((moment) => worst(losses.map((loss) => loss[moment]))),
      { value: missing, note: `of ${String(MEMBERS)} members in each of ${String(REGIONS.length)} experiments` },
      { value: sum((of) => of.forgotten), note: `${String(sum((of) => of.atRisk))} siblings were at risk` },
      { value: sum((of) => Math.max(0, of.extra)), note: `${String(sum((of) => of.launched))} launched in all` },
      { value: sum((of) => of.surplus), note: 'living instances beyond the members' },
    ];
  },
};

function stateless(region: string): ExperimentInput {
  const types = { instanceTypes: ['m6i.large', 'm5.large'], widerTypes: ['m6a.large', 'm5a.large'] };
  const broker = { ...types, count: MEMBERS, services: [UNIT], failovers: 1000 };
  return { name: 'stateless', regions: [region], instanceProfile: 'holdfast-node', components: { broker } };
}

/** Waits until every living node carries its slot. */
async function named(world: World, { workflowId }: WorkflowHandle): Promise<void> {
  await until(`names of ${workflowId}`, 120_000, async () => {
    const living = instancesOf(await world.ledger(), workflowId).filter(({ endedAt }) => endedAt === undefined);
    return living.length === MEMBERS && living.every(({ tags }) => TAG.slot in tags) ? true : undefined;
  });
}

/** Takes back members that hold a slot: siblings of a lost node are replaced, so each next one is looked for anew. */
async function loseSome(world: World, { workflowId }: WorkflowHandle): Promise<void> {
  for (let lost = 0; lost < LOSSES; lost += 1) {
    await until('a member to lose', 240_000, () => loseOne(world, workflowId));
    await pause(APART_MS);
  }
}

async function loseOne(world: World, workflowId: string): Promise<true | undefined> {
  const ledger = await world.ledger();
  const warned = new Set(ledger.interruptions.map(({ instanceId }) => instanceId));
  const member = instancesOf(ledger, workflowId).find(
    ({ id, tags, endedAt, state }) =>
      TAG.slot in tags && endedAt === undefined && state === 'running' && !warned.has(id),
  );
  if (member === undefined) return undefined;
  // It may have been ended since the ledger was read.
  return world.control('interrupt', { instanceId: member.id }).then(
    () => true,
    () => undefined,
  );
}

/** When the server took the signal that first named an instance; epoch milliseconds by instance. */
async function signalTimes(handle: WorkflowHandle): Promise<Record<string, number>> {
  const history = JSON.parse(historyToJSON(await handle.fetchHistory())) as { events: SignalEvent[] };
  const times: Record<string, number> = {};
  for (const { eventTime, workflowExecutionSignaledEventAttributes: signal } of history.events) {
    if (signal?.signalName !== SIGNAL.interruption) continue;
    for (const { data } of signal.input.payloads) {
      const notices = JSON.parse(Buffer.from(data, 'base64').toString()) as { instanceId: string }[];
      for (const { instanceId } of notices) times[instanceId] ??= Date.parse(eventTime);
    }
  }
  return times;
}

interface SignalEvent {
  eventTime: string;
  workflowExecutionSignaledEventAttributes?: { signalName: string; input: { payloads: { data: string }[] } };
}

/** Seconds from the notice; infinite for what never happened. */
interface Loss {
  detected: number;
  asked: number;
  ready: number;
}

function lossesOf(ledger: LedgerDocument, experimentId: string, signals: Record<string, number>): Loss[] {
  const launches = launchesOf(ledger, experimentId);
  const instances = instancesOf(ledger, experimentId);
  return ledger.interruptions
    .filter((one) => one.experimentId === experimentId)
    .map(({ instanceId, noticeAt, endedAt = Infinity, endedBy }) => {
      const lost = instances.find(({ id }) => id === instanceId);
      // A member that was at risk before may have had its successor asked for before its own notice.
      const [next] = instances
        .filter(({ tags, createdAt }) => tags[TAG.slot] === lost?.tags[TAG.slot] && createdAt > (lost?.createdAt ?? 0))
        .sort((a, b) => a.createdAt - b.createdAt);
      const launch = launches.find(({ nodes }) => nodes.some(({ id }) => id === next?.id));
      const since = (at = Infinity): number => (at - noticeAt) / 1000;
      const isByUs = endedBy === 'Client.UserInitiatedShutdown';
      return {
        detected: since(signals[instanceId]),
        asked: since(launch?.askedAt),
        ready: since(isByUs && next !== undefined ? endedAt : undefined),
      };
    });
}

interface Spares {
  launched: number;
  atRisk: number;
  /** Nodes at risk whose slot no other instance got. */
  forgotten: number;
  /** Launched beyond the members, those lost and those at risk. */
  extra: number;
  surplus: number;
}

function sparesOf(ledger: LedgerDocument, experimentId: string): Spares {
  const instances = instancesOf(ledger, experimentId);
  const lost = ledger.interruptions.filter((one) => one.experimentId === experimentId);
  const isLost = new Set(lost.map(({ instanceId }) => instanceId));
  const atRisk = instances.filter(({ id, zone, instanceType, market, createdAt, endedAt = Infinity }) => {
    if (isLost.has(id) || market !== 'spot') return false;
    return lost.some((one) => {
      const isSibling = one.zone === zone && one.instanceType === instanceType;
      return isSibling && createdAt < one.noticeAt && endedAt > one.noticeAt;
    });
  });
  const forgotten = atRisk.filter(
    ({ id, tags, createdAt }) =>
      !instances.some((next) => next.id !== id && next.tags[TAG.slot] === tags[TAG.slot] && next.createdAt > createdAt),
  );
  return {
    launched: instances.length,
    atRisk: atRisk.length,
    forgotten: forgotten.length,
    extra: instances.length - MEMBERS - lost.length - atRisk.length,
    surplus: instances.filter(({ endedAt }) => endedAt === undefined).length - MEMBERS,
  };
}

function worst(seconds: number[]): { value: number; note: string } {
  const sorted = [...seconds].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const never = sorted.filter((one) => one === Infinity).length;
  const note = `${String(sorted.length)} losses, median ${median.toFixed(1)} s, ${String(never)} never`;
  return { value: sorted.at(-1) ?? Infinity, note };
}

/** Looked at whenever the number can fall: just after each member's end. */
function mostMissing(ledger: LedgerDocument, experimentId: string): number {
  const instances = instancesOf(ledger, experimentId);
  const lost = ledger.interruptions.filter((one) => one.experimentId === experimentId);
  const stops = new Map(lost.map(({ instanceId, endedAt }) => [instanceId, endedAt]));
  const first = Math.min(...lost.map(({ noticeAt }) => noticeAt));
  const serves = ({ id, runningAt = Infinity, draws }: LedgerResource, at: number): boolean =>
    runningAt + (draws[`service:${UNIT}`] ?? Infinity) <= at && at < (stops.get(id) ?? Infinity);
  const moments = [first, ...[...stops.values()].filter((at) => at !== undefined)];
  return Math.max(...moments.map((at) => MEMBERS - instances.filter((one) => serves(one, at)).length), 0);
}
