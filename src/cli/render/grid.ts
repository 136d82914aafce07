/** Where does each node stand? The grid of gates x nodes. */
import type { ExperimentStatus, Node } from '../../contracts/messages';
import { slotName } from '../../contracts/names';
import { GATES, type Gate, type NodeProgress } from '../../contracts/readiness';
import { secondsBetween, span } from './format';
import type { Style } from './style';
import { table } from './table';

interface Row {
  slot: string;
  node?: Node;
  progress?: NodeProgress;
}

/** One line per desired node: its pool, then a cell per gate; `at` is the time of looking, as ISO text. */
export function nodeGrid(status: ExperimentStatus, at: string, style: Style): string[] {
  const rows = gridRows(status);
  if (rows.length === 0) return [];
  const gates = shownGates(status.progress);
  const head = ['NODE', 'TYPE', 'MARKET', 'ZONE', ...gates.map((gate) => gate.toUpperCase()), 'LAST SEEN'];
  return table(
    head.map((cell) => style.dim(cell)),
    rows.map((row) => [...place(row, style), ...gates.map((gate) => gateCell(row, gate, at, style)), lastSeen(row)]),
  );
}

/** Every desired slot in order, and then nodes beyond the desired count. */
function gridRows(status: ExperimentStatus): Row[] {
  const wanted = Object.entries(status.desired).flatMap(([component, desired]) =>
    Array.from({ length: desired }, (_, ordinal) => slotName(component, ordinal)),
  );
  const known = [...status.nodes.map((node) => node.slot), ...status.progress.map((node) => node.slot)];
  return [...new Set([...wanted, ...known])].map((slot) => {
    const node = status.nodes.find((one) => one.slot === slot);
    const progress = status.progress.findLast((one) => one.slot === slot && isOf(node, one));
    return { slot, ...(node === undefined ? {} : { node }), ...(progress === undefined ? {} : { progress }) };
  });
}

function isOf(node: Node | undefined, progress: NodeProgress): boolean {
  return node === undefined || node.instanceId === progress.instanceId;
}

/** `setup` is a column only where some node has a setup script to run. */
function shownGates(progress: NodeProgress[]): Gate[] {
  const setup = progress.some((node) => node.at === 'setup' || node.evidence.some((seen) => seen.gate === 'setup'));
  return GATES.filter((gate) => gate !== 'setup' || setup);
}

/** A slot without a node waits for one, or has had one whose evidence is still there. */
function place({ slot, node, progress }: Row, style: Style): string[] {
  if (node === undefined) return [slot, style.dim(progress === undefined ? 'waiting' : 'ended'), '', ''];
  const generation = node.generation > 1 ? style.yellow(` #${String(node.generation)}`) : '';
  const market = node.market === 'on-demand' ? style.yellow(node.market) : node.market;
  return [slot + generation, node.instanceType, market, node.zone];
}

/** The evidence of a gate for which the spec declares nothing. */
const NOTHING_TO_CHECK = 'none declared';

function gateCell({ progress }: Row, gate: Gate, at: string, style: Style): string {
  if (progress === undefined) return style.dim('·');
  const seen = progress.evidence.findLast((one) => one.gate === gate);
  if (seen?.passed === true && seen.seen === NOTHING_TO_CHECK) return style.dim('–');
  if (seen?.passed === true) return style.green(`✓ ${span(seen.afterMs / 1000)}`);
  if (progress.at === gate) return style.cyan(`… ${span(secondsBetween(progress.since, at))}`);
  if (seen !== undefined) return style.red('✗');
  return style.dim(progress.at === 'ready' ? '✓' : '·');
}

/** Columns of evidence shown: enough for `zookeeper.service active`, and the grid still fits a usual terminal. */
const EVIDENCE_COLUMNS = 44;

function lastSeen({ progress }: Row): string {
  const seen = progress?.evidence.findLast((one) => one.seen !== NOTHING_TO_CHECK)?.seen ?? '';
  return seen.length > EVIDENCE_COLUMNS ? `${seen.slice(0, EVIDENCE_COLUMNS - 1)}…` : seen;
}
