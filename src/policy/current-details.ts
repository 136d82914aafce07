/** What does the Temporal UI show of a run, in which order? Markdown, readable without scrolling. */
import { FINAL_PHASES, type ExperimentStatus } from '../contracts/messages';
import { GATES, type Gate } from '../contracts/readiness';

/** Temporal cuts details at 20,000 bytes; attempts and events are the parts that grow, so only the last are shown. */
const LAST_EVENTS = 5;
const LAST_ATTEMPTS = 10;

/** Phase, lease, money, component table, last events, attempts, links (markdown, one each): in that order. */
export function currentDetails(status: ExperimentStatus, links: readonly string[], warning = ''): string {
  return [
    headline(status),
    `**Lease** until ${status.expiresAt}${status.owner === '' ? '' : `, owner ${status.owner}`}`,
    money(status),
    FINAL_PHASES.includes(status.phase) ? '' : warning,
    table(status),
    section(
      'Last events',
      status.timeline.slice(-LAST_EVENTS).map((entry) => `${clock(entry.at)} ${entry.text}`),
    ),
    section('Attempts', status.attempts.slice(-LAST_ATTEMPTS).map(attemptLine)),
    section(
      'Steps',
      status.steps.map(
        (step) => `${step.name} on ${step.slot}: exit ${String(step.exitCode)}, ${step.seconds.toFixed(1)} s`,
      ),
    ),
    cleanup(status),
    links.join(' · '),
  ]
    .filter((part) => part !== '')
    .join('\n\n');
}

/** One line about a launch request: what was asked, what came, who refused. */
function attemptLine(attempt: ExperimentStatus['attempts'][number]): string {
  const codes = new Map<string, number>();
  for (const refusal of attempt.refusals) codes.set(refusal.code, (codes.get(refusal.code) ?? 0) + 1);
  const refused = [...codes].map(([code, times]) => `${code} x${String(times)}`).join(', ');
  const came = `${String(attempt.launched)} of ${String(attempt.asked)}`;
  const pools = `${String(attempt.pools.length)} pools`;
  return `${attempt.component} ${attempt.region} ${attempt.tier}: ${came} from ${pools} in ${attempt.seconds.toFixed(1)} s${refused === '' ? '' : `; refused ${refused}`}`;
}

function headline({ phase, reason, message }: ExperimentStatus): string {
  const why = reason === undefined ? '' : ` (${reason})`;
  return `**${phase}**${why}${message === undefined ? '' : `: ${message}`}`;
}

/** No dollar signs: the Temporal UI takes text between two of them for a formula. */
function money({ cost }: ExperimentStatus): string {
  const saved = cost.onDemandUsdPerHour === 0 ? 0 : 1 - cost.usdPerHour / cost.onDemandUsdPerHour;
  const share = saved > 0 ? `, ${(saved * 100).toFixed(0)} % below on-demand` : '';
  const ahead = `at lease end ${cost.atExpiryUsd.toFixed(2)} USD`;
  return `**Cost** ${cost.usdPerHour.toFixed(4)} USD/h${share}; spent ${cost.spentUsd.toFixed(4)} USD by ${clock(cost.at)}, ${ahead}`;
}

function table({ desired, progress, nodes }: ExperimentStatus): string {
  const rows = Object.entries(desired).map(([component, count]) => {
    const own = progress.filter((node) => node.component === component);
    const passed = (gate: Gate): number =>
      own.filter((node) => node.evidence.some((entry) => entry.gate === gate && entry.passed)).length;
    const types = [
      ...new Set(
        nodes.filter((node) => node.component === component).map((node) => `${node.instanceType} ${node.market}`),
      ),
    ];
    const cells = GATES.map((gate) => String(passed(gate)));
    return `| ${[component, String(count), ...cells, types.join(', ')].join(' | ')} |`;
  });
  if (rows.length === 0) return '';
  return [
    `| component | desired | ${GATES.join(' | ')} | bought |`,
    `|${'---|'.repeat(GATES.length + 3)}`,
    ...rows,
  ].join('\n');
}

function cleanup({ cleanup: done }: ExperimentStatus): string {
  if (done === undefined) return '';
  const left = done.left.slice(0, 20).map((line) => `\n- ${line}`); // 20 lines fit; the certificate has all of them
  return `**Cleanup** ${done.verdict}, certificate ${done.digest.slice(0, 12)}${left.join('')}`;
}

function section(title: string, lines: string[]): string {
  return lines.length === 0 ? '' : `**${title}**\n\n${lines.map((line) => `- ${line}`).join('\n')}`;
}

function clock(at: string): string {
  return at.slice(11, 19);
}
