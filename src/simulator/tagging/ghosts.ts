/**
 * What does the tagging index hold? It learns of resources and tags late, and forgets ended ones later still:
 * a source of candidates, neither sound nor complete.
 */
import type { HandlerContext, ResourceType, SimResource } from '../world/state';
import { regionState } from '../world/world';

const MINUTE = 60_000;

/**
 * How long an ended resource is still returned, by reports of users: instances about an hour (boto/boto3#1704), volumes
 * over 20 minutes (aws/aws-cli#4173), fleets "long after" (aws/aws-cli#8197; 24 h is invented). Types not named: at once.
 */
const GHOST_MS: Partial<Record<ResourceType, number>> = {
  instance: 60 * MINUTE,
  volume: 20 * MINUTE,
  fleet: 24 * 60 * MINUTE,
};

/** Not resources of the tagging API. */
const LEFT_OUT = new Set<ResourceType>(['step']);

/** What GetResources can see of a region now, in order of creation. Resources never tagged are not in the index. */
export function indexed(ctx: HandlerContext, now: number): SimResource[] {
  return [...regionState(ctx).all.values()].filter((resource) => isIndexed(resource, now));
}

function isIndexed(resource: SimResource, now: number): boolean {
  if (LEFT_OUT.has(resource.type) || now < resource.tagsIndexedAt) return false;
  if (Object.keys(resource.tags).length === 0) return false;
  return resource.endedAt === undefined || now < resource.endedAt + (GHOST_MS[resource.type] ?? 0);
}
