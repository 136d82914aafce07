/** How does an experiment survive the loss of nodes? Replace, prove ready, promote, end the old: beside the steps. */
import { CancellationScope, condition, sleep } from '@temporalio/workflow';
import type { InterruptionRecord } from '../contracts/failover';
import type { Interruption } from '../contracts/interruptions';
import type { Node } from '../contracts/messages';
import type { NodeProgress } from '../contracts/readiness';
import { planFailover, type Recovery } from '../policy/failover';
import type { ExperimentSpec } from '../schemas/experiment';
import { looks, mutations } from './activity-proxies';
import { allOrNone, causeOf, failure } from './failure';
import type { Provisioning } from './fill';
import { marketsOf, replaceNodes, type Provisioned } from './provision';
import { proveReady, type Cascade } from './readiness';

/** What a failover works on and changes. */
export interface Failover {
  provisioning: Provisioning;
  provisioned: Provisioned;
  cascade: Cascade;
  /** Losses reported and not yet acted on; the signal handler adds to it. */
  reported: Interruption[];
  /** Every loss of the run so far. */
  records: InterruptionRecord[];
  nodes: () => Node[];
  progress: () => NodeProgress[];
  /** Takes over the nodes after a promotion and shows them. */
  promote: (nodes: Node[]) => void;
  onChange: () => void;
}

/** Losses this close together are one request per component: over 92 % of a pool's siblings fall within minutes. */
const WINDOW_MS = 2000;
/** The machine is gone at the end of its notice; this much of it is left for ending the drain. */
const DRAIN_MARGIN_MS = 15_000;
/** A drain without a known end of notice gets a minute: half of what AWS gives. */
const DRAIN_DEFAULT_MS = 60_000;

/** Does the work while losses are acted on beside it; whichever fails first ends both. */
export async function guarded<T>(failover: Failover, work: () => Promise<T>): Promise<T> {
  const guard = new CancellationScope();
  const watching = guard.run(() => guardNodes(failover));
  try {
    return await Promise.race([work(), watching]);
  } finally {
    guard.cancel();
    // Nothing is still launching when teardown begins to look.
    await watching.catch(() => undefined);
  }
}

/** Acts on reported losses until it is cancelled; throws `Interrupted` or `Capacity` when it cannot go on. */
async function guardNodes(failover: Failover): Promise<never> {
  const under: Promise<void>[] = [];
  // A failover may wait for the nodes of another, so none outlives the first that cannot go on.
  const acts = new CancellationScope();
  let fatal: Error | undefined;
  try {
    for (;;) {
      await condition(() => failover.reported.length > 0 || fatal !== undefined);
      if (fatal !== undefined) throw fatal;
      await sleep(WINDOW_MS, { summary: 'gathering losses of the same moment' });
      const acting = acts.run(() => failOver(failover, takeReported(failover)));
      const acted = acting.catch((error: unknown) => {
        fatal ??= error instanceof Error ? error : failure('Internal', String(error));
        acts.cancel();
      });
      under.push(acted);
    }
  } finally {
    await Promise.all(under);
  }
}

/** Whether every loss so far has its replacement, or needs none. */
export function isWhole({ reported, records }: Failover): boolean {
  return (
    reported.length === 0 && records.every((record) => record.promotedAt !== undefined || record.askedAt === undefined)
  );
}

/** Each lost instance once, and only those that still hold a slot. */
function takeReported(failover: Failover): { node: Node; loss: Interruption }[] {
  const known = new Set(failover.records.map((record) => record.oldInstance));
  const losses = failover.reported.splice(0);
  return losses.flatMap((loss, index) => {
    const node = failover.nodes().find((entry) => entry.instanceId === loss.instanceId);
    const isFirst = losses.findIndex((other) => other.instanceId === loss.instanceId) === index;
    return node === undefined || known.has(loss.instanceId) || !isFirst ? [] : [{ node, loss }];
  });
}

async function failOver(failover: Failover, group: { node: Node; loss: Interruption }[]): Promise<void> {
  if (group.length === 0) return;
  const { provisioning } = failover;
  const { spec } = provisioning;
  const before = [...failover.records];
  for (const { node, loss } of group) failover.records.push(recordOf(failover, node, loss));
  for (const { node, loss } of group) provisioning.onEvent(`${node.slot} (${node.instanceId}) is lost: ${loss.reason}`);
  const lost = group.map(({ node }) => node);
  const plan = planFailover(lost, spec.components, (name) => marketsOf(spec, name), before, Date.now());
  if (plan.fatal !== undefined) throw failure('Interrupted', plan.fatal);
  for (const node of plan.ignored) provisioning.onEvent(`${node.slot} stays empty: onInterruption is ignore`);
  const drains = group.map(({ node, loss }) => drain(failover, node, loss));
  await allOrNone(plan.recoveries.map((recovery) => () => recover(failover, recovery, group)));
  await Promise.all(drains);
  if (isWhole(failover)) provisioning.onEvent('every slot is filled again');
}

function recordOf(failover: Failover, node: Node, loss: Interruption): InterruptionRecord {
  return {
    slot: node.slot,
    component: node.component,
    oldInstance: node.instanceId,
    reason: loss.reason,
    pool: poolOf(node),
    noticeAt: loss.noticeAt,
    detectedAt: loss.detectedAt,
  };
}

function poolOf({ zone, instanceType, market }: Node): string {
  return `${zone}/${instanceType}/${market}`;
}

