/** Which experiments are to be ended, and which only named? Pure rules over tags, what Temporal runs, and the time. */
import type { FoundExperiment, ReaperAction, ReaperGroup, ReaperRow, WorkflowStanding } from '../contracts/reaper';
import { EXPERIMENT_ID, MANAGED_BY, TAG } from '../contracts/names';

/** What carries our tag somewhere in an account. */
export interface Tagged {
  tags: Record<string, string>;
  /** ISO; absent for what AWS does not date. */
  createdAt?: string;
}

export interface ReaperRules {
  installation: string;
  nowMs: number;
  /** After the end of the lease, for the experiment's own teardown. */
  graceMs: number;
  /** After the youngest creation, before something that nothing runs counts as orphaned. */
  orphanGraceMs: number;
  /** Before the end of the lease. */
  warnMs: number;
  /** Ids that several installations use: a cleanup goes by the id and could not tell them apart. */
  contested: readonly string[];
}

/** ISO 8601 with a time zone, as Holdfast writes it; anything looser could be read as another day. */
const TIME = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:\d{2})$/;

/** Unreadable values that are kept to be shown. */
const SHOWN = 3;

/** Epoch milliseconds of an `ExpiresAt` tag; undefined for what is no time. */
export function expiryOf(text: string): number | undefined {
  const at = TIME.test(text) ? Date.parse(text) : NaN;
  return Number.isNaN(at) ? undefined : at;
}

/** What the tags of one region say, by experiment and installation. What lacks an ownership tag is nobody's. */
export function experimentsIn(region: string, tagged: readonly Tagged[]): FoundExperiment[] {
  const ours = tagged.filter(({ tags }) => tags[TAG.managedBy] === MANAGED_BY && tags[TAG.experimentId] !== undefined);
  return joined(ours.map((one) => oneOf(region, one)));
}

function oneOf(region: string, { tags, createdAt }: Tagged): FoundExperiment {
  const text = tags[TAG.expiresAt];
  const at = text === undefined ? undefined : expiryOf(text);
  return {
    experimentId: tags[TAG.experimentId] ?? '',
    installation: tags[TAG.installation] ?? '',
    owner: tags[TAG.owner] ?? '',
    regions: [region],
    resources: 1,
    ...(at === undefined ? {} : { expiresAt: new Date(at).toISOString() }),
    unreadable: text !== undefined && at === undefined ? [text] : [],
    ...(createdAt === undefined ? {} : { youngestAt: createdAt }),
    alone: tags[TAG.alone] !== undefined,
  };
}

/** Puts together what is of one experiment of one installation; an extension on its way counts, so the latest end wins. */
export function joined(found: readonly FoundExperiment[]): FoundExperiment[] {
  const all = new Map<string, FoundExperiment>();
  for (const one of found) {
    const key = `${one.installation}/${one.experimentId}`;
    const known = all.get(key);
    all.set(key, known === undefined ? one : both(known, one));
  }
  return [...all.values()];
}

function both(a: FoundExperiment, b: FoundExperiment): FoundExperiment {
  const expiresAt = later(a.expiresAt, b.expiresAt);
  const youngestAt = later(a.youngestAt, b.youngestAt);
  return {
    experimentId: a.experimentId,
    installation: a.installation,
    owner: a.owner === '' ? b.owner : a.owner,
    regions: [...new Set([...a.regions, ...b.regions])].sort(),
    resources: a.resources + b.resources,
    ...(expiresAt === undefined ? {} : { expiresAt }),
    unreadable: [...new Set([...a.unreadable, ...b.unreadable])].slice(0, SHOWN),
    ...(youngestAt === undefined ? {} : { youngestAt }),
    alone: a.alone || b.alone,
  };
}

/** ISO texts of one form sort as times do. */
function later(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return a > b ? a : b;
}

/** Ids under which more than one installation owns something. */
export function sharedIds(found: readonly FoundExperiment[]): string[] {
  const ids = found.map((one) => one.experimentId);
  return [...new Set(ids.filter((id, index) => ids.indexOf(id) !== index))];
}

/** Whether Temporal has to be asked about it: ours, with an id that can be a workflow's. */
export function isOurs({ experimentId, installation }: FoundExperiment, own: string): boolean {
  return installation === own && EXPERIMENT_ID.test(experimentId);
}

type Judgement = Pick<ReaperRow, 'group' | 'reason'>;

/**
 * What is to become of an experiment. `workflow` is the newest under its id, undefined when Temporal knows none.
 * Expiry counts more than what a workflow says of itself, since a wedged one says running for ever.
 */
