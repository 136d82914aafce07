/** How are the nodes proven ready? Looks until every component is complete, with replacements for nodes that miss. */
import { CancellationScope, condition } from '@temporalio/workflow';
import type { ComponentChecks } from '../activities/machine-checks';
import type { Observed } from '../activities/readiness';
import type { Target } from '../activities/target';
import type { Node } from '../contracts/messages';
import type { NodeProgress } from '../contracts/readiness';
import { enter, waitsForOthers } from '../policy/readiness';
import type { ExperimentSpec } from '../schemas/experiment';
import { looks, mutations } from './activity-proxies';
import { failure } from './failure';
import type { Lost } from './provision';
import { inOwnScope } from './scope';

/** What the cascade works on and tells. */
export interface Cascade {
  target: Target;
  experimentId: string;
  spec: ExperimentSpec;
  /** Told after each look that returned, without the standing. */
  onProgress: (progress: NodeProgress[]) => void;
  onEvent: (text: string) => void;
  /** Told of each node that missed a gate: which gate, and what was last seen. */
  onMiss?: (text: string) => void;
  /** Whether a node that missed a gate is ended; false for nodes that are somebody else's to end. */
  endMissed?: boolean;
  /** Nodes that are ready by now: others may depend on them, and none of them is judged here. Asked again as they change. */
  standing?: () => NodeProgress[];
  /** Launches replacements; whatever comes is returned. Absent: a node that misses a gate is not replaced. */
  replace?: (lost: Lost[]) => Promise<Node[]>;
}

/** How often a state that changed is reported although nothing completed. */
const REPORT_MS = 10_000;
/** Seconds between looks: a look at few nodes is three calls, at hundreds of them one per kind and page. */
function pollSeconds(nodes: number): number {
  if (nodes > 100) return 5;
  return nodes > 20 ? 2 : 1;
}

/**
 * Proves the nodes ready and returns them with their addresses, or throws `GateFailed` naming gate, node and evidence.
 * A node that misses a gate is ended and replaced, as often as its component allows; after that the component goes on
 * without it when `minReady` are left, and fails when they are not.
 */
export function proveReady(cascade: Cascade, initial: Node[]): Promise<Node[]> {
  return inOwnScope(() => lookUntilReady(cascade, initial));
}

async function lookUntilReady(cascade: Cascade, initial: Node[]): Promise<Node[]> {
  const components = checksOf(cascade.spec);
  const replaced: Record<string, number> = {};
  let nodes = initial;
  let progress = nodes.map((node) => enter(node, new Date().toISOString()));
  let carried: Carried = { asked: [] };
  // What a look found ended stands no more, whatever is still said of it.
  const gone = new Set<string>();
  const standing = (): NodeProgress[] => (cascade.standing?.() ?? []).filter((entry) => !gone.has(entry.instanceId));
  cascade.onProgress(progress);
  for (;;) {
    const seen = await lookOnce(cascade, components, progress, carried, standing);
    if (seen === undefined) continue;
    for (const entry of seen.nodes.filter((one) => one.at === 'failed')) gone.add(entry.instanceId);
    progress = seen.nodes.filter((entry) => isJudged(entry, nodes));
    carried = { asked: seen.asked, ...(seen.nextAt === undefined ? {} : { nextAt: seen.nextAt }) };
    const failed = progress.filter((entry) => entry.at === 'failed');
    if (failed.length > 0) {
      const lost = nodes.filter((node) => failed.some((entry) => entry.instanceId === node.instanceId));
      if (cascade.endMissed !== false) await end(cascade, lost);
      const fresh = await replacements(cascade, failed, lost, replaced);
      nodes = [...nodes.filter((node) => !lost.includes(node)), ...fresh];
      const freshly = fresh.map((node) => enter(node, new Date().toISOString()));
      progress = [...progress.filter((entry) => entry.at !== 'failed'), ...freshly];
      assertEnough(components, [...standing(), ...progress], failed);
    }
    cascade.onProgress(progress);
    if (progress.every((entry) => entry.at === 'ready')) return withAddresses(nodes, progress);
  }
}

function isJudged(entry: NodeProgress, nodes: Node[]): boolean {
  return nodes.some((node) => node.instanceId === entry.instanceId);
}

/** What one call hands to the next, whatever became of the nodes. */
type Carried = Pick<Observed, 'asked' | 'nextAt'>;

/** One look, given up without an answer when what the nodes wait for has come to stand beside them meanwhile. */
async function lookOnce(
  cascade: Cascade,
  components: Record<string, ComponentChecks>,
  progress: NodeProgress[],
  carried: Carried,
  standing: () => NodeProgress[],
): Promise<Observed | undefined> {
  const all = (): NodeProgress[] => [...standing(), ...progress];
  const isHeldUp = (): boolean => progress.some((node) => waitsForOthers(node, all(), components));
  if (cascade.standing === undefined || !isHeldUp()) return observe(cascade, components, all(), carried);
  const scope = new CancellationScope();
  return scope.run(async () => {
    const looking = observe(cascade, components, all(), carried);
    const free = condition(() => !isHeldUp()).then(() => undefined);
    try {
      return await Promise.race([looking, free]);
    } finally {
      scope.cancel();
      await Promise.allSettled([looking, free]);
    }
  });
}

