/** What becomes of a lost node? The decision per loss, from the component's policy and what its slot went through. */
import type { Market } from '../contracts/capacity';
import type { InterruptionRecord } from '../contracts/failover';
import type { Node } from '../contracts/messages';
import type { ComponentSpec } from '../schemas/experiment';

/** A slot that is taken away this often within the window below moves to on-demand: its spot pools are not calm. */
const THRASH_TIMES = 3;
const THRASH_WINDOW_MS = 3_600_000; // an hour: AWS's own advisor counts interruptions per month, a thrash is minutes apart

/** What to do about the lost nodes of one component in one region; asked for in one launch request. */
export interface Recovery {
  component: string;
  region: string;
  replace: Node[];
  /** Markets a replacement may be bought in. */
  markets: Market[];
}

/** The whole answer to a group of losses. */
export interface FailoverPlan {
  recoveries: Recovery[];
  /** Slots that stay empty because their component ignores losses. */
  ignored: Node[];
  /** Why the experiment cannot go on; absent when it can. */
  fatal?: string;
}

/**
 * Decides for all nodes lost within one window together.
 *
 *     broker-0 reclaimed, policy replace           -> one request for broker, markets of the spec
 *     bookkeeper-1 reclaimed for the third time in an hour -> the same, but on-demand only
 *     zookeeper-0 and zookeeper-2 of 3 reclaimed   -> one request for both
 *     a component's budget of replacements is spent -> fatal, the experiment fails as Interrupted
 */
export function planFailover(
  lost: readonly Node[],
  unhealthy: ReadonlySet<Node>,
  components: Readonly<Record<string, ComponentSpec>>,
  marketOf: (component: string) => Market[],
  history: readonly InterruptionRecord[],
  nowMs: number,
): FailoverPlan {
  const plan: FailoverPlan = { recoveries: [], ignored: [] };
  for (const node of lost) {
    const spec = components[node.component];
    const answer = unhealthy.has(node) ? 'onUnhealthy' : 'onInterruption';
    const fatal = spec === undefined ? undefined : refusal(node, answer, spec, lost, history);
    if (fatal !== undefined) plan.fatal ??= fatal;
    else if (spec?.[answer] === 'ignore') plan.ignored.push(node);
    else addTo(plan.recoveries, node, thrashes(node.slot, history, nowMs) ? ['on-demand'] : marketOf(node.component));
  }
  return plan;
}

function refusal(
  node: Node,
  answer: 'onUnhealthy' | 'onInterruption',
  spec: ComponentSpec,
  lost: readonly Node[],
  history: readonly InterruptionRecord[],
): string | undefined {
  if (spec[answer] === 'fail') return `${node.slot} was lost and ${node.component} has ${answer}: fail`;
  if (spec[answer] === 'ignore') return undefined;
  const used = history.filter((entry) => entry.component === node.component && entry.newInstance !== undefined).length;
  const wanted = lost.filter((other) => other.component === node.component).length;
  if (used + wanted <= spec.failovers) return undefined;
  return `${node.slot} was taken away and ${node.component} has used its ${String(spec.failovers)} failovers`;
}

function thrashes(slot: string, history: readonly InterruptionRecord[], nowMs: number): boolean {
  const recent = history.filter(
    (entry) => entry.slot === slot && nowMs - Date.parse(entry.detectedAt) < THRASH_WINDOW_MS,
  );
  return recent.length >= THRASH_TIMES;
}

function addTo(recoveries: Recovery[], node: Node, markets: Market[]): void {
  const known = recoveries.find(
    (entry) =>
      entry.component === node.component && entry.region === node.region && entry.markets.join() === markets.join(),
  );
  if (known === undefined)
    recoveries.push({ component: node.component, region: node.region, replace: [node], markets });
  else known.replace.push(node);
}
