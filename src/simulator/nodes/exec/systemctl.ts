/** What does systemctl say on a simulated node? The verbs that set-up scripts and checks use; others fail by name. */
import type { SimNode } from '../node';
import { steerUnit, unitName, unitStateAt } from '../units';
import type { ShimAnswer } from './door';

/** systemctl(1): 3 for a unit that is not active. */
const NOT_ACTIVE = 3;

interface Call {
  node: SimNode;
  units: string[];
  options: string[];
  now: number;
}

const done: ShimAnswer = { exitCode: 0, text: '' };
const nothing = (): ShimAnswer => done;

const VERBS: Record<string, (call: Call) => ShimAnswer> = {
  start: (call) => steer(call, 'start'),
  stop: (call) => steer(call, 'stop'),
  restart: (call) => steer(call, 'restart'),
  'try-restart': (call) => steer(call, 'restart'),
  'reload-or-restart': (call) => steer(call, 'restart'),
  enable: (call) => (call.options.includes('--now') ? steer(call, 'start') : done),
  disable: (call) => (call.options.includes('--now') ? steer(call, 'stop') : done),
  'is-active': isActive,
  'is-failed': ({ node, units, now }) => ({
    exitCode: units.some((unit) => unitStateAt(node, unit, now) === 'failed') ? 0 : 1,
    text: '',
  }),
  'is-enabled': ({ units }) => ({ exitCode: 0, text: units.map(() => 'enabled\n').join('') }),
  status,
  'daemon-reload': nothing,
  'daemon-reexec': nothing,
  'reset-failed': nothing,
  mask: nothing,
  unmask: nothing,
};

export function systemctl(node: SimNode, args: readonly string[], now: number): ShimAnswer {
  const options = args.filter((arg) => arg.startsWith('-'));
  const [verb = '', ...units] = args.filter((arg) => !arg.startsWith('-'));
  const run = VERBS[verb];
  return run ? run({ node, units, options, now }) : { exitCode: 1, text: `Unknown command verb '${verb}'.\n` };
}

function steer({ node, units, now }: Call, verb: 'start' | 'restart' | 'stop'): ShimAnswer {
  for (const unit of units) steerUnit(node, verb, unit, now);
  return done;
}

function isActive({ node, units, options, now }: Call): ShimAnswer {
  const states = units.map((unit) => unitStateAt(node, unit, now));
  const quiet = options.some((option) => option === '-q' || option === '--quiet');
  const exitCode = states.includes('active') ? 0 : NOT_ACTIVE;
  return { exitCode, text: quiet ? '' : states.map((state) => `${state}\n`).join('') };
}

function status({ node, units, now }: Call): ShimAnswer {
  const states = units.map((unit) => ({ unit: unitName(unit), state: unitStateAt(node, unit, now) }));
  return {
    exitCode: states.every(({ state }) => state === 'active') ? 0 : NOT_ACTIVE,
    text: states.map(({ unit, state }) => `* ${unit}\n     Active: ${state}\n`).join(''),
  };
}
