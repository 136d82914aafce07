/** Which of the things that were read are the experiment's, and what holds them? Pure, but for reading unknown ends. */
import type { ResourceRef, TaggedResource } from '../contracts/inventory';
import { isOwned, TAG } from '../contracts/names';
import { kindOf, typeOfId } from './inventory-kinds';
import { confirm, keyOf, type Pass } from './inventory-pass';

/**
 * Turns ids of holders into edges between the experiment's own resources. A holder that is gone is no edge; one that
 * is not ours is written to `holders`, with its tags.
 */
export async function linkEdges(pass: Pass, experimentId: string): Promise<void> {
  const living = [...pass.found.values()].filter((one) => one.state !== 'gone' && isOwned(one.tags, experimentId));
  await confirm(
    pass,
    living.flatMap((one) => one.neededBy.flatMap(refOfId)),
  );
  // An interface of a gateway, endpoint or instance of others: the owner is who holds.
  await confirm(
    pass,
    [...pass.found.values()].flatMap((one) => (one.diesWith === undefined ? [] : refOfId(one.diesWith))),
  );
  const byId = new Map([...pass.found.values()].map((one) => [one.id, one]));
  for (const one of living) linkOne(one, byId, experimentId);
  requestsBeforeInstances(living, byId);
}

function refOfId(id: string): ResourceRef[] {
  const type = typeOfId(id);
  return type === undefined ? [] : [{ type, id }];
}

function linkOne(one: TaggedResource, byId: Map<string, TaggedResource>, experimentId: string): void {
  const kept: string[] = [];
  for (const id of one.neededBy) {
    const other = byId.get(id);
    if (other?.state === 'gone' || kept.includes(id)) continue;
    if (other === undefined || isOwned(other.tags, experimentId) || isChild(other, byId, experimentId)) kept.push(id);
    else hold(one, byId.get(other.diesWith ?? '') ?? other);
  }
  one.neededBy = kept;
}

function hold(one: TaggedResource, { type, id, tags }: TaggedResource): void {
  const others = (one.holders ?? []).filter((holder) => holder.id !== id);
  one.holders = [...others, { type, id, tags }];
}

/** A persistent request would start its instance again; so an own request is cancelled first, and never waited for. */
function requestsBeforeInstances(living: TaggedResource[], byId: Map<string, TaggedResource>): void {
  for (const request of living) {
    if (request.type !== 'spot-instances-request') continue;
    const instance = byId.get(request.diesWith ?? '');
    delete request.diesWith;
    if (instance !== undefined && living.includes(instance)) instance.neededBy.push(request.id);
  }
}

/** Untagged, but ends with an owner that is the experiment's. */
function isChild(one: TaggedResource, byId: Map<string, TaggedResource>, experimentId: string): boolean {
  const owner = byId.get(one.diesWith ?? '');
  return owner !== undefined && isOwned(owner.tags, experimentId) && one.tags[TAG.experimentId] === undefined;
}

/** The experiment's resources among all that was read: tagged ones, their children, and everything seen before. */
export function belongings(
  pass: Pass,
  experimentId: string,
  named: { indexed: ResourceRef[]; seen: ResourceRef[] },
): TaggedResource[] {
  const indexed = new Set(named.indexed.map(keyOf));
  const seen = new Set(named.seen.map(keyOf));
  const byId = new Map([...pass.found.values()].map((one) => [one.id, one]));
  return [...pass.found.values()].flatMap((one): TaggedResource[] => {
    if (isOwned(one.tags, experimentId) || isChild(one, byId, experimentId)) return [one];
    if (seen.has(keyOf(one))) return [seenAgain(one)];
    // An index may name what no Describe shows any more, which is evidence, or what nothing could read the tags of.
    const tagless = one.tags[TAG.experimentId] === undefined;
    const unread = kindOf(one.type) === undefined && Object.keys(one.tags).length === 0;
    return indexed.has(keyOf(one)) && tagless && (one.state === 'gone' || unread) ? [one] : [];
  });
}

function seenAgain(one: TaggedResource): TaggedResource {
  const itself = one.state === 'gone' || one.diesWith !== undefined || kindOf(one.type) === undefined;
  return itself ? one : disowned(one);
}

/** It was the experiment's and is not any more: a person took the tags off, so a person decides. */
function disowned(one: TaggedResource): TaggedResource {
  return { ...one, protectedBy: 'it no longer carries the ownership tags' };
}
