/** Who is told that a pool is lost? The failover, of the other members there, within the window of the loss itself. */
import { condition } from '@temporalio/workflow';
import { isOpen } from '../contracts/failover';
import type { Interruption } from '../contracts/interruptions';
import { siblingsAtRisk } from '../policy/at-risk';
import type { Failover } from './failover';

/** Reports the siblings of nodes that AWS takes back, until it is cancelled. */
export async function watchPools(failover: Failover): Promise<never> {
  const { reported, provisioning } = failover;
  const seen = new Set<string>();
  for (;;) {
    await condition(() => reported.some((one) => !seen.has(keyOf(one))));
    const losses = reported.filter((one) => !seen.has(keyOf(one)));
    for (const loss of losses) seen.add(keyOf(loss));
    const nodes = [...failover.nodes(), ...failover.spares()];
    const atRisk = siblingsAtRisk({
      losses,
      nodes,
      components: provisioning.spec.components,
      settled: new Set([
        ...reported.map((one) => one.instanceId),
        ...failover.records.filter(isOpen).map((one) => one.oldInstance),
      ]),
      at: new Date().toISOString(),
    });
    if (atRisk.length === 0) continue;
    const ids = new Set(atRisk.map((one) => one.instanceId));
    const slots = nodes.filter((node) => ids.has(node.instanceId)).map((node) => node.slot);
    provisioning.onEvent(`at risk in the same pool, replaced before they go: ${slots.join(', ')}`);
    reported.push(...atRisk);
  }
}

function keyOf({ instanceId, kind }: Interruption): string {
  return `${kind} ${instanceId}`;
}
