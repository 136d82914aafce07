/** What does the Temporal UI show of a round of the reaper? Markdown: counts, then a table with reasons. */
import { REAPER_GROUPS, type ReaperReport, type ReaperRow } from '../contracts/reaper';

/** Temporal cuts details at 20,000 bytes; a row takes about 200. */
const MOST_ROWS = 80;

/** The groups that want something first. */
export function reaperDetails({ installation, account, apply, regions, experiments, unread }: ReaperReport): string {
  const head = `**${installation}** in ${account}, ${String(regions.length)} regions: ${groupCounts(experiments)}`;
  const mode = apply ? 'It acts.' : 'It only looks; nothing is changed.';
  const more = experiments.length - MOST_ROWS;
  const rows = experiments.slice(0, MOST_ROWS).map((row) => line(row));
  return [
    `${head}. ${mode}`,
    ...(unread.length === 0 ? [] : ['', '**Could not be read**', ...unread.slice(0, 20).map((one) => `- ${one}`)]),
    ...(rows.length === 0 ? [] : ['', '| experiment | group | why | now | resources | regions | owner |']),
    ...(rows.length === 0 ? [] : ['|---|---|---|---|---|---|---|', ...rows]),
    ...(more > 0 ? ['', `and ${String(more)} more`] : []),
  ].join('\n');
}

/** `2 expired, 5 good`; empty groups are left out. */
export function groupCounts(rows: readonly ReaperRow[]): string {
  const counts = REAPER_GROUPS.map((group) => [group, rows.filter((row) => row.group === group).length] as const);
  const there = counts.filter(([, count]) => count > 0).map(([group, count]) => `${String(count)} ${group}`);
  return there.length === 0 ? 'nothing lives' : there.join(', ');
}

/** A bar would end a cell, and these texts come from tags. */
function line({ experimentId, group, reason, action, resources, regions, owner }: ReaperRow): string {
  const cells = [experimentId, group, reason, action ?? '', String(resources), regions.join(', '), owner];
  return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
}
