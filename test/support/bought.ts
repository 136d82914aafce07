/** How does an activity test get nodes of a component? Bought from the bench's simulator, without any workflow. */
import type { NodeProgress } from '../../src/contracts/readiness';
import { enter } from '../../src/policy/readiness';
import type { Bench } from './activity-bench';

const REGION = 'us-west-2';
const IMAGE = '/aws/service/canonical/ubuntu/server/24.04/stable/current/{arch}/hvm/ebs-gp3/ami-id';

/** So many nodes of a component of `exp-1`, at their first gate. */
export async function bought(bench: Bench, component: string, count: number): Promise<NodeProgress[]> {
  const compute = bench.cloud.compute(REGION);
  const subnets = await compute.subnets(undefined);
  const imageId = (await compute.image({ ssmParameter: IMAGE }, 'x86_64')) ?? '';
  const tags = { ExperimentID: 'exp-1', ManagedBy: 'holdfast', Component: component };
  const [name, instanceProfile] = [`holdfast-${component}`, 'node'];
  await compute.ensureTemplate({ name, securityGroupIds: [], volumes: [], tags, instanceProfile });
  const { nodes } = await compute.fleet({
    templateName: name,
    market: 'spot',
    allocation: 'price-capacity-optimized',
    pools: subnets.map(({ zone, subnetId }) => ({ zone, subnetId, instanceType: 't3.micro', imageId })),
    count,
    clientToken: component,
    tags: { ...tags, LaunchID: component },
  });
  return nodes.map(({ instanceId }, index) =>
    enter({ slot: `${component}-${index}`, component, instanceId, region: REGION }, new Date().toISOString()),
  );
}
