/** In which region does each component end up? Regions and markets in turn, until one pass holds a whole group. */
import { regionPasses, type RegionPass } from '../policy/chain';
import type { ExperimentSpec } from '../schemas/experiment';
import { failure, settleAll } from './failure';

/** Why a pass could not bring a component. */
export interface Short {
  reason: 'Quota' | 'Capacity';
  advice: string;
}

/** What is done on the way: an experiment buys, a plan only looks. */
export interface Visits<F> {
  /** Comes into a region, the first time and again; answers with what stands against it. */
  enter: (region: string) => Promise<string[]>;
  /** Fills one component in a pass; `next` is the pass that comes when this one is left. */
  fill: (component: string, pass: RegionPass, next: RegionPass | undefined) => Promise<F>;
  /** Gives up what was filled in a region that does not hold the whole group. */
  leave: (region: string, filled: F[]) => Promise<void>;
}

/**
 * What every component was filled with. With `placement: together` a region that cannot hold all of them is left
 * whole. Throws `Capacity` or `Quota` when the last pass comes short, `InvalidRequest` when no region can be used.
 */
export async function fillAll<F extends { short?: Short }>(spec: ExperimentSpec, visits: Visits<F>): Promise<F[]> {
  const names = Object.keys(spec.components);
  const groups = spec.placement === 'together' ? [names] : names.map((name) => [name]);
  return (await settleAll(groups.map((group) => fillGroup(spec, group, visits)))).flat();
}

async function fillGroup<F extends { short?: Short }>(
  spec: ExperimentSpec,
  group: string[],
  { enter, fill, leave }: Visits<F>,
): Promise<F[]> {
  const passes = regionPasses(spec.regions, widestPolicy(spec, group));
  let last: Short | undefined;
  const unusable: string[] = [];
  for (const [index, pass] of passes.entries()) {
    const problems = await enter(pass.region);
    if (problems.length > 0) {
      unusable.push(...problems.filter((problem) => !unusable.includes(problem)));
      continue;
    }
    const filled = await settleAll(group.map((name) => fill(name, pass, passes[index + 1])));
    const short = filled.find((entry) => entry.short !== undefined)?.short;
    if (short === undefined) return filled;
    last = short;
    await leave(pass.region, filled);
  }
  if (last === undefined) throw failure('InvalidRequest', unusable.join('\n'));
  throw failure(last.reason, [last.advice, ...unusable].join('\n'));
}

/** The passes must reach whatever any of the components may buy; the others keep to their own markets in them. */
function widestPolicy(spec: ExperimentSpec, group: string[]): ExperimentSpec['market'] {
  const policies = group.map((name) => spec.components[name]?.market ?? spec.market);
  const [first] = policies;
  return first !== undefined && policies.every((policy) => policy === first) ? first : 'spot-then-on-demand';
}

/** Nodes to ask for: the members, and the standbys beside them. */
export function wantedOf(spec: ExperimentSpec, component: string): number {
  const part = spec.components[component];
  return part === undefined ? 0 : part.count + part.standby;
}
