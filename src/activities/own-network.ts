/** How does a region get a network of the experiment's own? Made once, or a line that says why it cannot be. */
import type { ComputePort } from '../aws/ports';
import { Failure } from '../contracts/failures';
import { ownershipTags, type Ownership } from '../contracts/names';
import type { NetworkResult } from '../contracts/network';
import type { Target } from './target';

export interface NetworkInput {
  target: Target;
  region: string;
  ownership: Ownership;
  cidr: string;
  /** Each gets a subnet. */
  zones: string[];
}

export async function makeNetwork(compute: ComputePort, input: NetworkInput): Promise<NetworkResult> {
  const { region, cidr, zones, ownership } = input;
  try {
    return { network: await compute.ensureNetwork({ cidr, zones, tags: ownershipTags(ownership) }) };
  } catch (error) {
    if (!(error instanceof Failure) || error.type !== 'Quota') throw error;
    return { problems: [`${region}: no room for a network of its own: ${error.message}`] };
  }
}
