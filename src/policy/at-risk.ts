/** Which nodes are likely to be the next when AWS takes one back? The other members of its pool. */
import { poolKey } from '../contracts/capacity';
import type { Interruption } from '../contracts/interruptions';
import { isStandby } from '../contracts/names';
import type { Node } from '../contracts/messages';
import type { ComponentSpec } from '../schemas/experiment';
import { nodeCode } from './interruptions';
import { classify } from './refusals';

/** Everything the answer is made from. */
export interface RiskQuestion {
  /** What was just noticed. */
  losses: readonly Interruption[];
  /** What runs, the lost ones among them; of standbys only their own loss counts. */
  nodes: readonly Node[];
  components: Readonly<Record<string, Pick<ComponentSpec, 'onInterruption'>>>;
  /** Instances that are being replaced, or whose loss is known. */
  settled: ReadonlySet<string>;
  /** ISO time. */
  at: string;
}

/**
 * A notice per sibling of a node that AWS takes back for want of capacity: in over 92 % of cases the same type in the
 * same zone falls within three minutes (Spot-and-Scoot, arXiv 2604.16457), so it is replaced like a lost one, in
 * another pool and while it still works. One replacement per sibling, which ends the sibling when it takes its slot:
 * no more launches than nodes lost and at risk, and nothing that stays on beside.
 *
 *     a-0 and a-1 in us-west-2a/m6i.large/spot, a-0 instance-terminated-no-capacity -> a-1 at risk
 *     a-0 ended by a person, unhealthy, on-demand, or a rebalance recommendation    -> nobody at risk
 *     a-1 of a component that does not replace its nodes one by one                 -> left alone
 */
export function siblingsAtRisk({ losses, nodes, components, settled, at }: RiskQuestion): Interruption[] {
  const lost = new Map(losses.filter(takesPool).map((loss) => [loss.instanceId, loss]));
  const pools = new Map<string, Interruption>();
  for (const node of nodes) {
    const loss = lost.get(node.instanceId);
    if (loss !== undefined && node.market === 'spot') pools.set(poolKey(node), loss);
  }
  return nodes.flatMap((node): Interruption[] => {
    const loss = pools.get(poolKey(node));
    const isReplaced = components[node.component]?.onInterruption === 'replace' && !isStandby(node);
    if (loss === undefined || !isReplaced || settled.has(node.instanceId) || lost.has(node.instanceId)) return [];
    const { instanceId, region } = node;
    const when = { noticeAt: loss.noticeAt, detectedAt: at };
    return [{ instanceId, region, kind: 'at-risk', source: 'policy', ...when, reason: 'pool-lost' }];
  });
}

/** Whether AWS took the node for a reason that holds for its whole pool. */
function takesPool({ kind, reason }: Interruption): boolean {
  if (kind !== 'reclaim' && kind !== 'ended') return false;
  const meaning = nodeCode(reason)?.meaning;
  return (meaning === 'going' || meaning === 'gone') && classify(reason).scope === 'pool';
}
