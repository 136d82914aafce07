/** Resources for tests of cleanup's policy: one by hand, and whole worlds whose edges follow the order of deletion. */
import fc from 'fast-check';
import { RESOURCE_TYPES, type ResourceType, type SeenResource } from '../../src/contracts/inventory';
import { DELETIONS, foldSeen, type Entries } from '../../src/policy/deletion';

/** An ISO time so many seconds after the first one. */
export function at(seconds: number): string {
  return new Date(Date.parse('2026-01-01T00:00:00.000Z') + seconds * 1000).toISOString();
}

export function seen(over: Partial<SeenResource> & { type: string; id: string }): SeenResource {
  return { region: 'us-west-2', state: 'live', seen: 'exists', neededBy: [], ...over };
}

export function entriesOf(resources: SeenResource[]): Entries {
  return foldSeen({}, resources, at(0));
}

/** Up to 40 resources in two regions, each held by some of its region whose kind may hold it. */
export function world(): fc.Arbitrary<SeenResource[]> {
  const one = fc.record({
    type: fc.constantFrom(...RESOURCE_TYPES),
    region: fc.constantFrom('us-west-2', 'eu-west-1'),
    picks: fc.array(fc.nat(), { maxLength: 4 }),
  });
  return fc.array(one, { maxLength: 40 }).map((drafts) => {
    const plain = drafts.map((draft, index) =>
      seen({ type: draft.type, id: `${draft.type}-${String(index)}`, region: draft.region }),
    );
    return plain.map((resource, index) => {
      const after: readonly string[] = DELETIONS[resource.type as ResourceType].after;
      const fitting = plain.filter((other) => other.region === resource.region && after.includes(other.type));
      const picks = (drafts[index]?.picks ?? []).flatMap((pick) => fitting[pick % Math.max(1, fitting.length)] ?? []);
      return { ...resource, neededBy: [...new Set(picks.map((other) => other.id))] };
    });
  });
}
