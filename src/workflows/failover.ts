/** How is the loss of nodes made good? A standby or a new node passes the gates, takes the slot, and the old one ends. */
import type { InterruptionRecord } from '../contracts/failover';
import { FORCED_KINDS, type Interruption } from '../contracts/interruptions';
import type { Node } from '../contracts/messages';
import type { NodeProgress } from '../contracts/readiness';
import type { FailoverPlan, Loss } from '../policy/failover';
import { allOrNone, causeOf, failure, settleAll, wasCancelled } from './failure';
import type { Provisioning } from './fill';
import { drain } from './hooks';
import { decide, empty } from './loss-book';
import { end, lenient, prove, recordsOf, takeOver, type Recovering } from './promotion';
import { replaceNodes, type Lost, type Provisioned } from './provision';
import type { Cascade } from './readiness';
import { promoteStandbys, warmStandbys } from './standby';
import { knowVolumes } from './volumes';

/** What a failover works on and changes. */
export interface Failover {
  provisioning: Provisioning;
  provisioned: Provisioned;
  cascade: Cascade;
  /** The one queue of what replaces nodes: notices that nobody has acted on yet. */
  reported: Interruption[];
  /** Notices that cannot be acted on yet; they are reported again whenever a failover ends. */
  waiting: Interruption[];
  /** Every loss of the run so far. */
  records: InterruptionRecord[];
  /** Failovers under way. */
  active: number;
  /** Instance ids of standbys that passed their gates. */
  warm: string[];
  /** Standby slots whose node went, or was promoted. */
  vacant: Lost[];
  /** Who holds which slot. */
  nodes: () => Node[];
  /** What runs and holds none. */
  spares: () => Node[];
  progress: () => NodeProgress[];
  /** Takes over what has changed, and shows it. */
  show: (change: { nodes?: Node[]; spares?: Node[]; progress?: NodeProgress[] }) => void;
  /** Writes their slots on nodes that have just taken one. */
  name: (nodes: Node[]) => void;
  /** Told when the first failover begins and when the last one has ended. */
  onActive: (isActive: boolean) => void;
}

/**
 * Acts on losses that were noticed together. Throws `Interrupted` or `Capacity` when a component cannot go on without
 * what it lost; what is replaced by our own choice never fails anything.
 */
export async function failOver(failover: Failover, group: Loss[]): Promise<void> {
  const plan = decide(failover, group);
  if (plan.fatal !== undefined) throw failure('Interrupted', plan.fatal);
  const drains = startDrains(failover, group, plan);
  if (plan.recoveries.length > 0) {
    failover.active += 1;
    failover.onActive(true);
    const losses = new Map(group.map((loss) => [loss.node.instanceId, loss]));
    try {
      await allOrNone(plan.recoveries.map((recovery) => () => recover({ failover, recovery, losses, drains })));
    } finally {
      failover.active -= 1;
      if (failover.active === 0) failover.onActive(false);
      failover.reported.push(...failover.waiting.splice(0));
    }
  }
  await settleAll([...drains.values()]);
}

/** Nodes that are going anyway, or fail, drain at once; those we replace by choice work until they are relieved. */
function startDrains(
  failover: Failover,
  group: Loss[],
  { recoveries, ignored }: FailoverPlan,
): Map<string, Promise<void>> {
  const now = group.filter(
    (loss) =>
      (ignored.includes(loss) && FORCED_KINDS.includes(loss.notice.kind)) ||
      recoveries.some(({ isPlanned, replace }) => !isPlanned && replace.includes(loss.node)),
  );
  return new Map(now.map(({ node, notice }) => [node.instanceId, drain(failover, node, notice)]));
}

async function recover(recovering: Recovering): Promise<void> {
  const { failover, recovery } = recovering;
  if (recovery.isPlanned || recovery.isRestart) return renew(recovering, recovery.replace);
  const standbys = warmStandbys(failover, recovery.component).length;
  const relieved = recovery.replace.slice(0, standbys);
  const others = recovery.replace.slice(standbys);
  // What no standby can relieve is asked for at once, not after the look at the standbys.
  await allOrNone([
    () => renew(recovering, others),
    async () => renew(recovering, await promoteStandbys(recovering, relieved)),
  ]);
}

