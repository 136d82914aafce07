/** What becomes of a lost node? The decision per loss, from the component's policy and what its slot went through. */
import type { Market } from '../contracts/capacity';
import { isOpen, type InterruptionRecord, type LossKind } from '../contracts/failover';
import { FORCED_KINDS, PLANNED_KINDS, type Interruption } from '../contracts/interruptions';
import type { Node } from '../contracts/messages';
import type { ComponentSpec } from '../schemas/experiment';
import { mayTakeOut } from './quorum';

/** A slot that is taken away this often within the window below moves to on-demand: its spot pools are not calm. */
const THRASH_TIMES = 3;
const THRASH_WINDOW_MS = 3_600_000; // an hour: AWS's own advisor counts interruptions per month, a thrash is minutes apart

/** A member, and what was noticed about it. */
export interface Loss {
  node: Node;
  notice: Interruption;
}

/** What to do about nodes of one component in one region; asked for in one launch request. */
export interface Recovery {
  component: string;
  region: string;
  replace: Node[];
  /** Markets a replacement may be bought in. */
  markets: Market[];
  /** By our own choice: when nothing can be bought, everything stays as it is. */
  isPlanned: boolean;
  /** Every member goes, and the new ones take their slots in one moment. */
  isRestart: boolean;
}

/** The whole answer to a group of losses. */
export interface FailoverPlan {
  recoveries: Recovery[];
  /** Losses that nothing is done about, by the component's policy. */
  ignored: Loss[];
  /** Replacements that would take out too much of a quorum now; to be asked again when another has ended. */
  later: Loss[];
  /** Why the experiment cannot go on; absent when it can. */
  fatal?: string;
}

/** Everything the answer is made from. */
export interface FailoverQuestion {
  losses: readonly Loss[];
  /** Who holds which slot, the lost ones among them. */
  members: readonly Node[];
  components: Readonly<Record<string, ComponentSpec>>;
  marketsOf: (component: string) => Market[];
  history: readonly InterruptionRecord[];
  nowMs: number;
}

/**
 * Decides for all nodes lost within one window together.
 *
 *     broker-0 reclaimed, policy replace           -> one request for broker, markets of the spec
 *     bookkeeper-1 reclaimed for the third time in an hour -> the same, but on-demand only
 *     zookeeper-0 and zookeeper-2 of 3 reclaimed   -> one request for both
 *     worker-3 reclaimed, policy restart-all       -> one request for every worker
 *     zookeeper-0 and zookeeper-2 of 3 to return to spot -> zookeeper-0; zookeeper-2 later, it is a quorum
 *     a component's budget of replacements is spent -> fatal, the experiment fails as Interrupted
 */
export function planFailover(question: FailoverQuestion): FailoverPlan {
  const plan: FailoverPlan = { recoveries: [], ignored: [], later: [] };
  // What AWS takes is out whatever we choose, and what is charged counts before any choice is made.
  const inOrder = [...question.losses].sort((a, b) => urgency(a) - urgency(b));
  for (const loss of inOrder) {
    const spec = question.components[loss.node.component];
    if (spec !== undefined) decide(plan, question, loss, spec);
  }
  return plan;
}

function decide(plan: FailoverPlan, question: FailoverQuestion, loss: Loss, spec: ComponentSpec): void {
  const { node } = loss;
  const chosen = plan.recoveries.flatMap(({ replace }) => replace);
  if (chosen.includes(node)) return;
  const answer = answerTo(loss, spec, question.marketsOf(node.component));
  if (answer === 'ignore') {
    plan.ignored.push(loss);
    return;
  }
  const fatal = refusal(question, loss, spec, answer);
  if (fatal !== undefined) {
    plan.fatal ??= fatal;
    return;
  }
  if (!isForced(loss) && roomFor(question, chosen, node.component, spec) < 1) {
    plan.later.push(loss);
    return;
  }
  const all = answer === 'restart-all' ? steadyMembers(question, node) : [node];
  addTo(plan.recoveries, {
    component: node.component,
    region: node.region,
    replace: all.filter((member) => !chosen.includes(member)),
    markets: marketsFor(question, loss),
    isPlanned: isPlanned(loss),
    isRestart: answer === 'restart-all',
  });
}

