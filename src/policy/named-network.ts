/** Is the network that a spec names there, and may it be used? */
import { MANAGED_BY, TAG } from '../contracts/names';

/** What the spec names. */
interface Named {
  vpcId?: string | undefined;
  subnetIds: string[];
  securityGroupIds: string[];
}

/** What the region has of it, and the VPCs it lies in. */
export interface NetworkFound {
  subnets: { subnetId: string; vpcId: string }[];
  groups: { groupId: string; vpcId: string }[];
  vpcs: { vpcId: string; tags: Record<string, string> }[];
}

/** One line per mistake; empty when all of it is there, in one VPC that outlives the experiment. */
export function namedNetworkProblems(region: string, named: Named, found: NetworkFound): string[] {
  const home = named.vpcId ?? found.subnets.find(({ subnetId }) => subnetId === named.subnetIds[0])?.vpcId;
  const subnetHome = new Map(found.subnets.map(({ subnetId, vpcId }) => [subnetId, vpcId]));
  const groupHome = new Map(found.groups.map(({ groupId, vpcId }) => [groupId, vpcId]));
  const vpcs = new Map(found.vpcs.map((vpc) => [vpc.vpcId, vpc.tags]));
  const problems = [
    ...(named.vpcId === undefined || vpcs.has(named.vpcId) ? [] : [`VPC ${named.vpcId} does not exist here`]),
    ...named.subnetIds.flatMap((id) => misplaced(`subnet ${id}`, subnetHome.get(id), home)),
    ...named.securityGroupIds.flatMap((id) => misplaced(`security group ${id}`, groupHome.get(id), home)),
    ...(home === undefined ? [] : ending(home, vpcs.get(home) ?? {})),
  ];
  return problems.map((problem) => `${region}: ${problem}`);
}

function misplaced(what: string, vpcId: string | undefined, home: string | undefined): string[] {
  if (vpcId === undefined) return [`${what} does not exist here, or is not available`];
  return home === undefined || vpcId === home ? [] : [`${what} is in ${vpcId}, not in ${home}`];
}

/** Nodes of another experiment would keep the cleanup of this network's owner from ending. */
function ending(vpcId: string, tags: Record<string, string>): string[] {
  const owner = tags[TAG.experimentId];
  if (tags[TAG.managedBy] !== MANAGED_BY || owner === undefined) return [];
  return [`VPC ${vpcId} was made by experiment ${owner} and ends with it; name one that nobody deletes`];
}
