/** Which wrong specs do tests send? Every example and the small spec with a mistake, in every kind in turn. */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { mutationsOf, shuffled, type Json, type Mutation } from './mutations';
import { smallSpec } from './specs';

const EXAMPLES = join(__dirname, '../../examples');
const SEED = 20_261;

export interface MutatedSpec extends Mutation {
  /** The spec that was right before. */
  from: string;
}

/** The right ones, by name. */
export function rightSpecs(): [name: string, spec: Json][] {
  const files = readdirSync(EXAMPLES).filter((name) => name.endsWith('.yaml'));
  const all = files.map((name): [string, Json] => [name, parse(readFileSync(join(EXAMPLES, name), 'utf8')) as Json]);
  const experiments = all.filter(([, spec]) => typeof spec === 'object' && spec !== null && 'components' in spec);
  return [...experiments, ['smallSpec', smallSpec() as Json]];
}

/** A seeded choice of specs with one mistake that holds every kind of mutation and every spec; all when it may. */
export function mutatedSpecs(count = Infinity): MutatedSpec[] {
  return mixed(rightSpecs()).slice(0, count);
}

/** As many that differ as are asked for: all with one mistake, then some with two, of which one may hide the other. */
export function manyMutatedSpecs(count: number): { specs: MutatedSpec[]; withOne: number } {
  const once = mutatedSpecs();
  const twice = once.flatMap(({ from, spec }, index) => {
    const again = mixed([[from, spec]]);
    const first = index % again.length;
    return again.slice(first, first + 1);
  });
  const differing = (all: MutatedSpec[]): MutatedSpec[] => [
    ...new Map(all.map((one) => [JSON.stringify(one.spec), one])).values(),
  ];
  return { specs: differing([...once, ...twice]).slice(0, count), withOne: differing(once).length };
}

function mixed(specs: [name: string, spec: Json][]): MutatedSpec[] {
  const all = specs.flatMap(([from, spec]) => mutationsOf(spec).map((mutation) => ({ from, ...mutation })));
  const kinds = [...new Set(all.map((one) => one.kind))];
  const inNoOrder = shuffled(all, SEED);
  const perKind = kinds.map((kind) => inNoOrder.filter((one) => one.kind === kind));
  // One of each kind in turn, so that rare kinds are as present as type changes, of which there are hundreds.
  const rounds = Math.max(...perKind.map((list) => list.length));
  const turns = Array.from({ length: rounds }, (_, round) => perKind.flatMap((list) => list.slice(round, round + 1)));
  return turns.flat();
}
