/** What has cleanup proven? The verdict, what is left and why, and the document that says so. */
import type { Certificate, CertificateCell, Verdict } from '../contracts/inventory';
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
  for (const source of sources) {
    const { api, subject, pages, live, unreadable, transient, missed, ghosts } = source;
    next[`${region}/${subject}`] = {
      region,
      subject,
      api,
      pages,
      live,
      at,
      ...(unreadable === undefined ? {} : { unreadable }),
      ...(transient === true ? { transient } : {}),
      ...(missed === undefined ? {} : { missed }),
      ...(ghosts === undefined ? {} : { ghosts }),
    };
  }
  return next;
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
  if ((entry.holders ?? []).length > 0 || entry.state === 'ending' || trail.includes(entry.id)) return false;
  const waitsFor = entry.diesWith === undefined ? entry.neededBy : [entry.diesWith];
  const others = Object.values(entries).filter((one) => waitsFor.includes(one.id) && one.state !== 'gone');
  return others.length > 0 && others.every((one) => isKept(one, entries, [...trail, entry.id]));
}

/** What is left and why, one line each; empty exactly when the verdict is `clean`. */
export function leftOf(proof: Proof): string[] {
  const lines = [
    ...unreadable(proof.cells).map(
      (cell) => `${cell.region} ${cell.subject}: could not be read: ${cell.unreadable ?? ''}`,
    ),
    ...alive(proof.entries).map((one) => `${one.region} ${one.type} ${one.id}: ${whyLeft(one)}`),
  ];
  if (lines.length === 0 && !proof.confirmed) return ['nothing was found, but only one look was made'];
  return lines;
}

function whyLeft(entry: Entry): string {
  const holders = (entry.holders ?? []).map((one) => `${one.type} ${one.id}${ownerOf(one.tags)}`);
  if (entry.protectedBy !== undefined) return `protected: ${entry.protectedBy}`;
  if (holders.length > 0) return `held by ${holders.join(', ')}, which is not of this experiment`;
  if (!(entry.type in DELETIONS)) return `Holdfast cannot delete this type; ${entry.seen}`;
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
}

/** The whole document; the same proof gives the same text. */
export function assembleCertificate(head: CertificateHead, proof: Proof): Certificate {
  const entries = Object.entries(proof.entries).sort(([a], [b]) => (a < b ? -1 : 1));
  const cells = Object.entries(proof.cells).sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    experimentId: head.experimentId,
    account: head.account,
    verdict: verdictOf(proof),
    regions: head.regions,
    resources: entries.map(([, one]) => ({
      region: one.region,
      type: one.type,
      id: one.id,
      evidence: one.state === 'gone' ? one.seen : `${one.state}: ${whyLeft(one)}`,
      at: one.at,
    })),
    cells: cells.map(([, cell]) => cell),
    left: leftOf(proof),
    startedAt: head.startedAt,
    finishedAt: head.finishedAt,
  };
}
