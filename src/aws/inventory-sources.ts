/** What did each source contribute, and where do the sources disagree? Pure, over what one look read. */
import type { Disagreement, TaggedResource } from '../contracts/inventory';
import { TAG } from '../contracts/names';
import { keyOf, type Pass } from './inventory-pass';
import type { DiscoverySource } from './ports';

/** Names that one source carries: enough to see a pattern, few enough for every history. */
const NAMES_CARRIED = 20;

/** The sources with the number of living resources that each of them named, and what it missed or named in vain. */
export function counted(pass: Pass, resources: TaggedResource[]): DiscoverySource[] {
  const living = resources.filter((one) => one.state !== 'gone');
  return [...pass.sources.values()].map((source) => {
    const named = pass.byTags.get(source.subject);
    const isIndex = source.subject === source.api;
    const live = living.filter((one) => (isIndex ? named?.has(keyOf(one)) === true : one.type === source.subject));
    return { ...source, live: live.length, ...disagreement(source.subject, named, living) };
  });
}

/** Nothing for what was only read by ids, and nothing for what could not be read: that is said elsewhere. */
function disagreement(subject: string, named: Set<string> | undefined, living: TaggedResource[]): Disagreement {
  if (named === undefined) return {};
  const tagged = living.filter((one) => covers(subject, one) && one.tags[TAG.experimentId] !== undefined);
  const missed = tagged.filter((one) => !named.has(keyOf(one))).map((one) => `${one.type} ${one.id}`);
  const alive = new Set(living.map(keyOf));
  const ghosts = [...named].filter((key) => !alive.has(key)).length;
  return {
    ...(missed.length === 0 ? {} : { missed: missed.slice(0, NAMES_CARRIED) }),
    ...(ghosts === 0 ? {} : { ghosts }),
  };
}

/** DescribeTags knows all types of EC2, GetResources all types, a Describe its own. */
function covers(subject: string, { type }: TaggedResource): boolean {
  if (subject === 'DescribeTags') return !type.includes(':');
  return subject === 'GetResources' || subject === type;
}
