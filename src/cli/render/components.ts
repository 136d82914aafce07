/** Where do many nodes stand? One line per component, for clusters that do not fit a screen node by node. */
import type { ExperimentStatus } from '../../contracts/messages';
import { GATES, type Gate, type NodeProgress } from '../../contracts/readiness';
import type { Style } from './style';
import { table } from './table';

const SHOWN: Gate[] = GATES.filter((gate) => gate !== 'setup');

/** Desired nodes, and how many have passed each gate. */
export function componentGrid(status: ExperimentStatus, style: Style): string[] {
  const head = ['COMPONENT', 'DESIRED', ...SHOWN.map((gate) => gate.toUpperCase()), 'READY', 'FAILED'];
  const rows = Object.entries(status.desired).map(([component, desired]) => {
    const nodes = status.progress.filter((node) => node.component === component);
    const ready = nodes.filter((node) => node.at === 'ready').length;
    const failed = nodes.filter((node) => node.at === 'failed').length;
    return [
      component,
      String(desired),
      ...SHOWN.map((gate) => String(nodes.filter((node) => hasPassed(node, gate)).length)),
      ready >= desired ? style.green(String(ready)) : String(ready),
      failed > 0 ? style.red(String(failed)) : '0',
    ];
  });
  return table(
    head.map((cell) => style.dim(cell)),
    rows,
  );
}

function hasPassed(node: NodeProgress, gate: Gate): boolean {
  if (node.at === 'ready') return true;
  return node.evidence.findLast((seen) => seen.gate === gate)?.passed === true;
}
