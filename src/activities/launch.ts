/** How are nodes bought once, whatever happens to the reply? One request, looked for by its name before it is repeated. */
import { createHash } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { ComputePort, FleetRequest } from '../aws/ports';
import type { Architecture, LaunchedNode, Market, PoolOffer, Refusal } from '../contracts/capacity';
import { ownershipTags, TAG, type Ownership } from '../contracts/names';
import type { Target } from './target';

export interface LaunchInput {
  target: Target;
  region: string;
  ownership: Ownership;
  component: string;
  /** Unique per request of a run; the same for its retries and after a reset. */
  launchId: string;
  /** The run in which the launch id was made; another run id means a reset or a continuation. */
  firstRunId: string;
  templateName: string;
  market: Market;
  allocation: FleetRequest['allocation'];
  offers: PoolOffer[];
  images: Partial<Record<Architecture, string>>;
  count: number;
}

export interface LaunchResult {
  nodes: LaunchedNode[];
  refusals: Refusal[];
  /** True when the instances were found by their LaunchID rather than bought by this attempt. */
  recovered: boolean;
}

/** EC2 shows a new instance within a minute; until then part of a fleet may be missing from what it lists. */
const VISIBLE_AFTER_MS = 60_000;

/**
 * Looks before it repeats: what an earlier try brought is the answer when it is the whole count, or old enough to be
 * all there is. A younger part is none: the same token brings the first reply again, and nothing twice.
 */
export async function launch(compute: ComputePort, input: LaunchInput): Promise<LaunchResult> {
  const { attempt, workflowExecution } = Context.current().info;
  if (attempt > 1 || workflowExecution?.runId !== input.firstRunId) {
    const found = await compute.launchedBy(input.launchId);
    const isSettled = found.every((node) => Date.now() - Date.parse(node.launchedAt) > VISIBLE_AFTER_MS);
    if (found.length >= input.count || (found.length > 0 && isSettled)) {
      return { nodes: found.map(plainNode), refusals: [], recovered: true };
    }
  }
  const reply = await compute.fleet(fleetRequest(input));
  return { nodes: reply.nodes, refusals: reply.refusals, recovered: false };
}

function fleetRequest(input: LaunchInput): FleetRequest {
  const pools = input.offers.flatMap((offer) => {
    const imageId = input.images[offer.architecture];
    if (imageId === undefined) return [];
    return [{ zone: offer.zone, subnetId: offer.subnetId, instanceType: offer.instanceType, imageId }];
  });
  const request = {
    templateName: input.templateName,
    market: input.market,
    allocation: input.allocation,
    pools,
    count: input.count,
    tags: ownershipTags(input.ownership, { [TAG.component]: input.component, [TAG.launchId]: input.launchId }),
  };
  // The token stands for the launch and for every detail of the request: a retry repeats it, any change makes another.
  return { ...request, clientToken: hash(JSON.stringify([input.launchId, request])) };
}

/** A node without what EC2 says of it beside. */
export function plainNode(node: LaunchedNode): LaunchedNode {
  return { instanceId: node.instanceId, instanceType: node.instanceType, zone: node.zone, market: node.market };
}

/** 64 hexadecimal characters: the longest client token EC2 takes. */
export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
