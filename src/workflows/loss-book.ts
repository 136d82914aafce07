/** What is to be done about losses, and what is written down of them before anything is done? */
import { FORCED_KINDS, type Interruption } from '../contracts/interruptions';
import type { Node } from '../contracts/messages';
import { planFailover, type FailoverPlan, type Loss } from '../policy/failover';
import { failure } from './failure';
import type { Failover } from './failover';
import { recordOf, recordsOf } from './promotion';
import { marketsOf } from './provision';

/** What is going to happen, written down: from here on the slots count as being replaced. */
export function decide(failover: Failover, group: Loss[]): FailoverPlan {
  const { provisioning, records } = failover;
  const { spec } = provisioning;
  const plan = planFailover({
    losses: group,
    members: failover.nodes(),
    components: spec.components,
    marketsOf: (name) => marketsOf(spec, name),
    history: records,
    nowMs: Date.now(),
  });
  failover.waiting.push(...plan.later.map(({ notice }) => notice));
  for (const { node } of plan.later) provisioning.onEvent(`${node.slot} is replaced later: it is part of a quorum`);
  for (const loss of plan.ignored) ignore(failover, loss);
  const settled = [...plan.ignored, ...plan.later];
  writeDown(
    failover,
    group.filter((loss) => !settled.includes(loss)),
    plan,
  );
  return plan;
}

function writeDown({ provisioning, records }: Failover, acted: Loss[], { recoveries }: FailoverPlan): void {
  for (const { node, notice } of acted) {
    records.push(recordOf(node, notice));
    provisioning.onEvent(`${node.slot} (${node.instanceId}) ${lossText(notice)}: ${notice.reason}`);
  }
  const known = new Set(acted.map(({ node }) => node));
  const replaced = recoveries.flatMap(({ replace }) => replace);
  for (const node of replaced.filter((member) => !known.has(member)))
    records.push({ ...recordOf(node, restartOf(acted, node.component)), kind: 'restart' });
  for (const record of recordsOf(records, replaced)) record.askedAt = new Date(Date.now()).toISOString();
}

/** A node that AWS takes leaves its slot empty; one that only might be taken, or only ails, keeps it. */
function ignore(failover: Failover, { node, notice }: Loss): void {
  const isGoing = FORCED_KINDS.includes(notice.kind);
  if (isGoing || notice.kind === 'unhealthy')
    failover.records.push({ ...recordOf(node, notice), missed: 'its component ignores it' });
  if (isGoing) empty(failover, [node]);
  failover.provisioning.onEvent(`${node.slot} (${node.instanceId}) ${notice.kind}: ignored by its component's policy`);
}

function lossText({ kind }: Interruption): string {
  if (FORCED_KINDS.includes(kind)) return 'is lost';
  return kind === 'unhealthy' ? 'fails its checks' : `is replaced (${kind})`;
}

/** A member that restarts with the others goes for the reason of the first of them that was lost. */
function restartOf(acted: Loss[], component: string): Interruption {
  const first = acted.find(({ node }) => node.component === component);
  if (first === undefined) throw failure('Internal', `${component} restarts although none of it was lost`);
  return { ...first.notice, reason: `restart with ${first.node.slot}: ${first.notice.reason}` };
}

/** The slots of these nodes stay empty. */
export function empty(failover: Failover, nodes: Node[]): void {
  const gone = new Set(nodes.map((node) => node.instanceId));
  failover.show({
    nodes: failover.nodes().filter((node) => !gone.has(node.instanceId)),
    progress: failover.progress().filter((entry) => !gone.has(entry.instanceId)),
  });
}
