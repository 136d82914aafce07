/**
 * What does the tagging index hold? It learns of resources and tags late, and forgets ended ones later still:
 * a source of candidates, neither sound nor complete.
 */
import { tagsSeen } from '../world/resources';
import type { HandlerContext, SimResource, Tags } from '../world/state';
import { regionState } from '../world/world';

/** A resource with the tags that the index has of it. */
export interface Indexed {
  resource: SimResource;
  tags: Tags;
}

/** What GetResources can see of a region now, in order of creation. Resources never tagged are not in the index. */
export function indexed(ctx: HandlerContext, now: number): Indexed[] {
  const ghosts = ctx.world.scenario.listings.tagGhostSeconds;
  const found: Indexed[] = [];
  for (const resource of regionState(ctx).all.values()) {
    if (resource.type === 'step' || !isKept(resource, ghosts, now)) continue;
    const tags = tagsSeen(resource, resource.tagsIndexedAt, now);
    if (Object.keys(tags).length > 0) found.push({ resource, tags });
  }
  return found;
}

function isKept({ endedAt, type }: SimResource, ghosts: Record<string, number>, now: number): boolean {
  return endedAt === undefined || now < endedAt + (ghosts[type] ?? ghosts['*'] ?? 0) * 1000;
}
