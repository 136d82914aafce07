/** Which commands make sense now? With the id filled in. */
import { FINAL_PHASES, type ExperimentStatus } from '../../contracts/messages';
import type { Style } from './style';
import { table } from './table';

/** One line per command that fits the phase. */
export function nextLines(status: ExperimentStatus, style: Style): string[] {
  const id = status.experimentId;
  return table(
    [],
    commandsFor(status).map(([text, what]) => [`holdfast ${text.replace('ID', id)}`, style.dim(what)]),
  );
}

function commandsFor(status: ExperimentStatus): [string, string][] {
  if (FINAL_PHASES.includes(status.phase)) {
    return [['cleanup ID --plan', 'look again whether anything is left']];
  }
  const held: [string, string][] = status.phase === 'Held' ? [['release ID', 'end the hold: teardown begins']] : [];
  return [
    ...held,
    ['attach ID', 'follow it'],
    ['extend ID 2h', 'move the end of its lease'],
    ['stop ID', 'end it in order and clean up'],
  ];
}
