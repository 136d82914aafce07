/** What is a network that an experiment makes for itself? */

/** Its block is cut into 2^3 equal parts, one for each zone: no region has more than six. */
export const ZONE_BITS = 3;

/** A network of one experiment in one region, as it was made. */
export interface OwnNetwork {
  vpcId: string;
  cidr: string;
  /** Subnet by zone. */
  subnets: Record<string, string>;
}

/** `problems`: the region cannot have one, one line each; another region may. */
export type NetworkResult = { network: OwnNetwork } | { problems: string[] };
