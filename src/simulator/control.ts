/** What can be asked and changed from outside? JSON under `/_sim`: ledger, scenario, faults, capacity, interruptions, reset. */
import { createFaults, type Fault } from './faults';
import { ledgerDocument } from './ledger-document';
import { createRandom } from './random';
import type { CapacityRule, Delays, QuotaRule, ScenarioPatch } from './scenario';
import { loadScenario } from './scenario-load';
import { interrupt } from './world/lifecycle';
import { resetWorld } from './world/world';
import type { World } from './world/state';

/** Answers a control request; throws ControlError for a bad one. */
export type Control = (world: World, body: Record<string, unknown>) => unknown;

export class ControlError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** The notice AWS gives before it takes a spot instance back. */
const NOTICE_SECONDS = 120;

const GET: Record<string, Control> = {
  '': (world) => ({ name: world.scenario.name, seed: world.seed, exec: world.exec, epoch: world.epoch }),
  scenario: (world) => world.scenario,
  ledger: (world) => ledgerDocument(world),
  faults: (world) => world.faults,
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
    const unknown = Object.keys(body).find((name) => !(name in world.scenario.delays));
    if (unknown !== undefined) throw new ControlError(400, `unknown delay '${unknown}'`);
    world.scenario = { ...world.scenario, delays: { ...world.scenario.delays, ...(body as Partial<Delays>) } };
    return world.scenario.delays;
  },
  capacity: (world, body) => {
    const rule = { region: '*', zone: '*', type: '*', market: '*', ...body } as CapacityRule;
    if (typeof rule.capacity !== 'number') throw new ControlError(400, 'capacity must be a number of instances');
    world.overrides.capacity.unshift(rule);
    return { ok: true, rule };
  },
  quota: (world, body) => {
    const rule = { region: '*', group: '*', market: '*', ...body } as QuotaRule;
    if (typeof rule.vcpus !== 'number') throw new ControlError(400, 'vcpus must be a number');
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
  interrupt: (world, { instanceId, noticeSeconds }) => {
    for (const state of world.regions.values()) {
      const instance = state.instances.get(String(instanceId));
      if (!instance) continue;
      if (instance.market !== 'spot') throw new ControlError(400, `${instance.id} is not a spot instance`);
      interrupt(world, state, instance, numberOr(noticeSeconds, NOTICE_SECONDS) * 1000);
      return { ok: true, interruption: instance.interruption ?? null };
    }
    throw new ControlError(404, `no instance '${String(instanceId)}'`);
  },
};

/** Runs the control call of this method and path (without `/_sim`). Parts of the simulator add their own to `world.controls`. */
export function runControl(world: World, method: string, path: string, body: unknown): unknown {
  const name = path.replace(/^\/+|\/+$/g, '');
  const control = (method === 'GET' ? GET : POST)[name] ?? world.controls.get(name);
  if (!control) {
    throw new ControlError(
      404,
      `no control '${method} /_sim/${name}'; known: ${[...Object.keys(GET), ...Object.keys(POST)].join(', ')}`,
    );
  }
  return control(world, (body ?? {}) as Record<string, unknown>);
}

function scenarioOf(source: unknown): ReturnType<typeof loadScenario> {
  try {
    return loadScenario(source as string | ScenarioPatch);
  } catch (error) {
    throw new ControlError(400, error instanceof Error ? error.message : String(error));
  }
}

function numberOr(value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new ControlError(400, `expected a number, got ${JSON.stringify(value)}`);
  return value;
}

function isFault(value: unknown): value is Fault {
  return typeof value === 'object' && value !== null && 'operation' in value && 'effect' in value;
}
