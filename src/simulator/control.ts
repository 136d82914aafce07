/** What can be asked and changed from outside? JSON under `/_sim`: ledger, scenario, faults, capacity, losses, reset. */
import { foreignControls } from './control/foreign';
import { lossControls, lossReads } from './control/losses';
import { checkBody, ControlError, numberOr, orBadRequest, type Control } from './control/input';
import { createFaults, type Fault } from './faults';
import { ledgerDocument } from './ledger-document';
import { createRandom } from './random';
import type { CapacityRule, Delays, QuotaRule, Scenario, ScenarioPatch } from './scenario';
import { checkDelays, MARKETS, POOL_FIELDS } from './scenario-check';
import { loadScenario } from './scenario-load';
import { resetWorld } from './world/world';
import type { World } from './world/state';

const GET: Record<string, Control> = {
  '': (world) => ({ name: world.scenario.name, seed: world.seed, exec: world.exec, epoch: world.epoch }),
  scenario: (world) => world.scenario,
  ledger: (world) => ledgerDocument(world),
  faults: (world) => world.faults,
  ...lossReads,
};

const POST: Record<string, Control> = {
  reset: (world, { scenario, seed }) => {
    resetWorld(world, scenario === undefined ? world.scenario : scenarioOf(scenario), numberOr(seed, world.seed));
    return { ok: true, scenario: world.scenario.name, seed: world.seed };
  },
  scenario: (world, body) => {
    const scenario = scenarioOf(body['name'] !== undefined && Object.keys(body).length === 1 ? body['name'] : body);
    resetWorld(world, scenario, scenario.seed);
    return { ok: true, scenario: scenario.name, seed: world.seed };
  },
  seed: (world, { seed }) => {
    world.seed = numberOr(seed, world.seed);
    world.random = createRandom(world.seed);
    return { ok: true, seed: world.seed };
  },
  delays: (world, body) => {
    orBadRequest(() => checkDelays('delays', body, world.scenario.delays));
    world.scenario = { ...world.scenario, delays: { ...world.scenario.delays, ...(body as Partial<Delays>) } };
    return world.scenario.delays;
  },
  throttle: (world, body) => {
    checkBody('throttle', body, { on: 'flag' });
    const { on } = body as { on: boolean };
    world.scenario = { ...world.scenario, api: { ...world.scenario.api, throttle: on } };
    return { ok: true, throttle: on };
  },
  capacity: (world, body) => {
    checkBody('capacity', body, { ...POOL_FIELDS, capacity: 'count' });
    const rule = { region: '*', zone: '*', type: '*', market: '*', ...body } as CapacityRule;
    world.overrides.capacity.unshift(rule);
    return { ok: true, rule };
  },
  quota: (world, body) => {
    checkBody('quota', body, { 'region?': 'text', 'group?': 'text', 'market?': MARKETS, vcpus: 'count' });
    const rule = { region: '*', group: '*', market: '*', ...body } as QuotaRule;
    world.overrides.quotas.unshift(rule);
    return { ok: true, rule };
  },
  faults: (world, body) => {
    const plan: unknown = Array.isArray(body) ? body : (body['faults'] ?? body['plan']);
    if (!Array.isArray(plan) || !plan.every(isFault))
      throw new ControlError(400, 'expected a list of {operation, effect, ...}');
    world.faults = createFaults(plan);
    return { ok: true, faults: plan.length };
  },
  ...foreignControls,
  ...lossControls,
};

/**
 * Runs the control call of this method and path (without `/_sim`); reads get their query as body. Parts of the simulator
 * add their own to `world.controls`.
 */
export function runControl(world: World, method: string, path: string, body: unknown): unknown {
  const name = path.replace(/^\/+|\/+$/g, '');
  const control = (method === 'GET' ? GET : POST)[name] ?? world.controls.get(name);
  if (!control) {
    throw new ControlError(
      404,
      `no control '${method} /_sim/${name}'; known: ${[...Object.keys(GET), ...Object.keys(POST)].join(', ')}`,
    );
  }
  if (typeof (body ?? {}) !== 'object') throw new ControlError(400, `expected a JSON object, got ${typeof body}`);
  return control(world, (body ?? {}) as Record<string, unknown>);
}

function scenarioOf(source: unknown): Scenario {
  return orBadRequest(() => loadScenario(source as string | ScenarioPatch));
}

function isFault(value: unknown): value is Fault {
  return typeof value === 'object' && value !== null && 'operation' in value && 'effect' in value;
}
