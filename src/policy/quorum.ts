/** May a working member of a quorum be replaced now? Never more than a minority at once by our own choice. */
import { isOpen, type InterruptionRecord } from '../contracts/failover';
import type { Node } from '../contracts/messages';
import type { ComponentSpec } from '../schemas/experiment';
import { minorityOf } from './spread';

/**
 * How many more members we may begin to replace by our own choice.
 *
 * A member is out from the moment its replacement is asked for until that has taken the slot, although the old node
 * works on meanwhile; one that AWS takes is out from its notice, and an empty slot stays out. So a majority of `count`
 * is always made of members that nothing is happening to. Below three members there is no such majority to keep, and
 * one is replaced at a time.
 *
 *     3 members, nothing lost            -> 1
 *     3 members, one being replaced      -> 0, the next waits for its promotion
 *     5 members, one taken by AWS        -> 1
 */
export function mayTakeOut(
  component: string,
  spec: Pick<ComponentSpec, 'quorum' | 'count'>,
  members: readonly Node[],
  losing: readonly Node[],
  history: readonly InterruptionRecord[],
): number {
  if (!spec.quorum) return Infinity;
  const busy = new Set([
    ...losing.map((node) => node.instanceId),
    ...history.filter(isOpen).map((record) => record.oldInstance),
  ]);
  const steady = members.filter((node) => node.component === component && !busy.has(node.instanceId)).length;
  const out = spec.count - steady;
  return Math.max(0, Math.max(1, minorityOf(spec.count)) - out);
}
