/** What does the Temporal UI show of a plan? A table of what would be launched, and the money. */
import type { ExperimentPlan, PlannedComponent } from '../contracts/plan';

/** Markdown. Temporal cuts details at 20,000 bytes: the sums stand before what may be long. */
export function launchPlanDetails(plan: ExperimentPlan): string {
  const { name, account, components, usdPerHour, atLeaseEndUsd, notes, blocked, digest, refused } = plan;
  const head =
    refused === undefined
      ? `**${name}** in account ${account}: ${usd(usdPerHour)} per hour now, ${usd(atLeaseEndUsd)} at the end of the lease; plan ${digest}`
      : `**${name}** in account ${account}: refused, ${refused.reason}`;
  return [
    head,
    '',
    ...(refused?.lines ?? []).map((line) => `- ${line}`),
    ...(components.length === 0 ? [] : [...HEAD, ...components.map(row), '']),
    ...notes.map((note) => `- ${note}`),
    ...blocked.map(({ what, code, until }) => `- left alone until ${until}: ${what}, ${code}`),
  ].join('\n');
}

const HEAD = [
  '| component | nodes | type | others | market | zones | each per hour |',
  '|---|---|---|---|---|---|---|',
];

function row(one: PlannedComponent): string {
  const each = one.usdPerHour ?? one.onDemandUsdPerHour;
  const cells = [
    one.component,
    String(one.count + one.standby),
    one.instanceType,
    one.alternatives.join(', '),
    one.market,
    one.zones.join(', '),
    each === undefined ? 'unknown' : usd(each),
  ];
  return `| ${cells.join(' | ')} |`;
}

function usd(amount: number): string {
  return `${amount.toFixed(4)} USD`;
}
