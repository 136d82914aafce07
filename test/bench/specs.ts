/** What do the measured experiments look like? Four components that depend on each other as a message broker's do. */
import type { ExperimentInput } from '../../src/schemas/experiment';

type Component = ExperimentInput['components'][string];

/** Types of one quota family and architecture in every zone of the scenario. */
const TYPES = { instanceTypes: ['m6i.large', 'm5.large'], widerTypes: ['m6a.large', 'm5a.large'] };
const UNITS = {
  zookeeper: 'zookeeper.service',
  bookkeeper: 'bookkeeper.service',
  broker: 'pulsar-broker.service',
  client: 'load.service',
};
const CHAIN = ['zookeeper', 'bookkeeper', 'broker', 'client'] as const;

type Counts = Record<(typeof CHAIN)[number], number>;

/**
 * Four components, each with one unit that its setup starts once the component before it is ready. The lease and all
 * waits are the defaults.
 */
export function cluster(counts: Counts, change: Partial<ExperimentInput> = {}): ExperimentInput {
  const components = CHAIN.map((name, level): [string, Component] => {
    const before = CHAIN[level - 1];
    const unit = UNITS[name];
    const part: Component = {
      ...TYPES,
      count: counts[name],
      services: [unit],
      setup: `systemctl enable --now ${unit}`,
    };
    return [name, before === undefined ? part : { ...part, dependsOn: [before] }];
  });
  return { name: 'cluster', instanceProfile: 'holdfast-node', components: Object.fromEntries(components), ...change };
}

/** One component without anything to set up, for what only concerns launching. */
export function bare(count: number, change: Partial<ExperimentInput> = {}): ExperimentInput {
  return { name: 'bare', components: { node: { ...TYPES, count } }, ...change };
}
