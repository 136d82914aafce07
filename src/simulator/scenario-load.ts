/** Which scenario is meant? A name, a YAML or JSON file, or a patch over one of the built-in ones. */
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parse } from 'yaml';
import type { Scenario, ScenarioPatch } from './scenario';
import { checkDelays, checkTrace, checkWeather } from './scenario-check';
import { SCENARIO_NAMES, type ScenarioName } from './scenario-names';
import type { TraceRule } from './scenario-weather';
import { BAD_AFTERNOON } from './scenarios/bad-afternoon';
import { AWS_LIKE, QUICK } from './scenarios/defaults';

const SCENARIOS: Record<ScenarioName, Scenario> = {
  quick: QUICK,
  'aws-like': AWS_LIKE,
  'bad-afternoon': BAD_AFTERNOON,
};
const BUILT_IN: Readonly<Record<string, Scenario | undefined>> = SCENARIOS;

/** The scenario of this name, file path or patch. Throws an Error that names the bad field or file. */
export function loadScenario(source: string | ScenarioPatch | undefined = 'quick'): Scenario {
  if (typeof source !== 'string') return applyPatch(source, '.');
  const known = BUILT_IN[source];
  return known ?? applyPatch(readPatch(source), dirname(source));
}

function readPatch(path: string): ScenarioPatch {
  const parsed: unknown = parse(readFileSync(path, 'utf8'));
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Error(`Scenario ${path}: expected a mapping at the top`);
  }
  return parsed;
}

/** Rules of the patch come before those of the base, since the first match wins; facts are laid over by key. */
function applyPatch(patch: ScenarioPatch, folder: string): Scenario {
  const base = BUILT_IN[patch.extends ?? 'quick'];
  if (!base) throw new Error(`Scenario: 'extends' must be one of ${SCENARIO_NAMES.join(', ')}`);
  checkKeys(patch, base);
  checkWeather(patch);
  return {
    ...base,
    ...withoutExtends(patch),
    capacity: [...(patch.capacity ?? []), ...base.capacity],
    quotas: [...(patch.quotas ?? []), ...base.quotas],
    instanceTypes: { ...base.instanceTypes, ...patch.instanceTypes },
    delays: { ...base.delays, ...patch.delays },
    listings: { ...base.listings, ...patch.listings },
    limits: { ...base.limits, ...patch.limits },
    prices: { ...base.prices, ...patch.prices },
    api: { ...base.api, ...patch.api },
    nodes: { ...base.nodes, ...patch.nodes },
    traces: (patch.traces ?? base.traces).map((rule, index) => recorded(rule, index, folder)),
  };
}

/** The rule with its recording, read from its file when it is not given in place. */
function recorded(rule: TraceRule, index: number, folder: string): TraceRule {
  const where = `Scenario: traces[${index}]`;
  if (rule.trace !== undefined) return { ...rule, trace: checkTrace(where, rule.trace) };
  if (rule.path === undefined) throw new Error(`${where}: needs a path, or the recording itself as trace`);
  const path = resolve(folder, rule.path);
  return { ...rule, trace: checkTrace(`${where}: ${path}`, readTrace(where, path)) };
}

function readTrace(where: string, path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new Error(`${where}: ${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}

function withoutExtends(patch: ScenarioPatch): Partial<Scenario> {
  const rest: Record<string, unknown> = { ...patch };
  Reflect.deleteProperty(rest, 'extends');
  return rest;
}

function checkKeys(patch: ScenarioPatch, base: Scenario): void {
  const known = new Set([...Object.keys(base), 'extends']);
  const unknown = Object.keys(patch).find((key) => !known.has(key));
  if (unknown !== undefined) throw new Error(`Scenario: unknown field '${unknown}'; known: ${[...known].join(', ')}`);
  checkDelays('Scenario: delays', patch.delays ?? {}, base.delays);
}
