/** What does the Temporal UI show of a capacity memory? A table of what is left alone, and until when. */
import type { CapacityView, PoolBlock } from '../contracts/capacity';

/** Temporal cuts details at 20,000 bytes; a row takes about 110. */
const MOST_ROWS = 150;

/** Markdown; `name` is what the memory is about, times are UTC. */
export function capacityDetails(name: string, view: Omit<CapacityView, 'open'>, nowMs: number): string {
  const rows = Object.entries(view.blocks).sort(([, a], [, b]) => b.untilMs - a.untilMs);
  const blocked = rows.filter(([, block]) => block.untilMs > nowMs).length;
  const heard = `${String(view.told)} messages heard${view.ignored === 0 ? '' : `, ${String(view.ignored)} of them no news`}`;
  const head = `**${name}** at ${time(nowMs)}: ${String(blocked)} blocked, ${String(rows.length - blocked)} open again; ${heard}`;
  if (rows.length === 0) return `${head}\n\nNothing refused lately.`;
  const more = rows.length - MOST_ROWS;
  return [
    head,
    '',
    '| what | blocked until | strikes | then at once | class | code |',
    '|---|---|---|---|---|---|',
    ...rows.slice(0, MOST_ROWS).map(([key, block]) => row(key, block)),
    ...(more > 0 ? ['', `and ${String(more)} more`] : []),
  ].join('\n');
}

function row(key: string, { untilMs, strikes, allowed, class: word, code }: PoolBlock): string {
  const probe = key.startsWith('pool:') ? String(allowed ?? 1) : 'any';
  return `| ${[key, time(untilMs), String(strikes), probe, word, code].join(' | ')} |`;
}

/** `2026-01-02 15:04:05`: a block of a day ends on another date. */
function time(ms: number): string {
  return new Date(ms).toISOString().slice(0, 19).replace('T', ' ');
}