function observe(
  cascade: Cascade,
  components: Record<string, ComponentChecks>,
  nodes: NodeProgress[],
  carried: Carried,
): Promise<Observed> {
  const ready = nodes.filter((node) => node.at === 'ready').length;
  const poll = cascade.spec.poll ?? pollSeconds(nodes.length);
  const summary = `watch ${String(nodes.length)} nodes, ${String(ready)} ready`;
  return looks.observeNodes.executeWithOptions({ summary }, [
    {
      target: cascade.target,
      experimentId: cascade.experimentId,
      nodes,
      ...carried,
      components,
      pollMs: poll * 1000,
      reportMs: REPORT_MS,
    },
  ]);
}

/** Ends nodes that missed a gate; also while the experiment is being cancelled. */
async function end(cascade: Cascade, lost: Node[]): Promise<void> {
  for (const region of new Set(lost.map((node) => node.region))) {
    const ids = lost.filter((node) => node.region === region).map((node) => node.instanceId);
    const summary = `end ${String(ids.length)} nodes that missed a gate`;
    await CancellationScope.nonCancellable(() =>
      mutations.terminate.executeWithOptions({ summary }, [{ target: cascade.target, region, ids }]),
    );
  }
}

async function replacements(
  cascade: Cascade,
  failed: NodeProgress[],
  lost: Node[],
  replaced: Record<string, number>,
): Promise<Node[]> {
  const wanted = lost.filter((node) => {
    const used = replaced[node.component] ?? 0;
    const isAllowed =
      cascade.replace !== undefined && used < (cascade.spec.components[node.component]?.replacements ?? 0);
    if (isAllowed) replaced[node.component] = used + 1;
    const text = missed(failed, node);
    cascade.onEvent(`${text}${isAllowed ? ', replacing it' : ', not replaced'}`);
    cascade.onMiss?.(text);
    return isAllowed;
  });
  if (wanted.length === 0 || cascade.replace === undefined) return [];
  return cascade.replace(wanted.map((node) => lossOf(node, failed)));
}

function lossOf(node: Node, failed: NodeProgress[]): Lost {
  const last = failed.find((entry) => entry.instanceId === node.instanceId)?.evidence.at(-1);
  return { node, ended: last?.gate === 'ec2', ...(last?.code === undefined ? {} : { code: last.code }) };
}

function missed(failed: NodeProgress[], node: Node): string {
  const progress = failed.find((entry) => entry.instanceId === node.instanceId);
  return progress === undefined ? `${node.slot} (${node.instanceId}) failed` : missText(progress);
}

/** Names gate, node and evidence. */
function missText({ slot, instanceId, evidence }: NodeProgress): string {
  const last = evidence.at(-1);
  if (last === undefined) return `${slot} (${instanceId}) failed without evidence`;
  return `${slot} (${instanceId}) missed gate ${last.gate} after ${(last.afterMs / 1000).toFixed(0)} s: ${last.seen}`;
}

function assertEnough(
  components: Record<string, ComponentChecks>,
  progress: NodeProgress[],
  failed: NodeProgress[],
): void {
  for (const entry of failed) {
    const needed = components[entry.component]?.minReady ?? 1;
    const left = progress.filter((other) => other.component === entry.component).length;
    if (left >= needed) continue;
    const need = `${entry.component} has ${String(left)} of the ${String(needed)} nodes it needs`;
    throw failure('GateFailed', `${missText(entry)}; ${need}`, { slot: entry.slot, evidence: entry.evidence.at(-1) });
  }
}

/** The checks of each component as the observation needs them. */
function checksOf(spec: ExperimentSpec): Record<string, ComponentChecks> {
  const entries = Object.entries(spec.components).map(([name, part]): [string, ComponentChecks] => [
    name,
    {
      dependsOn: part.dependsOn,
      limits: part.limits,
      count: part.count,
      minReady: part.minReady ?? part.count,
      viaSsm: (part.instanceProfile ?? spec.instanceProfile) !== undefined,
      services: part.services,
      health: part.health as ComponentChecks['health'],
      ...(part.setup === undefined ? {} : { setup: part.setup }),
    },
  ]);
  return Object.fromEntries(entries);
}

function withAddresses(nodes: Node[], progress: NodeProgress[]): Node[] {
  return nodes.map((node) => {
    const privateIp = progress.find((entry) => entry.instanceId === node.instanceId)?.privateIp;
    return privateIp === undefined ? node : { ...node, privateIp };
  });
}
