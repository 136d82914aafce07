/** How are lost nodes replaced for callers who orchestrate themselves? One failover of nodes that `provision` made. */
import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { FailoverAdmission } from '../activities/admission';
import type { Attempt } from '../contracts/capacity';
import type { InterruptionRecord } from '../contracts/failover';
import type { Interruption } from '../contracts/interruptions';
import type { Node } from '../contracts/messages';
import { isStandby, TAG, type Ownership } from '../contracts/names';
import type { NodeProgress } from '../contracts/readiness';
import type { Loss } from '../policy/failover';
import { following } from '../policy/volumes';
import { reads } from './activity-proxies';
import { admitted, causeOf, failure, settleAll, wasCancelled } from './failure';
import { failOver, type Failover } from './failover';
import type { Provisioning } from './fill';
import { end } from './promotion';
import { adoptNodes } from './provision';
import { nameNodes } from './upkeep';
import { knowVolumes } from './volumes';

/** What `failover` alone leaves running: like the nodes of `provision`, it ends by `ExpiresAt` or by `cleanup`. */
export interface FailoverResult {
  experimentId: string;
  nodes: Node[];
  interruptions: InterruptionRecord[];
  attempts: Attempt[];
  events: string[];
}

/** What has been set going. */
interface Begun {
  bought: { instanceId: string; region: string }[];
  naming: Promise<void>[];
}

/**
 * Replaces the named slots or instances: the new nodes pass their gates, take the slots, and the old ones are ended.
 * What is not named is taken for ready. When it fails or is cancelled, nothing that it bought is left, and every node
 * that was there still is.
 */
export async function failover(input: unknown): Promise<FailoverResult> {
  const admission = await admitted(() => reads.admitFailover(input));
  const { experimentId } = admission;
  const result: FailoverResult = { experimentId, nodes: [], interruptions: [], attempts: [], events: [] };
  const found = await findLosses(admission, result);
  const begun: Begun = { bought: [], naming: [] };
  const acting = await prepare(admission, result, found, begun);
  try {
    await failOver(acting, await withVolumes(acting, result, found));
    await settleAll(begun.naming);
    return result;
  } catch (error) {
    await CancellationScope.nonCancellable(() => endUnneeded(acting, begun));
    if (wasCancelled(error)) throw error;
    const { type, message } = causeOf(error);
    throw failure(type, message, result);
  }
}

/** The members go into the result; answers with those among them that are named as lost. */
async function findLosses(admission: FailoverAdmission, result: FailoverResult): Promise<Loss[]> {
  const { target, experimentId, spec, lost } = admission;
  const where = { target, experimentId, regions: spec.regions };
  const living = new Set((await reads.findNodes(where)).map((node) => node.instanceId));
  const found = await reads.findNodes({ ...where, withEnded: true });
  const all = found.filter((node) => node.component in spec.components && !isStandby(node));
  const problems = lost
    .map((name, index) => ({ name, at: `lost.${String(index)}` }))
    .filter(({ name }) => !all.some((node) => isNamed(node, name)))
    .map(({ name, at }) => `${at}: no node of ${experimentId} is ${name}`);
  if (problems.length > 0) throw failure('InvalidInput', problems.join('\n'));
  const gone = all.filter((node) => lost.some((name) => isNamed(node, name)));
  result.nodes = all.filter((node) => living.has(node.instanceId) || gone.includes(node));
  return gone.map((node) => ({ node, notice: noticeOf(node) }));
}

/** The same losses with the volumes that follow their slots. A machine that has ended holds none any more. */
async function withVolumes({ provisioning }: Failover, result: FailoverResult, losses: Loss[]): Promise<Loss[]> {
  const lost = losses.map(({ node }) => node);
  const known = await knowVolumes(provisioning, lost);
  for (const { slot, component, volumes = [] } of known) {
    const wanted = following(provisioning.spec.components[component]).length;
    if (volumes.length < wanted)
      result.events.push(`${slot}: its machine holds no volumes any more; the next starts empty`);
  }
  result.nodes = result.nodes.map((node) => known[lost.indexOf(node)] ?? node);
  return losses.map((loss, index) => ({ ...loss, node: known[index] ?? loss.node }));
}

function isNamed({ slot, instanceId }: Node, name: string): boolean {
  return slot === name || instanceId === name;
}

function noticeOf({ instanceId, region }: Node): Interruption {
  const at = new Date(Date.now()).toISOString();
  const when = { noticeAt: at, detectedAt: at };
  return { instanceId, region, kind: 'ended', source: 'person', ...when, reason: 'named as lost' };
}

async function prepare(
  { spec, target, experimentId, installation, owner }: FailoverAdmission,
  result: FailoverResult,
  losses: Loss[],
  begun: Begun,
): Promise<Failover> {
  const expiresAt = new Date(Date.now() + spec.lease * 1000).toISOString();
  const ownership: Ownership = {
    experimentId,
    installation,
    project: spec.project,
    owner,
    expiresAt,
    extra: { ...spec.tags, [TAG.alone]: 'provision' },
  };
  const onEvent = (text: string): void => {
    result.events.push(text);
  };
  const provisioning: Provisioning = {
    ...{ target, spec, ownership, onEvent },
    onAttempt: (attempt, bought) => {
      result.attempts.push(attempt);
      begun.bought.push(...bought.map(({ instanceId }) => ({ instanceId, region: attempt.region })));
    },
  };
  const cascade = { target, experimentId, spec, onEvent, onProgress: () => undefined };
  let spares: Node[] = [];
  let progress = result.nodes.map(asReady);
  return {
    ...{
      provisioning,
      cascade,
      reported: [],
      waiting: [],
      records: result.interruptions,
      active: 0,
      warm: [],
      vacant: [],
    },
    provisioned: await adoptNodes(
      provisioning,
      losses.map(({ node }) => node),
    ),
    nodes: () => result.nodes,
    spares: () => spares,
    progress: () => progress,
    show: (change) => {
      result.nodes = change.nodes ?? result.nodes;
      spares = change.spares ?? spares;
      progress = change.progress ?? progress;
    },
    name: (nodes) => {
      begun.naming.push(nameNodes(cascade, nodes));
    },
    onActive: () => undefined,
  };
}

function asReady({ slot, component, instanceId, region, privateIp }: Node): NodeProgress {
  const since = workflowInfo().startTime.toISOString();
  const address = privateIp === undefined ? {} : { privateIp };
  return {
    slot,
    component,
    instanceId,
    region,
    at: 'ready',
    since,
    startedAt: since,
    waitedMs: 0,
    ...address,
    evidence: [],
  };
}

/** What was bought and has no slot: also what came when nobody waited for it any more. */
async function endUnneeded(acting: Failover, { bought }: Begun): Promise<void> {
  const members = new Set(acting.nodes().map((node) => node.instanceId));
  const unneeded = bought.filter((node) => !members.has(node.instanceId));
  for (const region of new Set(unneeded.map((node) => node.region))) {
    const nodes = unneeded.filter((node) => node.region === region);
    await end(acting, region, nodes, 'unneeded');
  }
}
