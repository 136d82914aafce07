/** What has cleanup proven? The verdict, what is left and why, and the document that says so. */
import {
  CERTIFICATE_FORMAT,
  type Certificate,
  type CertificateCell,
  type CertificateEntry,
  type TaggedResource,
  type Verdict,
} from '../contracts/inventory';
import { TAG } from '../contracts/names';
import { alive, DELETIONS, type Entries, type Entry } from './deletion';

/** What a source answered in one look; the newest answer of a source counts. */
export type Cells = Record<string, CertificateCell>;

/** Lines that the workflow carries; the document has them all. 100 lines of 200 characters are 20 KB. */
const LINES_CARRIED = 100;

export function foldCells(
  cells: Cells,
  region: string,
  sources: readonly Omit<CertificateCell, 'region' | 'at'>[],
  at: string,
): Cells {
  const next = { ...cells };
  for (const source of sources) next[`${region}/${source.subject}`] = { ...source, region, at };
  return next;
}

/** The cell that says why nobody knows which regions there are. */
export function unlisted(why: string, at: string): Cells {
  const source = { api: 'DescribeRegions', subject: 'regions', pages: 0, live: 0, unreadable: why };
  return foldCells({}, '*', [source], at);
}

export function unreadable(cells: Cells): CertificateCell[] {
  return Object.values(cells).filter((cell) => cell.unreadable !== undefined);
}

/** What the verdict is drawn from. */
export interface Proof {
  entries: Entries;
  cells: Cells;
  /** Two looks in a row, far enough apart, found nothing alive. */
  confirmed: boolean;
  /** When those two began. */
  passes?: { first: string; second: string };
}

/**
 * `unproven` when something could not be read, a deletion was not permitted, or nothing was found only once; else
 * `blocked` when something is left that nothing protects; else `protected`; else `clean`.
 */
export function verdictOf(proof: Proof): Verdict {
  const left = alive(proof.entries);
  if (unreadable(proof.cells).length > 0 || left.some(isDenied)) return 'unproven';
  if (left.some((one) => !isKept(one, proof.entries))) return 'blocked';
  if (left.length > 0) return 'protected';
  return proof.confirmed ? 'clean' : 'unproven';
}

function isDenied(entry: Entry): boolean {
  return entry.refusal?.outcome === 'denied';
}

/** Protected itself, or left only because of something protected: the volume of a protected instance. */
function isKept(entry: Entry, entries: Entries, trail: readonly string[] = []): boolean {
  if (entry.protectedBy !== undefined) return true;
  if (entry.unplanned === true) return false;
  if ((entry.holders ?? []).length > 0 || entry.state === 'ending' || trail.includes(entry.id)) return false;
  const waitsFor = entry.diesWith === undefined ? entry.neededBy : [entry.diesWith];
  const others = Object.values(entries).filter((one) => waitsFor.includes(one.id) && one.state !== 'gone');
  return others.length > 0 && others.every((one) => isKept(one, entries, [...trail, entry.id]));
}

/** What is left and why, one line each; empty exactly when the verdict is `clean`. */
export function leftOf(proof: Proof): string[] {
  return [...unprovenLines(proof), ...alive(proof.entries).map((one) => leftLine(entryOf(one)))];
}

/** What could not be read, and whether one look was all there was. */
function unprovenLines(proof: Proof): string[] {
  const unread = unreadable(proof.cells).map(
    (cell) => `${cell.region} ${cell.subject}: could not be read: ${cell.unreadable ?? ''}`,
  );
  if (unread.length > 0 || proof.confirmed || alive(proof.entries).length > 0) return unread;
  return ['nothing was found, but only one look was made'];
}

function leftLine({ region, type, id, evidence }: CertificateEntry): string {
  return `${region} ${type} ${id}: ${evidence}`;
}

function entryOf(one: Entry): CertificateEntry {
  const { region, type, id, state, at } = one;
  return { region, type, id, state, evidence: state === 'gone' ? one.seen : whyLeft(one), at };
}

/** Why cleanup does not even ask for its deletion; undefined when it does. */
export function whyKept(one: Pick<TaggedResource, 'type' | 'seen' | 'protectedBy' | 'holders'>): string | undefined {
  const holders = (one.holders ?? []).map((holder) => `${holder.type} ${holder.id}${ownerOf(holder.tags)}`);
  if (one.protectedBy !== undefined) return `protected: ${one.protectedBy}`;
  if (holders.length > 0) return `held by ${holders.join(', ')}, which is not of this experiment`;
  return one.type in DELETIONS ? undefined : `Holdfast cannot delete this type; ${one.seen}`;
}

function whyLeft(entry: Entry): string {
  const kept = whyKept(entry);
  if (kept !== undefined) return kept;
  if (entry.unplanned === true) return 'it came after the plan and is not deleted';
  if (entry.state === 'ending') return `still on its way out (${entry.seen})`;
  if (entry.refusal !== undefined) return `${entry.refusal.outcome}: ${entry.refusal.detail}`;
  if (entry.diesWith !== undefined) return `ends with ${entry.diesWith}`;
  return entry.neededBy.length > 0 ? `waits for ${entry.neededBy.join(', ')} (${entry.seen})` : entry.seen;
}

function ownerOf(tags: Record<string, string>): string {
  const named = [TAG.experimentId, TAG.owner, TAG.name].flatMap((key) => {
    const value = tags[key];
    return value === undefined ? [] : [`${key}=${value}`];
  });
  return named.length === 0 ? ' (no tags)' : ` (${named.join(', ')})`;
}

/** At most a hundred lines, and how many more there are. */
export function carried(lines: readonly string[]): string[] {
  if (lines.length <= LINES_CARRIED) return [...lines];
  return [
    ...lines.slice(0, LINES_CARRIED),
    `and ${String(lines.length - LINES_CARRIED)} more; the certificate names them`,
  ];
}

export interface CertificateHead {
  experimentId: string;
  account: string;
  regions: string[];
  startedAt: string;
  finishedAt: string;
  /** Digest of the plan that was applied. */
  plan?: string;
}

/** A certificate without the list of its resources, which may be too long for one payload; nor do its leftovers say which. */
export type CertificateFrame = Omit<Certificate, 'resources'>;

/** Everything but the resources; the same proof gives the same text. */
export function certificateFrame(head: CertificateHead, proof: Proof): CertificateFrame {
  const cells = Object.entries(proof.cells).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    format: CERTIFICATE_FORMAT,
    experimentId: head.experimentId,
    account: head.account,
    verdict: verdictOf(proof),
    regions: head.regions,
    cells: cells.map(([, cell]) => cell),
    left: unprovenLines(proof),
    ...(proof.passes === undefined ? {} : { passes: proof.passes }),
    ...(head.plan === undefined ? {} : { plan: head.plan }),
    startedAt: head.startedAt,
    finishedAt: head.finishedAt,
  };
}

/** Every resource ever seen with its last evidence, in a stable order. */
export function certificateEntries(entries: Entries): CertificateEntry[] {
  const sorted = Object.entries(entries).sort(([a], [b]) => (a < b ? -1 : 1));
  return sorted.map(([, one]) => entryOf(one));
}

/** The whole document, its head first. */
export function certificateOf(
  { cells, left, ...head }: CertificateFrame,
  resources: readonly CertificateEntry[],
): Certificate {
  const living = resources.filter((one) => one.state !== 'gone').map(leftLine);
  return { ...head, left: [...left, ...living], cells, resources: [...resources] };
}
