/** May a quorum lose a pool? How many of its members one pool may hold, and which pools hold too many. */
import { poolKey, type LaunchedNode } from '../contracts/capacity';
import type { ComponentSpec } from '../schemas/experiment';

type Member = Pick<LaunchedNode, 'zone' | 'instanceType' | 'market'>;

/** Below three members the loss of any one ends the quorum, so no spread helps. */
const SMALLEST_SPREAD = 3;

/** One line for each pool whose loss would take the quorum with it; none for components without a quorum. */
export function spreadProblems(
  component: string,
  spec: Pick<ComponentSpec, 'quorum' | 'count'>,
  members: readonly Member[],
): string[] {
  if (!spec.quorum || spec.count < SMALLEST_SPREAD) return [];
  return [...countByPool(members)]
    .filter(([, held]) => held > minorityOf(spec.count))
    .map(
      ([pool, held]) =>
        `${component}: ${String(held)} of ${String(spec.count)} members are in ${pool}; ` +
        `losing that pool loses the quorum. Name more instanceTypes or zones.`,
    );
}

/** Keys of the pools that hold as many members as they may: a further one would make them a majority. */
export function fullPools(spec: Pick<ComponentSpec, 'quorum' | 'count'>, members: readonly Member[]): Set<string> {
  if (!spec.quorum || spec.count < SMALLEST_SPREAD) return new Set();
  const full = [...countByPool(members)].filter(([, held]) => held >= minorityOf(spec.count));
  return new Set(full.map(([pool]) => pool));
}

/** How many members may be out while the rest still decide. */
export function minorityOf(count: number): number {
  return Math.floor((count - 1) / 2);
}

function countByPool(members: readonly Member[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const member of members) {
    const key = poolKey({ region: '', ...member });
    counts.set(key, (counts.get(key) ?? 0) + 1);
  }
  return counts;
}
