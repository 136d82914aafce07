/**
 * What is measured of members that are taken away? Four experiments in four regions, each with 16 members of one
 * component, lose 13 of them each, one every few seconds, with AWS's notice of two minutes: failovers overlap.
 *
 * The notice is the simulator's; how long AWS itself takes to show one is not known. Detected: the server's own time
 * of the signal that names the node, in the history of its owner. Asked: the arrival of the launch request that made
 * the next instance with the same Slot tag. Promoted: what the experiment's own record says.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import { SIGNAL, type ExperimentStatus } from '../../src/contracts/messages';
import { TAG } from '../../src/contracts/names';
import type { ExperimentInput } from '../../src/schemas/experiment';
import type { LedgerDocument } from '../../src/simulator';
import { instancesOf, launchesOf } from './ledger';
import type { Stack, World } from './stack';
import { until, untilPhase } from './watch';

export const REGIONS = ['us-west-2', 'us-east-1', 'us-east-2', 'eu-west-1'];
export const MEMBERS = 16;
const LOSSES = 13;
/** Between two losses of an experiment; no divisor of the sentinel's pace, so that they come at all of its moments. */
const APART_MS = 3700;

type Component = ExperimentInput['components'][string];

/** What came of it. */
export interface Afternoon {
  ledger: LedgerDocument;
  /** Ids of the experiments. */
  ids: string[];
  losses: Loss[];
}

/** Runs the component in every region and takes members away; ends when all of them are replaced. */
export async function afternoon(stack: Stack, name: string, component: Component): Promise<Afternoon> {
  const world = await stack.world();
  const handles = await Promise.all(REGIONS.map((region) => world.start(region, specOf(name, region, component))));
  for (const handle of handles) await untilPhase(handle, ['Ready'], 180_000);
  await Promise.all(handles.map((handle) => named(world, handle)));
  await Promise.all(handles.map((handle) => loseSome(world, handle)));
  await until('the end of all lost nodes', 240_000, async () => {
    const { interruptions } = await world.ledger();
    return interruptions.every(({ endedAt }) => endedAt !== undefined) ? true : undefined;
  });
  await Promise.all(handles.map((handle) => named(world, handle)));
  const ledger = await world.ledger();
  const times = await Promise.all(handles.map(momentsOf));
  for (const handle of handles) await handle.terminate('measured');
  await world.close();
  const losses = handles.flatMap(({ workflowId }, index) => lossesOf(ledger, workflowId, times[index]!));
  if (losses.length < REGIONS.length * LOSSES) throw new Error(`only ${String(losses.length)} losses`);
  return { ledger, ids: handles.map(({ workflowId }) => workflowId), losses };
}

function specOf(name: string, region: string, component: Component): ExperimentInput {
  const types = { instanceTypes: ['m6i.large', 'm5.large'], widerTypes: ['m6a.large', 'm5a.large'] };
  const broker = { ...types, count: MEMBERS, failovers: 1000, ...component };
  return { name, regions: [region], instanceProfile: 'holdfast-node', components: { broker } };
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

interface Moments {
  /** Epoch milliseconds by instance. */
  signalled: Record<string, number>;
  promoted: Record<string, number>;
}

async function momentsOf(handle: WorkflowHandle): Promise<Moments> {
  const { interruptions } = await handle.query<ExperimentStatus>('status');
  const promoted = interruptions.flatMap(({ oldInstance, promotedAt }) =>
    promotedAt === undefined ? [] : [[oldInstance, Date.parse(promotedAt)] as const],
  );
  return { signalled: await signalTimes(handle), promoted: Object.fromEntries(promoted) };
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
export interface Loss {
  detected: number;
  asked: number;
  /** The old node was ended by our own call, which comes after readiness and promotion. */
  ended: number;
  promoted: number;
}

function lossesOf(ledger: LedgerDocument, experimentId: string, { signalled, promoted }: Moments): Loss[] {
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
        detected: since(signalled[instanceId]),
        asked: since(launch?.askedAt),
        ended: since(isByUs && next !== undefined ? endedAt : undefined),
        promoted: since(promoted[instanceId]),
      };
    });
}

/** The worst of them; infinite when something never happened. */
export function worst(seconds: number[]): { value: number; note: string } {
  const sorted = [...seconds].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const never = sorted.filter((one) => one === Infinity).length;
  const note = `${String(sorted.length)} losses, median ${median.toFixed(1)} s, ${String(never)} never`;
  return { value: sorted.at(-1) ?? Infinity, note };
}
