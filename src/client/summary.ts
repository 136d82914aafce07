/** What does the Temporal UI say about an experiment before it runs? The static summary and details. */
import type { ExperimentSpec } from '../schemas/experiment';

/** Temporal's limit for a static summary (https://docs.temporal.io/develop/typescript/platform/enriching-ui). */
const SUMMARY_BYTES = 200;

/** One line: `pulsar-lab 3 zookeeper, 2 broker · spot · us-west-2 · ada · lease 2h`. */
export function staticSummary(spec: ExperimentSpec): string {
  const parts = Object.entries(spec.components).map(([name, part]) => `${String(part.count)} ${name}`);
  const facts = [spec.market, spec.regions.join(' then '), ...(spec.owner === undefined ? [] : [spec.owner])];
  return cut([`${spec.name} ${parts.join(', ')}`, ...facts, `lease ${hours(spec.lease)}`].join(' · '));
}

/** Markdown: one table row per component, then the steps. */
export function staticDetails(spec: ExperimentSpec): string {
  const rows = Object.entries(spec.components).map(
    ([name, part]) =>
      `| ${name} | ${String(part.count)} | ${part.instanceTypes.join(', ')} | ${part.services.join(', ') || '-'} |`,
  );
  const steps = spec.steps.map((step, index) => `${String(index + 1)}. **${step.name}** on ${step.on.join(', ')}`);
  return [
    '| component | nodes | wanted types | services |',
    '|---|---|---|---|',
    ...rows,
    ...(steps.length === 0 ? [] : ['', 'Steps:', '', ...steps]),
  ].join('\n');
}

function hours(seconds: number): string {
  return seconds >= 3600 ? `${String(Math.round(seconds / 360) / 10)}h` : `${String(Math.round(seconds / 6) / 10)}m`;
}

/** Cuts to the byte limit without splitting a character. */
function cut(text: string): string {
  let kept = text;
  while (Buffer.byteLength(kept) > SUMMARY_BYTES) kept = kept.slice(0, -1);
  return kept;
}
