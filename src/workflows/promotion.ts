/** How does a node come to hold a slot? It passes the gates, takes over in one moment, and the old node is ended. */
import { CancellationScope } from '@temporalio/workflow';
import type { InterruptionRecord } from '../contracts/failover';
import type { Interruption } from '../contracts/interruptions';
import type { Node } from '../contracts/messages';
import type { NodeProgress } from '../contracts/readiness';
import type { Loss, Recovery } from '../policy/failover';
import type { ExperimentSpec } from '../schemas/experiment';
import { mutations } from './activity-proxies';
import { settleAll } from './failure';
import type { Failover } from './failover';
import { drain, tellPeers } from './hooks';
import type { Lost } from './provision';
import { proveReady, type Cascade } from './readiness';

/** One recovery while it goes on. */
export interface Recovering {
  failover: Failover;
  recovery: Recovery;
  /** What was noticed, by instance id; a member that only restarts with the others is not in it. */
  losses: ReadonlyMap<string, Loss>;
  /** Drains that began with the notice, by instance id. */
  drains: ReadonlyMap<string, Promise<void>>;
}

/** What is looked at, and beside whom. */
interface Trial {
  nodes: Node[];
  /** Members whose place they take: not their peers. */
  replaced: readonly Node[];
  spec: ExperimentSpec;
  /** Buys another for one that missed a gate, as often as the component allows. */
  replace?: (missed: Lost[]) => Promise<Node[]>;
  /** Whether they are shown among the nodes of the work. */
  isShown: boolean;
  onMiss?: Cascade['onMiss'];
}

/**
 * The nodes that pass all gates, looked at beside the members that are ready; the others are ended. Several trials go
 * on beside each other: each shows its own nodes, and waits for those of the others.
 */
export async function prove(failover: Failover, trial: Trial): Promise<Node[]> {
  const { target, experimentId, onEvent } = failover.cascade;
  const { nodes, replaced, replace, isShown, onMiss } = trial;
  if (nodes.length === 0) return [];
  const gone = new Set(replaced.map((node) => node.instanceId));
  let own = new Set(nodes.map((node) => node.instanceId));
  const others = (): NodeProgress[] => failover.progress().filter(({ instanceId }) => !own.has(instanceId));
  const onProgress = (now: NodeProgress[]): void => {
    const rest = others();
    own = new Set([...own, ...now.map((entry) => entry.instanceId)]);
    if (isShown) failover.show({ progress: [...rest, ...now] });
  };
  const standing = (): NodeProgress[] =>
    others().filter((entry) => entry.at === 'ready' && !gone.has(entry.instanceId));
  const spec = withoutIgnored(trial.spec);
  return proveReady(
    {
      ...{ target, experimentId, onEvent, spec, standing, onProgress },
      ...(replace === undefined ? {} : { replace }),
      ...(onMiss === undefined ? {} : { onMiss }),
    },
    nodes,
  );
}

/** Nobody waits for members that stay away for good. */
function withoutIgnored(spec: ExperimentSpec): ExperimentSpec {
  const parts = Object.entries(spec.components).map(([name, part]) => {
    return [name, part.onInterruption === 'ignore' ? { ...part, minReady: 0 } : part] as const;
  });
  return { ...spec, components: Object.fromEntries(parts) };
}

/** A spec in which no missing node of the component ends the cascade: who came through is all that is asked. */
export function lenient(spec: ExperimentSpec, component: string, gateSeconds = Infinity): ExperimentSpec {
  const part = spec.components[component];
  if (part === undefined) return spec;
  const limits = Object.entries(part.limits).map(([gate, limit]) => [gate, Math.min(limit, gateSeconds)] as const);
  const shortened = { ...part.limits, ...Object.fromEntries(limits) };
  return { ...spec, components: { ...spec.components, [component]: { ...part, minReady: 0, limits: shortened } } };
}

function isAmong(nodes: readonly { instanceId: string }[], { instanceId }: { instanceId: string }): boolean {
  return nodes.some((node) => node.instanceId === instanceId);
}

/** The ready nodes take their slots together; then the peers are told, and the old nodes drained and ended. */
export async function takeOver(recovering: Recovering, ready: Node[], wereStandbys: boolean): Promise<void> {
  const { failover, recovery, losses, drains } = recovering;
  if (ready.length === 0) return;
  const old = recovery.replace.filter((node) => ready.some((fresh) => fresh.slot === node.slot));
  noteReady(failover, old, ready);
  failover.show({
    nodes: [...failover.nodes().filter((node) => !isAmong(old, node)), ...ready],
    spares: failover.spares().filter((node) => !isAmong(ready, node)),
    progress: failover.progress().filter((entry) => !isAmong(old, entry)),
  });
  failover.name(ready);
  for (const { slot, instanceId, generation } of ready)
    failover.provisioning.onEvent(`${slot} is now ${instanceId}, generation ${String(generation)}`);
  await tellPeers(failover, recovery.component, ready, wereStandbys);
  await settleAll(
    old.map((node) => drains.get(node.instanceId) ?? drain(failover, node, losses.get(node.instanceId)?.notice)),
  );
  await end(failover, recovery.region, old, 'replaced');
}

function noteReady(failover: Failover, old: Node[], ready: Node[]): void {
  const now = new Date(Date.now()).toISOString();
  for (const record of recordsOf(failover.records, old)) {
    const node = ready.find((entry) => entry.slot === record.slot);
    if (node === undefined) continue;
    const runningAt = failover
      .progress()
      .find((entry) => entry.instanceId === node.instanceId)
      ?.evidence.find((entry) => entry.gate === 'ec2')?.at;
    const times = { ...(runningAt === undefined ? {} : { runningAt }), readyAt: now, promotedAt: now };
    Object.assign(record, { newInstance: node.instanceId, newPool: poolOf(node), ...times });
  }
}

/** The record of what was noticed about a node, before anything is done. */
export function recordOf(node: Node, { kind, reason, noticeAt, detectedAt }: Interruption): InterruptionRecord {
  const { slot, component, instanceId } = node;
  return { slot, component, kind, oldInstance: instanceId, reason, pool: poolOf(node), noticeAt, detectedAt };
}

/** The records of nodes that nothing has come of yet. */
export function recordsOf(records: InterruptionRecord[], nodes: readonly Node[]): InterruptionRecord[] {
  return records.filter(
    (record) =>
      record.promotedAt === undefined &&
      record.missed === undefined &&
      nodes.some((node) => node.instanceId === record.oldInstance),
  );
}

/** `zone/type/market`, as records have it. */
function poolOf({ zone, instanceType, market }: Node): string {
  return `${zone}/${instanceType}/${market}`;
}

/** Ends nodes, also while the experiment is being cancelled. */
export async function end(
  { provisioning }: Failover,
  region: string,
  nodes: readonly { instanceId: string }[],
  why: string,
): Promise<void> {
  if (nodes.length === 0) return;
  const ids = nodes.map((node) => node.instanceId);
  const summary = `end ${String(ids.length)} ${why} nodes`;
  await CancellationScope.nonCancellable(() =>
    mutations.terminate.executeWithOptions({ summary }, [{ target: provisioning.target, region, ids }]),
  );
}
