/** Who may talk to the nodes of a component? Its security groups, made where they are missing. */
import type { ComputePort } from '../aws/ports';
import { TAG } from '../contracts/names';
import { acceptedBy } from '../policy/own-network';
import type { ExperimentSpec } from '../schemas/experiment';

interface GroupsInput {
  spec: ExperimentSpec;
  vpcId: string;
  /** Begins the name of every group. */
  prefix: string;
  tags: Record<string, string>;
}

/** Groups by component: in a network of its own one for each, else one for the experiment beside those it names. */
export async function ensureGroups(compute: ComputePort, input: GroupsInput): Promise<Record<string, string[]>> {
  const { spec, vpcId, prefix, tags } = input;
  if (spec.network !== undefined && 'create' in spec.network) return ensureOwnGroups(compute, input);
  const group = await compute.ensureSecurityGroup({ name: prefix, vpcId, ingress: spec.ingress, tags });
  const groups = [group, ...(spec.network?.securityGroupIds ?? [])];
  return Object.fromEntries(Object.keys(spec.components).map((name) => [name, groups]));
}

async function ensureOwnGroups(
  compute: ComputePort,
  { spec, vpcId, prefix, tags }: GroupsInput,
): Promise<Record<string, string[]>> {
  const names = Object.keys(spec.components);
  const making = names.map(async (name): Promise<[string, string]> => {
    const own = { ...tags, [TAG.component]: name };
    const request = { name: `${prefix}-${name}`, vpcId, ingress: spec.ingress, tags: own };
    return [name, await compute.ensureSecurityGroup(request)];
  });
  await Promise.allSettled(making); // nothing is still being made when the next attempt comes
  const groups = new Map(await Promise.all(making));
  const opening = [...groups].map(([name, id]) => {
    const others = acceptedBy(spec, name).flatMap((other) => groups.get(other) ?? []);
    return compute.allowFrom(id, others);
  });
  await Promise.all(opening);
  return Object.fromEntries([...groups].map(([name, id]) => [name, [id]]));
}
