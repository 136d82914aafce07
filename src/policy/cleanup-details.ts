/** What does the Temporal UI show of a cleanup? Markdown: what it does, counts by kind, what stands in the way. */
import { alive, endingNow, type Entries, type Entry } from './deletion';
import { unreadable, type Cells } from './certificate';
import type { Verdict } from '../contracts/inventory';
import type { CleanupPlan, CleanupStatus } from '../contracts/messages';
import { PLAN_DIGITS } from '../contracts/names';

/** More lines than fit on a screen help nobody; the certificate has them all. */
const LINES = 15;
/** Rows of region and type: 17 regions with a dozen types each are still less than this page can hold. */
const ROWS = 100;

export interface CleanupView {
  experimentId: string;
  regions: string[];
  doing: CleanupStatus['doing'];
  entries: Entries;
  cells: Cells;
  left: string[];
  /** How it ended, and where the proof is. */
  end?: { verdict: Verdict; digest: string; document: string };
}

export function cleanupStatus(view: CleanupView): CleanupStatus {
  const { experimentId, regions, doing, entries, left } = view;
  const ending = endingNow(entries).length;
  const living = alive(entries).length;
  return {
    experimentId,
    regions,
    doing,
    live: living - ending,
    ending,
    gone: Object.keys(entries).length - living,
    left,
  };
}

export function cleanupDetails(view: CleanupView): string {
  const { live, ending, gone } = cleanupStatus(view);
  const { end } = view;
  return [
    `**${end?.verdict ?? view.doing}** ${view.experimentId}`,
    tableOf(
      ['live', 'ending', 'gone', 'regions', ...(end === undefined ? [] : ['certificate', 'digest'])],
      [
        [live, ending, gone, view.regions.length, ...(end === undefined ? [] : [end.document, short(end.digest)])].map(
          String,
        ),
      ],
    ),
    kinds(Object.values(view.entries)),
    section(
      'Could not be read',
      unreadable(view.cells).map((cell) => `${cell.region} ${cell.subject}: ${cell.unreadable ?? ''}`),
    ),
    section('Left', view.left),
    `**Regions** ${view.regions.join(', ')}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** A plan as the UI shows it: what would go and what it costs, and how to carry it out. */
export function planDetails(plan: CleanupPlan): string {
  const rows = plan.rows.map((row) => [
    row.region,
    row.type,
    String(row.count),
    String(row.kept),
    row.unpriced === row.count ? 'unknown' : row.usdPerHour.toFixed(4),
  ]);
  return [
    `**plan ${short(plan.digest)}** ${plan.experimentId}: ${String(plan.resources)} resources, $${plan.usdPerHour.toFixed(4)} an hour`,
    rows.length === 0 ? '' : tableOf(['region', 'type', 'count', 'kept', 'USD/h'], rows),
    section('Kept', plan.kept),
    section('Could not be read', plan.unreadable),
    `Carry it out with \`{"experimentId": "${plan.experimentId}", "apply": "${short(plan.digest)}"}\`. Document: ${plan.document}`,
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function short(digest: string): string {
  return digest.slice(0, PLAN_DIGITS);
}

/** Counts by region and type, in one pass: this is drawn again at every step, over thousands of entries. */
function kinds(entries: Entry[]): string {
  const rows = new Map<string, Record<Entry['state'], number>>();
  for (const { region, type, state } of entries) {
    const key = `${region} | ${type}`;
    const row = rows.get(key) ?? { live: 0, ending: 0, gone: 0 };
    row[state] += 1;
    rows.set(key, row);
  }
  if (rows.size === 0) return '';
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1));
  const shown = sorted
    .slice(0, ROWS)
    .map(([key, row]) => [...key.split(' | '), ...WORDS.map((word) => String(row[word]))]);
  const more = sorted.length > ROWS ? `\n\nand ${String(sorted.length - ROWS)} more rows` : '';
  return `${tableOf(['region', 'type', ...WORDS], shown)}${more}`;
}

const WORDS = ['live', 'ending', 'gone'] as const;

function tableOf(head: string[], rows: string[][]): string {
  return [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

function section(title: string, lines: string[]): string {
  if (lines.length === 0) return '';
  const more = lines.length > LINES ? [`and ${String(lines.length - LINES)} more`] : [];
  return `**${title}**\n${[...lines.slice(0, LINES), ...more].map((line) => `- ${line}`).join('\n')}`;
}
