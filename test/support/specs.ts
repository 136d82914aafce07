/** Specs that tests start from. */
import type { ExperimentInput } from '../../src/schemas/experiment';

/** Two components, a dependency, a step: small enough for seconds, complete enough to pass every stage. */
export function smallSpec(change: Partial<ExperimentInput> = {}): ExperimentInput {
  return {
    name: 'small',
    lease: '10m',
    regions: ['us-west-2'],
    instanceProfile: 'holdfast-node',
    poll: '100ms',
    settle: '500ms',
    components: {
      zk: { count: 3, instanceTypes: ['t3.micro'], services: ['zookeeper.service'], health: [{ tcp: 2181 }] },
      broker: {
        count: 2,
        instanceTypes: ['t3.small', 't3a.small'],
        services: ['broker.service'],
        setup: 'systemctl start broker.service',
        dependsOn: ['zk'],
      },
    },
    steps: [{ name: 'bench', on: 'broker', run: 'echo done', timeout: '1m' }],
    ...change,
  };
}