export function judge(found: FoundExperiment, workflow: WorkflowStanding | undefined, rules: ReaperRules): Judgement {
  if (found.installation !== rules.installation) {
    const whose = found.installation === '' ? 'names no installation' : `belongs to ${found.installation}`;
    return { group: 'foreign', reason: whose };
  }
  return (
    malformed(found, rules) ??
    overdue(found, workflow, rules) ??
    abandoned(found, workflow, rules) ??
    within(found, rules)
  );
}

function malformed(
  { experimentId, expiresAt, unreadable }: FoundExperiment,
  { contested }: ReaperRules,
): Judgement | undefined {
  const bad = (reason: string): Judgement => ({ group: 'malformed', reason });
  if (!EXPERIMENT_ID.test(experimentId)) return bad(`${TAG.experimentId} is no experiment id`);
  if (contested.includes(experimentId))
    return bad('another installation uses the same id; no cleanup could tell them apart');
  if (unreadable.length > 0) return bad(`${TAG.expiresAt} is no time: ${unreadable.join(', ')}`);
  return expiresAt === undefined ? bad(`nothing of it carries ${TAG.expiresAt}`) : undefined;
}

function overdue(
  { expiresAt = '' }: FoundExperiment,
  workflow: WorkflowStanding | undefined,
  { nowMs, graceMs }: ReaperRules,
): Judgement | undefined {
  const overMs = nowMs - Date.parse(expiresAt);
  if (overMs < graceMs) return undefined;
  const claims = workflow?.running === true ? `, and its ${workflow.type} workflow still says running` : '';
  return { group: 'expired', reason: `its lease ended ${span(overMs)} ago${claims}` };
}

function abandoned(
  { alone, youngestAt }: FoundExperiment,
  workflow: WorkflowStanding | undefined,
  { nowMs, orphanGraceMs }: ReaperRules,
): Judgement | undefined {
  if (alone || workflow?.running === true) return undefined;
  const what =
    workflow === undefined ? 'Temporal knows no workflow of its id' : `its ${workflow.type} workflow has ended`;
  // What AWS does not date is cheap, and comes after what it dates: nothing young is alone with it for long.
  const ageMs = youngestAt === undefined ? orphanGraceMs : nowMs - Date.parse(youngestAt);
  if (ageMs >= orphanGraceMs) return { group: 'orphaned', reason: what };
  return {
    group: 'warn',
    reason: `${what}; its youngest resource is ${span(ageMs)} old, judged after ${span(orphanGraceMs)}`,
  };
}

function within({ alone, expiresAt = '' }: FoundExperiment, { nowMs, warnMs }: ReaperRules): Judgement {
  const leftMs = Date.parse(expiresAt) - nowMs;
  const kept = alone ? 'stands alone; ' : '';
  if (leftMs <= 0) return { group: 'warn', reason: `${kept}its lease ended ${span(-leftMs)} ago, within the grace` };
  return { group: leftMs <= warnMs ? 'warn' : 'good', reason: `${kept}its lease ends in ${span(leftMs)}` };
}

/** Groups that a round deletes. */
export const REAPED: readonly ReaperGroup[] = ['expired', 'orphaned'];

/**
 * Which of the rows are cleaned up now. Those never tried come first, then those whose last try is longest ago, so that
 * what cannot be cleaned up keeps nothing else waiting.
 */
export function actions(
  rows: readonly ReaperRow[],
  cleanups: Readonly<Record<string, WorkflowStanding>>,
  { limit, apply }: { limit: number; apply: boolean },
): Record<string, ReaperAction> {
  const due = rows.filter((row) => REAPED.includes(row.group));
  const isUnderWay = ({ experimentId }: ReaperRow): boolean => cleanups[experimentId]?.running === true;
  const tried = ({ experimentId }: ReaperRow): string => cleanups[experimentId]?.closedAt ?? '';
  const open = due
    .filter((row) => !isUnderWay(row))
    .sort((a, b) => compare(tried(a), tried(b)) || compare(a.expiresAt ?? '', b.expiresAt ?? ''));
  const named = open.map(({ experimentId }, index): [string, ReaperAction] => [
    experimentId,
    index >= limit ? 'next round' : apply ? 'started' : 'would start',
  ]);
  const running = due.filter(isUnderWay).map(({ experimentId }): [string, ReaperAction] => [experimentId, 'under way']);
  return Object.fromEntries([...running, ...named]);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
] as const;

/** `3d4h`, `2h5m`, `7m`, `12s`: two units say enough. */
export function span(ms: number): string {
  const first = UNITS.findIndex(([, size]) => ms >= size);
  const [unit, size] = UNITS[first] ?? ['s', 1000];
  const [small, smallSize] = UNITS[first + 1] ?? [undefined, 0];
  const rest = first < 0 || small === undefined ? 0 : Math.floor((ms % size) / smallSize);
  return `${String(Math.floor(ms / size))}${unit}${rest === 0 || small === undefined ? '' : `${String(rest)}${small}`}`;
}
