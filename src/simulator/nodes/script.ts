/** Which script does a machine follow? The default one, over it its component's, over that the one for its ordinal. */
import type { NodeScript } from '../scenario';
import type { SimInstance, World } from '../world/state';

/** The tags that Holdfast writes and the simulator reads to tell machines apart. */
const COMPONENT = 'Component';
const EXPERIMENT = 'ExperimentID';

export function scriptOf(world: World, instance: SimInstance): NodeScript {
  const { default: base, components, overrides } = world.scenario.nodes;
  const component = instance.tags[COMPONENT];
  if (component === undefined) return base;
  const ordinal = overrides.some((rule) => rule.component === component) ? ordinalOf(world, instance) : 0;
  const special = overrides.find((rule) => rule.component === component && rule.ordinal === ordinal);
  return [components[component], special?.script].reduce<NodeScript>(layer, base);
}

/** How many instances of the same component and experiment were launched before this one, in its region. */
function ordinalOf(world: World, instance: SimInstance): number {
  let before = 0;
  for (const state of world.regions.values()) {
    if (state.name !== instance.region) continue;
    for (const other of state.instances.values()) {
      if (other.account !== instance.account || other.seq >= instance.seq) continue;
      if (other.tags[COMPONENT] !== instance.tags[COMPONENT]) continue;
      if (other.tags[EXPERIMENT] === instance.tags[EXPERIMENT]) before += 1;
    }
  }
  return before;
}

/** Maps are laid over each other by key; of lists the upper one comes first, since the first match wins. */
function layer(below: NodeScript, above: NodeScript | undefined): NodeScript {
  if (!above) return below;
  return {
    ...below,
    ...above,
    services: { ...below.services, ...above.services },
    commands: [...(above.commands ?? []), ...(below.commands ?? [])],
    steps: [...(above.steps ?? []), ...(below.steps ?? [])],
    files: { ...below.files, ...above.files },
  };
}