/** The last misses are enough for a failure; the timeline has them all. */
const MISSES_TOLD = 3;

/** One request for new nodes; those that pass the gates take the slots together. */
async function renew(recovering: Recovering, lost: Node[]): Promise<void> {
  const { failover, recovery } = recovering;
  if (lost.length === 0) return;
  const nodes = await buy(recovering, lost);
  const short = without(lost, nodes);
  await goWithout(recovering, short, 'Capacity', 'no pool had room for a replacement');
  const spec = lenient(failover.cascade.spec, recovery.component);
  const replace = (missed: Lost[]): Promise<Node[]> => buyAgain(recovering, missed);
  const misses: string[] = [];
  const onMiss = (text: string): void => {
    misses.push(text);
  };
  const proven = await prove(failover, { nodes, replaced: recovery.replace, spec, replace, isShown: true, onMiss });
  const ready = await knowVolumes(failover.provisioning, proven);
  await takeOver(recovering, ready, false);
  const unproven = without(lost, [...ready, ...short]);
  failover.show({ spares: failover.spares().filter((node) => !unproven.some((old) => old.slot === node.slot)) });
  await goWithout(
    recovering,
    unproven,
    'Interrupted',
    ['no replacement passed its gates', ...misses.slice(-MISSES_TOLD)].join('; '),
  );
}

function without(nodes: Node[], others: Node[]): Node[] {
  return nodes.filter((node) => !others.some((other) => other.slot === node.slot));
}

function buy(recovering: Recovering, lost: Node[]): Promise<Node[]> {
  const { failover, recovery, losses, drains } = recovering;
  const entries = lost.map((node): Lost => {
    const notice = losses.get(node.instanceId)?.notice;
    const isGoing = notice !== undefined && FORCED_KINDS.includes(notice.kind);
    return {
      node,
      ended: isGoing,
      planned: recovery.isPlanned,
      drain: () => drains.get(node.instanceId) ?? drain(failover, node, notice),
      ...(isGoing ? { code: notice.reason } : {}),
    };
  });
  return order(recovering, entries);
}

/** A replacement that missed a gate, or was itself taken, gets the next generation. */
function buyAgain(recovering: Recovering, missed: Lost[]): Promise<Node[]> {
  const { failover } = recovering;
  const gone = new Set(missed.map(({ node }) => node.instanceId));
  failover.show({ spares: failover.spares().filter((node) => !gone.has(node.instanceId)) });
  return order(recovering, missed);
}

/** One launch request. What can never be bought fails the experiment, unless we only wanted it otherwise. */
async function order({ failover, recovery }: Recovering, entries: Lost[]): Promise<Node[]> {
  const { provisioning, provisioned } = failover;
  try {
    const nodes = await replaceNodes(provisioning, provisioned, entries, recovery.markets);
    failover.show({ spares: [...failover.spares(), ...nodes] });
    return nodes;
  } catch (error) {
    if (!recovery.isPlanned || wasCancelled(error)) throw error;
    provisioning.onEvent(`${recovery.component}: ${causeOf(error).message}`);
    return [];
  }
}

/** Nothing came for these slots: a working node keeps its own, and a lost one leaves it empty if enough are left. */
async function goWithout(
  { failover, recovery }: Recovering,
  nodes: Node[],
  type: 'Capacity' | 'Interrupted',
  why: string,
): Promise<void> {
  if (nodes.length === 0) return;
  const names = nodes.map((node) => node.slot).join(', ');
  for (const record of recordsOf(failover.records, nodes)) record.missed = why;
  failover.provisioning.onEvent(`${names}: ${why}${recovery.isPlanned ? '; everything stays as it is' : ''}`);
  if (recovery.isPlanned) return;
  empty(failover, nodes);
  const part = failover.provisioning.spec.components[recovery.component];
  const left = failover.nodes().filter((node) => node.component === recovery.component).length;
  if (left < (part?.minReady ?? part?.count ?? 0)) throw failure(type, `${names}: ${why}`);
  await end(failover, recovery.region, nodes, 'lost');
}
