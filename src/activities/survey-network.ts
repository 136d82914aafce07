/** Which subnets does a region have for a spec, and what stands against its network? */
import type { ComputePort, Subnet } from '../aws/ports';
import { namedNetworkProblems } from '../policy/named-network';
import { roomPerZone } from '../policy/own-network';
import type { ExperimentSpec } from '../schemas/experiment';

interface Question {
  region: string;
  spec: ExperimentSpec;
  /** Which types are offered in which zones. */
  offerings: Promise<{ zone: string }[]>;
  signal: AbortSignal;
}

interface Ground {
  /** Of a network that is still to be made: one per zone, without an id. */
  subnets: Subnet[];
  problems: string[];
}

type NamedNetwork = Exclude<NonNullable<ExperimentSpec['network']>, { create: true }>;

export async function surveyNetwork(compute: ComputePort, question: Question): Promise<Ground> {
  const { region, spec, signal } = question;
  if (spec.network === undefined) {
    const subnets = await compute.subnets(undefined, { signal });
    const missing = `${region} has no default VPC with subnets; name some with network.subnetIds, or network.create`;
    return { subnets, problems: subnets.length === 0 ? [missing] : [] };
  }
  if (!('create' in spec.network)) return named(compute, question, spec.network);
  const zones = [...new Set((await question.offerings).map(({ zone }) => zone))];
  const freeAddresses = roomPerZone(spec.network.cidr);
  return { subnets: zones.map((zone) => ({ zone, subnetId: '', vpcId: '', freeAddresses })), problems: [] };
}

async function named(compute: ComputePort, { region, signal }: Question, network: NamedNetwork): Promise<Ground> {
  const { vpcId, subnetIds, securityGroupIds } = network;
  const [subnets, groups] = await Promise.all([
    compute.subnets(subnetIds, { signal }),
    securityGroupIds.length === 0 ? [] : compute.securityGroups(securityGroupIds, { signal }),
  ]);
  const ids = new Set([...(vpcId === undefined ? [] : [vpcId]), ...subnets.map((subnet) => subnet.vpcId)]);
  const vpcs = ids.size === 0 ? [] : await compute.vpcs([...ids], { signal });
  return { subnets, problems: namedNetworkProblems(region, network, { subnets, groups, vpcs }) };
}
