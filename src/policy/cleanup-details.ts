/** What does the Temporal UI show of a cleanup? Markdown: what it does, counts by kind, what stands in the way. */
import { alive, endingNow, type Entries, type Entry } from './deletion';
import { unreadable, type Cells } from './certificate';
import type { CleanupStatus } from '../contracts/messages';

/** More lines than fit on a screen help nobody; the certificate has them all. */
const LINES = 15;

export interface CleanupView {
  experimentId: string;
  regions: string[];
  doing: CleanupStatus['doing'];
  entries: Entries;
  cells: Cells;
  left: string[];
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
  return [
    `**${view.doing}** ${view.experimentId}: ${String(live)} live, ${String(ending)} ending, ${String(gone)} gone`,
    `**Regions** ${view.regions.join(', ')}`,
    table(Object.values(view.entries)),
    section(
      'Could not be read',
      unreadable(view.cells).map((cell) => `${cell.region} ${cell.subject}: ${cell.unreadable ?? ''}`),
    ),
    section('Left', view.left),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

function table(entries: Entry[]): string {
  if (entries.length === 0) return '';
  const kinds = [...new Set(entries.map((one) => `${one.region} | ${one.type}`))].sort();
  const rows = kinds.map((kind) => {
    const own = entries.filter((one) => `${one.region} | ${one.type}` === kind);
    const count = (state: Entry['state']): string => String(own.filter((one) => one.state === state).length);
    return `| ${kind} | ${count('live')} | ${count('ending')} | ${count('gone')} |`;
  });
  return ['| region | type | live | ending | gone |', '|---|---|---|---|---|', ...rows].join('\n');
}

function section(title: string, lines: string[]): string {
  if (lines.length === 0) return '';
  const more = lines.length > LINES ? [`and ${String(lines.length - LINES)} more`] : [];
  return `**${title}**\n${[...lines.slice(0, LINES), ...more].map((line) => `- ${line}`).join('\n')}`;
}
