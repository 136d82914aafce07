/** What would a cleanup delete? A table by region and type, what it costs meanwhile, and what is kept and why. */
import type { CleanupPlan, PlanRow } from '../../contracts/messages';
import { PLAN_DIGITS } from '../../contracts/names';
import { count, money } from './format';
import type { Style } from './style';
import { table } from './table';

export function planLines(plan: CleanupPlan, style: Style): string[] {
  const { resources, rows, usdPerHour, kept, unreadable, digest, regions, account, document } = plan;
  const where = `${count(regions.length, 'region')} of account ${account}`;
  const what = resources === 0 ? 'nothing carries its tags' : `${count(resources, 'resource')}, ${money(usdPerHour)}/h`;
  return [
    `${style.bold(plan.experimentId)}: ${what} in ${where} (nothing was changed)`,
    ...(rows.length === 0 ? [] : grid(rows, style)),
    ...kept.map((line) => `  ${style.yellow('kept')} ${line}`),
    ...unreadable.map((line) => `  ${style.red('could not be read')} ${line}`),
    `plan ${digest.slice(0, PLAN_DIGITS)}  ${style.dim(document)}`,
  ];
}

function grid(rows: PlanRow[], style: Style): string[] {
  const head = ['REGION', 'TYPE', 'COUNT', 'DELETED', '$/H'].map((cell) => style.dim(cell));
  return table(
    head,
    rows.map((row) => [row.region, row.type, String(row.count), String(row.count - row.kept), price(row, style)]),
  );
}

/** A price that is not known is said, never counted as nothing. */
function price({ usdPerHour, unpriced }: PlanRow, style: Style): string {
  const known = usdPerHour === 0 ? '' : money(usdPerHour);
  if (unpriced === 0) return known;
  return [known, style.yellow(`${String(unpriced)} at an unknown price`)].filter((part) => part !== '').join(' + ');
}
