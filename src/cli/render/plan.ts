/** What does `holdfast plan` show? A row per component, money, quotas, what is left alone, and the digest. */
import type { ExperimentPlan, PlannedComponent, PlannedQuota } from '../../client';
import { PLAN_DIGITS } from '../../contracts/names';
import { count, money, saving, secondsBetween, span } from './format';
import type { Style } from './style';
import { table } from './table';

export function planPage(plan: ExperimentPlan, style: Style): string[] {
  const { name, account, components, quotas, blocked, notes, digest, refused } = plan;
  const nodes = components.reduce((sum, one) => sum + one.count + one.standby, 0);
  const what = refused === undefined ? count(nodes, 'node') : style.red('refused');
  return [
    `${style.bold(name)}: ${what} in account ${account}, lease ${span(plan.leaseSeconds)} (nothing was made)`,
    ...(components.length === 0 ? [] : [...grid(components, style), ...totals(plan, style)]),
    ...quotas.flatMap((quota) => quotaLines(quota, style)),
    ...blocked.map(
      ({ what, code, until }) =>
        `${style.yellow('left alone')} ${what}: ${code}, opens in ${span(secondsBetween(plan.at, until))}`,
    ),
    ...notes.map((note) => `${style.yellow('note')} ${note}`),
    ...(refused === undefined ? digestLines(digest.slice(0, PLAN_DIGITS), style) : []),
  ];
}

function digestLines(digest: string, style: Style): string[] {
  return [
    `plan ${digest}`,
    `${style.dim('next:')}  holdfast run --plan ${digest} with the same options starts this or nothing`,
  ];
}

const HEAD = ['COMPONENT', 'COUNT', 'TYPE', 'MARKET', 'REGION', 'ZONES', 'EACH $/H', '$/H'];

function grid(components: PlannedComponent[], style: Style): string[] {
  const head = HEAD.map((cell) => style.dim(cell));
  return [
    ...table(
      head,
      components.map((one) => cells(one, style)),
    ),
    ...components.flatMap(({ component, why }) => why.map((line) => `  ${style.dim(`${component}: ${line}`)}`)),
  ];
}

function cells(one: PlannedComponent, style: Style): string[] {
  const { component, standby, instanceType, alternatives, market, region, zones } = one;
  const each = one.usdPerHour ?? one.onDemandUsdPerHour;
  return [
    component,
    standby === 0 ? String(one.count) : `${String(one.count)}+${String(standby)}`,
    alternatives.length === 0 ? instanceType : `${instanceType} +${String(alternatives.length)}`,
    market,
    region,
    zones.map((zone) => zone.slice(region.length)).join(' '),
    each === undefined ? style.yellow('unknown') : money(each),
    each === undefined ? '' : money(each * (one.count + standby)),
  ];
}

function totals({ usdPerHour, onDemandUsdPerHour, atLeaseEndUsd, unpriced }: ExperimentPlan, style: Style): string[] {
  const less = saving(usdPerHour, onDemandUsdPerHour);
  const against = less === '' ? '' : `, ${less} than on-demand at ${money(onDemandUsdPerHour)}/h`;
  const missing = unpriced.length === 0 ? '' : style.yellow(`, without ${unpriced.join(', ')}: no price is published`);
  return [
    `total ${style.bold(`${money(usdPerHour)}/h`)} now, ${money(atLeaseEndUsd)} at the end of the lease${against}${missing}`,
  ];
}

function quotaLines(
  { code, quotaFamily, market, region, vcpus, unread, command }: PlannedQuota,
  style: Style,
): string[] {
  const of = `${quotaFamily}, ${market}, ${region}`;
  const quota = code === undefined ? `the quota of ${of}` : `${code} (${of})`;
  return [
    `quota ${String(vcpus)} vCPU of ${quota}; its limit ${unread}`,
    ...(command === undefined ? [] : [`    ${style.dim('look:')} ${command}`]),
  ];
}
