/** What does the run page of a sentinel show? Markdown: what it watches, and whom it told what. */
import type { SentinelStatus } from '../contracts/interruptions';

/** Rows on the page; the page is for a glance. */
const ROWS = 20;

/** The newest notice first. */
export function sentinelDetails({ region, nodes, owners, last }: SentinelStatus): string {
  const head = `**${region}**: ${String(nodes)} nodes of ${String(owners.length)} experiments at the last news`;
  if (last.length === 0) return head;
  const rows = last
    .slice(-ROWS)
    .reverse()
    .map((one) => {
      const told = one.heard ? one.owner : `${one.owner} (ended)`;
      return `| ${one.noticeAt} | ${one.detectedAt} | ${one.instanceId} | ${one.kind} | ${one.reason} | ${told} |`;
    });
  return [
    head,
    '',
    '| notice | detected | instance | kind | reason | told |',
    '|---|---|---|---|---|---|',
    ...rows,
  ].join('\n');
}
