/** What does systemctl say on a simulated node? The verbs that set-up scripts and checks use; others fail by name. */
import type { SimNode } from '../node';
import { steerUnit, unitName, unitStateAt } from '../units';
import type { ShimAnswer } from './door';

/** systemctl(1): 3 for a unit that is not active. */
const NOT_ACTIVE = 3;

const SILENT = new Set(['daemon-reload', 'reset-failed', 'mask', 'unmask', 'daemon-reexec', 'set-property']);

export function systemctl(node: SimNode, args: readonly string[], now: number): ShimAnswer {
  const options = args.filter((arg) => arg.startsWith('-'));
  const [verb = 'list-units', ...units] = args.filter((arg) => !arg.startsWith('-'));
  const quiet = options.some((option) => option === '-q' || option === '--quiet');
  switch (verb) {
    case 'start':
    case 'restart':
    case 'stop':
    case 'try-restart':
    case 'reload-or-restart':
      return steer(node, verb === 'start' || verb === 'stop' ? verb : 'restart', units, now);
    case 'enable':
    case 'disable': {
      const act = options.includes('--now');
      return act ? steer(node, verb === 'enable' ? 'start' : 'stop', units, now) : { exitCode: 0, text: '' };
    }
    case 'is-active':
      return isActive(node, units, quiet, now);
    case 'is-failed':
      return { exitCode: units.some((unit) => unitStateAt(node, unit, now) === 'failed') ? 0 : 1, text: '' };
    case 'is-enabled':
      return { exitCode: 0, text: units.map(() => 'enabled\n').join('') };
    case 'status':
      return status(node, units, now);
    default:
      if (SILENT.has(verb)) return { exitCode: 0, text: '' };
      return { exitCode: 1, text: `Unknown command verb '${verb}'.\n` };
  }
}

function steer(node: SimNode, verb: 'start' | 'restart' | 'stop', units: string[], now: number): ShimAnswer {
  for (const unit of units) steerUnit(node, verb, unit, now);
  return { exitCode: 0, text: '' };
}

function isActive(node: SimNode, units: string[], quiet: boolean, now: number): ShimAnswer {
  const states = units.map((unit) => unitStateAt(node, unit, now));
  const exitCode = states.includes('active') ? 0 : NOT_ACTIVE;
  return { exitCode, text: quiet ? '' : states.map((state) => `${state}\n`).join('') };
}

function status(node: SimNode, units: string[], now: number): ShimAnswer {
  const states = units.map((unit) => ({ unit: unitName(unit), state: unitStateAt(node, unit, now) }));
  return {
    exitCode: states.every(({ state }) => state === 'active') ? 0 : NOT_ACTIVE,
    text: states.map(({ unit, state }) => `* ${unit}\n     Active: ${state}\n`).join(''),
  };
}
