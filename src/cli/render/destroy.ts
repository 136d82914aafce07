/** What would a `destroy` end and what does it cost meanwhile, and what became of each? */
import type { CertificateSummary, CleanupPlan, ExperimentStatus, FinalPhase } from '../../contracts/messages';
import type { Selection, Target } from '../destroy-targets';
import { count, money, secondsBetween, span } from './format';
import { certificateLines } from './outcome';
import type { Style } from './style';
import { table } from './table';

/** What became of one experiment. */
export interface Receipt {
  id: string;
  by: Target['by'];
  /** How its workflow ended. */
  phase?: FinalPhase;
  spentUsd?: number;
  /** Absent when there is none; then `problem` says why. */
  certificate?: CertificateSummary;
  problem?: string;
}

const HEAD = ['ID', 'OWNER', 'PHASE', 'NODES', 'REGION', '$/H', 'UNTIL LEASE END', 'AGE', 'ENDED BY'];

/** The table, a total, and what is not in it. */
export function selectionLines({ targets, skipped, unread }: Selection, at: string, style: Style): string[] {
  const rows = targets.map((target) => cells(target, at));
  return [
    ...(rows.length === 0
      ? ['nothing fits']
      : table(
          HEAD.map((cell) => style.dim(cell)),
          rows,
        )),
    ...skipped.map((line) => `${style.yellow('left alone')} ${line}`),
    ...unread.map((line) => `${style.red('could not be read')} ${line}`),
    ...(rows.length === 0 ? [] : ['', style.bold(total(targets))]),
  ];
}

function cells(target: Target, at: string): string[] {
  return target.by === 'workflow' ? runningCells(target, at) : taggedCells(target.id, target.plan);
}

/** What a status and a row of Temporal's list have in common. */
type Facts = Partial<Record<'owner' | 'phase' | 'region' | 'startedAt', string>>;

function runningCells({ id, listing, status }: Extract<Target, { by: 'workflow' }>, at: string): string[] {
  const { owner = '-', phase = '-', region = '-', startedAt }: Facts = status ?? listing ?? {};
  const age = startedAt === undefined ? '-' : span(secondsBetween(startedAt, at));
  const [nodes, rate, ahead] =
    status === undefined
      ? ['-', '-', '-']
      : [String(nodesOf(status)), money(status.cost.usdPerHour), money(toCome(status))];
  return [id, owner, phase, nodes, region, rate, ahead, age, 'its workflow'];
}

function taggedCells(id: string, plan: CleanupPlan): string[] {
  const regions = [...new Set(plan.rows.map((row) => row.region))].join(',');
  const unpriced = plan.rows.reduce((sum, row) => sum + row.unpriced, 0);
  const price = `${money(plan.usdPerHour)}${unpriced === 0 ? '' : ` + ${String(unpriced)} at an unknown price`}`;
  return [id, '-', 'not running', String(instancesIn(plan)), regions, price, '-', '-', 'its tags'];
}

/** What it would still cost until the end of its lease. */
function toCome({ cost }: ExperimentStatus): number {
  return Math.max(0, cost.atExpiryUsd - cost.spentUsd);
}

function nodesOf({ nodes, spares }: ExperimentStatus): number {
  return nodes.length + spares.length;
}

function instancesIn({ rows }: CleanupPlan): number {
  return rows.filter((row) => row.type === 'instance').reduce((sum, row) => sum + row.count - row.kept, 0);
}

/** Nodes that would end; undefined when not every experiment answered. */
export function nodesIn(targets: readonly Target[]): number | undefined {
  const counts = targets.map((one) =>
    one.by === 'tags' ? instancesIn(one.plan) : one.status === undefined ? undefined : nodesOf(one.status),
  );
  return counts.includes(undefined) ? undefined : counts.reduce<number>((sum, one) => sum + (one ?? 0), 0);
}

function total(targets: readonly Target[]): string {
  const rates = targets.map((one) => (one.by === 'tags' ? one.plan.usdPerHour : (one.status?.cost.usdPerHour ?? 0)));
  const ahead = targets.map((one) => (one.by === 'workflow' && one.status !== undefined ? toCome(one.status) : 0));
  const nodes = nodesIn(targets);
  const what = `${count(targets.length, 'experiment')}, ${nodes === undefined ? 'nodes not known' : count(nodes, 'node')}`;
  return `${what}: ${money(sum(rates))}/h, ${money(sum(ahead))} until their leases end`;
}

function sum(values: readonly number[]): number {
  return values.reduce((all, one) => all + one, 0);
}

/** One experiment: how it ended, what was paid, and the certificate. */
export function receiptLines({ id, phase, spentUsd, certificate, problem }: Receipt, style: Style): string[] {
  const facts = [phase, spentUsd === undefined ? undefined : `paid ${money(spentUsd)}`];
  return [
    [style.bold(id), ...facts.filter((fact) => fact !== undefined)].join('  '),
    ...(problem === undefined ? [] : problem.split('\n').map((line) => `  ${style.red(line)}`)),
    ...(certificate === undefined ? [] : certificateLines(certificate, style).map((line) => `  ${line}`)),
  ];
}
