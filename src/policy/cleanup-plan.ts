/** What would a cleanup delete, what does it cost meanwhile, and is the world still what a plan says? Pure. */
import type { PlanDocument, PlannedResource, TaggedResource } from '../contracts/inventory';
import type { CleanupPlan, PlanRow } from '../contracts/messages';
import { TAG } from '../contracts/names';
import { carried, whyKept } from './certificate';
import { DELETIONS } from './deletion';

/**
 * Tags that decide whose a resource is and whether it may go. The lease is among them: who extends it wants to keep it.
 * Names and the user's own tags are not, since they may change without a meaning for cleanup.
 */
const DECIDING = [
  TAG.experimentId,
  TAG.managedBy,
  TAG.installation,
  TAG.project,
  TAG.owner,
  TAG.expiresAt,
  TAG.doNotDelete,
] as const;

function decidingTags(tags: Record<string, string>): Record<string, string> {
  return Object.fromEntries(DECIDING.flatMap((key) => (tags[key] === undefined ? [] : [[key, tags[key]]])));
}

/** What the plan says of a living resource. */
export function planned(one: TaggedResource): PlannedResource {
  const { region, type, id, tags, bills, diesWith } = one;
  const why = whyKept(one) ?? (diesWith === undefined ? undefined : `ends with ${diesWith}`);
  const kept = whyKept(one) !== undefined || !(type in DELETIONS);
  return {
    region,
    type,
    id,
    tags: decidingTags(tags),
    fate: kept ? 'keep' : diesWith === undefined ? 'delete' : 'ends',
    ...(why === undefined ? {} : { why }),
    ...(bills === undefined ? {} : { bills }),
  };
}

export function plannedKey({ region, type, id }: { region: string; type: string; id: string }): string {
  return `${region}/${type}/${id}`;
}

type Undigested = Omit<PlanDocument, 'format' | 'digest' | 'madeAt' | 'cells'>;

/** The text that the digest is made of: whatever order AWS answers in, the same world gives the same text. */
export function canonicalPlan({ experimentId, account, endpoint, regions, resources }: Undigested): string {
  const rows = resources.map(({ region, type, id, tags }) => [
    `${region}/${type}/${id}`,
    ...Object.entries(tags)
      .map(([key, value]) => `${key}=${value}`)
      .sort(),
  ]);
  rows.sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return JSON.stringify([experimentId, account, endpoint, [...regions].sort(), rows]);
}

/** What the workflow carries of a plan. */
export function planSummary(plan: PlanDocument, document: string): CleanupPlan {
  const { experimentId, digest, account, regions, resources, cells } = plan;
  const kept = resources.filter((one) => one.fate === 'keep');
  const unread = cells.filter((cell) => cell.unreadable !== undefined);
  const rows = rowsOf(resources);
  return {
    experimentId,
    digest,
    document,
    account,
    regions,
    resources: resources.length,
    rows,
    usdPerHour: rounded(rows.reduce((sum, row) => sum + row.usdPerHour, 0)),
    kept: carried(
      kept.map((one) => `${one.region} ${one.type} ${one.id}: ${one.why ?? 'no type Holdfast can delete'}`),
    ),
    unreadable: carried(unread.map((cell) => `${cell.region} ${cell.subject}: ${cell.unreadable ?? ''}`)),
  };
}

/** By region, then by type. */
function rowsOf(resources: readonly PlannedResource[]): PlanRow[] {
  const rows = new Map<string, PlanRow>();
  for (const { region, type, fate, bills } of resources) {
    const key = `${region}/${type}`;
    const row = rows.get(key) ?? { region, type, count: 0, kept: 0, usdPerHour: 0, unpriced: 0 };
    row.count += 1;
    row.kept += fate === 'keep' ? 1 : 0;
    row.usdPerHour = rounded(row.usdPerHour + (bills?.usdPerHour ?? 0));
    row.unpriced += bills !== undefined && bills.usdPerHour === undefined ? 1 : 0;
    rows.set(key, row);
  }
  return [...rows.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
}

/** To a millionth of a dollar, so that sums of fractions read as prices do. */
function rounded(usd: number): number {
  return Math.round(usd * 1e6) / 1e6;
}

/** Which deciding tags differ from the plan, in words; undefined when none does. What is gone has none to compare. */
export function changedSince(before: PlannedResource, now: TaggedResource): string | undefined {
  if (now.state === 'gone') return undefined;
  const [old, present] = [before.tags, decidingTags(now.tags)];
  const differing = DECIDING.filter((key) => old[key] !== present[key]);
  if (differing.length === 0) return undefined;
  const words = differing.map((key) => `${key} was ${old[key] ?? 'absent'} and is ${present[key] ?? 'absent'}`);
  return `${now.region} ${now.type} ${now.id}: tag ${words.join(', tag ')}`;
}

/** Where a plan is not for: another account, other regions, or regions that came since. One line each. */
export function misplaced(
  plan: PlanDocument,
  here: { account: string; endpoint: string; wanted?: readonly string[]; enabled: readonly string[] },
): string[] {
  const missing = plan.regions.filter((region) => !here.enabled.includes(region));
  const added = plan.everyRegion ? here.enabled.filter((region) => !plan.regions.includes(region)) : [];
  const wanted = here.wanted === undefined ? plan.regions : [...here.wanted];
  return [
    ...(plan.account === here.account && plan.endpoint === here.endpoint
      ? []
      : [`account: the plan is of ${place(plan)}, this worker acts on ${place(here)}`]),
    ...(wanted.toSorted().join() === plan.regions.toSorted().join()
      ? []
      : [`regions: the plan is of ${plan.regions.join(', ')}, asked for are ${wanted.join(', ')}`]),
    ...missing.map((region) => `regions: ${region} is not enabled any more`),
    ...added.map((region) => `regions: ${region} was enabled after the plan was made`),
  ];
}

function place({ account, endpoint }: { account: string; endpoint: string }): string {
  return endpoint === '' ? account : `${account} at ${endpoint}`;
}