type Answer = ComponentSpec['onInterruption'];

/** What the component's policy says of this loss. */
function answerTo({ notice }: Loss, spec: ComponentSpec, markets: readonly Market[]): Answer {
  const isWhole = spec.onInterruption === 'restart-all';
  switch (notice.kind) {
    case 'replace':
      return isWhole ? 'restart-all' : 'replace';
    // Neither is worth the restart of a whole component.
    case 'return':
      return isWhole || !markets.includes('spot') ? 'ignore' : 'replace';
    case 'at-risk':
      return isWhole || spec.onInterruption === 'ignore' ? 'ignore' : 'replace';
    case 'unhealthy':
      return spec.onUnhealthy;
    default:
      return spec.onInterruption;
  }
}

function refusal(
  { losses, history }: FailoverQuestion,
  { node, notice }: Loss,
  spec: ComponentSpec,
  answer: Answer,
): string | undefined {
  const [gone, policy] =
    notice.kind === 'unhealthy' ? ['failed its checks', 'onUnhealthy'] : ['was taken away', 'onInterruption'];
  if (answer === 'fail') return `${node.slot} ${gone} and ${node.component} has ${policy}: fail`;
  if (!isCharged(notice.kind)) return undefined;
  const wanted = losses.filter((other) => other.node.component === node.component && isCharged(other.notice.kind));
  if (failoversUsed(node.component, history) + wanted.length <= spec.failovers) return undefined;
  return `${node.slot} ${gone} and ${node.component} has used its ${String(spec.failovers)} failovers`;
}

/** How much of its budget a component has used: the losses that somebody else caused and that were answered. */
export function failoversUsed(component: string, history: readonly InterruptionRecord[]): number {
  return history.filter(
    (entry) => entry.component === component && entry.askedAt !== undefined && isCharged(entry.kind),
  ).length;
}

function isCharged(kind: LossKind): boolean {
  return kind === 'reclaim' || kind === 'ended' || kind === 'unhealthy';
}

function urgency(loss: Loss): number {
  if (isForced(loss)) return 0;
  return isPlanned(loss) ? 2 : 1;
}

function isForced({ notice }: Loss): boolean {
  return FORCED_KINDS.includes(notice.kind);
}

function isPlanned({ notice }: Loss): boolean {
  return PLANNED_KINDS.includes(notice.kind);
}

function roomFor(
  { losses, members, history }: FailoverQuestion,
  chosen: readonly Node[],
  component: string,
  spec: ComponentSpec,
): number {
  const forced = losses.filter(isForced).map(({ node }) => node);
  return mayTakeOut(component, spec, members, [...forced, ...chosen], history);
}

/** The members of the node's component that nobody is replacing yet, itself among them. */
function steadyMembers({ members, history }: FailoverQuestion, { component }: Node): Node[] {
  const open = new Set(history.filter(isOpen).map((record) => record.oldInstance));
  return members.filter((node) => node.component === component && !open.has(node.instanceId));
}

function marketsFor({ marketsOf, history, nowMs }: FailoverQuestion, { node, notice }: Loss): Market[] {
  if (notice.kind === 'return') return ['spot'];
  return thrashes(node.slot, notice, history, nowMs) ? ['on-demand'] : marketsOf(node.component);
}

function thrashes(slot: string, notice: Interruption, history: readonly InterruptionRecord[], nowMs: number): boolean {
  const recent = history.filter(
    (entry) =>
      entry.slot === slot &&
      FORCED_KINDS.some((kind) => kind === entry.kind) &&
      nowMs - Date.parse(entry.detectedAt) < THRASH_WINDOW_MS,
  );
  return recent.length + (FORCED_KINDS.includes(notice.kind) ? 1 : 0) >= THRASH_TIMES;
}

function addTo(recoveries: Recovery[], next: Recovery): void {
  const known = recoveries.find(
    (entry) =>
      entry.component === next.component &&
      entry.region === next.region &&
      entry.isPlanned === next.isPlanned &&
      entry.isRestart === next.isRestart &&
      entry.markets.join() === next.markets.join(),
  );
  if (known === undefined) recoveries.push(next);
  else known.replace.push(...next.replace);
}
