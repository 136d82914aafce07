/** In which order are security groups deleted that name each other, and which of them lose their rules first? */

/** Group `by` has a rule that names group `names`. */
export interface Reference {
  by: string;
  names: string;
}

/**
 * AWS deletes no group that a rule of another one names, and the rules of a group go with it. So the fewest possible
 * groups are emptied, and the others are deleted before those they name.
 */
export interface GroupOrder {
  /** Groups whose rules that name one of the doomed are revoked first; not all of them are doomed. */
  empty: string[];
  /** The doomed, all of one wave at the same time. */
  waves: string[][];
}

export function groupOrder(doomed: readonly string[], references: readonly Reference[]): GroupOrder {
  const crossing = references.filter(({ by, names }) => by !== names && doomed.includes(names));
  const empty = new Set(crossing.map(({ by }) => by).filter((by) => !doomed.includes(by)));
  for (;;) {
    const open = crossing.filter(({ by }) => !empty.has(by));
    const { waves, stuck } = peel(doomed, open);
    if (stuck.length === 0) return { empty: [...empty], waves };
    empty.add(busiest(stuck, open));
  }
}

/** Takes away, again and again, what no remaining group names; what is left names each other in a circle. */
function peel(doomed: readonly string[], references: readonly Reference[]): { waves: string[][]; stuck: string[] } {
  const waves: string[][] = [];
  let rest = [...doomed];
  for (;;) {
    const named = new Set(references.filter(({ by }) => rest.includes(by)).map(({ names }) => names));
    const free = rest.filter((group) => !named.has(group));
    if (free.length === 0) return { waves, stuck: rest };
    waves.push(free);
    rest = rest.filter((group) => named.has(group));
    if (rest.length === 0) return { waves, stuck: [] };
  }
}

/** The one whose emptying frees most of the others that are stuck. */
function busiest(stuck: string[], references: readonly Reference[]): string {
  const frees = (group: string): number =>
    new Set(references.filter(({ by, names }) => by === group && stuck.includes(names)).map(({ names }) => names)).size;
  const [first = '', ...others] = stuck;
  return others.reduce((best, group) => (frees(group) > frees(best) ? group : best), first);
}