/** One request for the group, readiness of what came, then promotion; the old nodes are ended last. */
async function recover(
  failover: Failover,
  recovery: Recovery,
  group: { node: Node; loss: Interruption }[],
): Promise<void> {
  const { provisioning, provisioned } = failover;
  const records = failover.records.filter((record) =>
    recovery.replace.some((node) => node.instanceId === record.oldInstance),
  );
  const now = (): string => new Date(Date.now()).toISOString();
  for (const record of records) record.askedAt = now();
  failover.onChange();
  const lost = recovery.replace.map((node) => {
    const loss = group.find((entry) => entry.node.instanceId === node.instanceId)?.loss;
    return { node, ended: loss?.kind !== 'unhealthy', ...(loss === undefined ? {} : { code: loss.reason }) };
  });
  const fresh = await replaceNodes(provisioning, provisioned, lost, recovery.markets);
  if (fresh.length < recovery.replace.length) {
    const missing = String(recovery.replace.length - fresh.length);
    throw failure('Capacity', `${recovery.component}: no pool had room for ${missing} replacements`);
  }
  const ready = await prove(failover, recovery, fresh);
  for (const record of records) {
    const node = ready.find((entry) => entry.slot === record.slot);
    if (node === undefined) continue;
    Object.assign(record, { newInstance: node.instanceId, newPool: poolOf(node), readyAt: now() });
  }
  const slots = new Set(ready.map((node) => node.slot));
  failover.promote([...failover.nodes().filter((node) => !slots.has(node.slot)), ...ready]);
  for (const record of records) record.promotedAt = now();
  for (const node of ready)
    provisioning.onEvent(`${node.slot} is now ${node.instanceId}, generation ${String(node.generation)}`);
  failover.onChange();
  await tellPeers(failover, recovery.component, slots);
  await endOld(failover, recovery);
}

/** Several failovers go on beside each other: each shows its own nodes, and waits for those of the others. */
async function prove(failover: Failover, { replace }: Recovery, fresh: Node[]): Promise<Node[]> {
  const { cascade, progress } = failover;
  const gone = new Set(replace.map((node) => node.instanceId));
  let own = new Set(fresh.map((node) => node.instanceId));
  const others = (): NodeProgress[] =>
    progress().filter(({ instanceId }) => !gone.has(instanceId) && !own.has(instanceId));
  const onProgress = (now: NodeProgress[]): void => {
    const rest = others();
    own = new Set([...own, ...now.map((entry) => entry.instanceId)]);
    cascade.onProgress([...rest, ...now]);
  };
  const standing = (): NodeProgress[] => others().filter((entry) => entry.at === 'ready');
  return proveReady({ ...cascade, spec: withoutIgnored(cascade.spec), onProgress, standing }, fresh);
}

/** Nobody waits for members that stay away for good. */
function withoutIgnored(spec: ExperimentSpec): ExperimentSpec {
  const parts = Object.entries(spec.components).map(([name, part]) => {
    return [name, part.onInterruption === 'ignore' ? { ...part, minReady: 0 } : part] as const;
  });
  return { ...spec, components: Object.fromEntries(parts) };
}

/** Flushes the doomed node inside its notice. What goes wrong here is told and changes nothing: the node goes anyway. */
async function drain(failover: Failover, node: Node, loss: Interruption): Promise<void> {
  const script = failover.provisioning.spec.components[node.component]?.onDrain;
  if (script === undefined) return;
  const leftMs = loss.endsAt === undefined ? DRAIN_DEFAULT_MS : Date.parse(loss.endsAt) - Date.now() - DRAIN_MARGIN_MS;
  if (leftMs <= 0) return;
  await runHook(failover, { name: `drain-${node.slot}`, script, seconds: Math.ceil(leftMs / 1000), nodes: [node] });
}

async function tellPeers(failover: Failover, component: string, replaced: Set<string>): Promise<void> {
  const script = failover.provisioning.spec.components[component]?.onReplace;
  const nodes = failover.nodes().filter((node) => node.component === component && !replaced.has(node.slot));
  if (script === undefined || nodes.length === 0) return;
  await runHook(failover, { name: `replaced-${[...replaced].join('-')}`, script, seconds: 60, nodes });
}

interface Hook {
  name: string;
  script: string;
  seconds: number;
  nodes: Node[];
}

async function runHook(failover: Failover, { name, script, seconds, nodes }: Hook): Promise<void> {
  const { provisioning, cascade } = failover;
  const [first] = nodes;
  if (first === undefined) return;
  const scope = CancellationScope.withTimeout((seconds + 5) * 1000, () =>
    looks.runStep.executeWithOptions({ summary: `hook ${name}` }, [
      {
        target: provisioning.target,
        experimentId: cascade.experimentId,
        region: first.region,
        step: {
          name: 'hook',
          on: [first.component],
          run: script,
          env: {},
          timeout: seconds,
          onDisturbed: 'keep' as const,
        },
        token: `hook-${name}-${first.instanceId}`,
        ids: nodes.map((node) => node.instanceId),
        peers: failover.nodes(),
        pollMs: 1000,
      },
    ]),
  );
  await scope.catch((error: unknown) => {
    provisioning.onEvent(`hook ${name} did not end well: ${causeOf(error).message}`);
  });
}

async function endOld({ provisioning }: Failover, { region, replace }: Recovery): Promise<void> {
  const ids = replace.map((node) => node.instanceId);
  const summary = `end ${String(ids.length)} replaced nodes`;
  await CancellationScope.nonCancellable(() =>
    mutations.terminate.executeWithOptions({ summary }, [{ target: provisioning.target, region, ids }]),
  );
}
