/** Which scenario is meant? A name, a YAML or JSON file, or a patch over one of the two built-in ones. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import type { Scenario, ScenarioPatch } from './scenario';
import { AWS_LIKE, QUICK } from './scenarios/defaults';

const BUILT_IN: Record<string, Scenario> = { quick: QUICK, 'aws-like': AWS_LIKE };

/** The scenario of this name, file path or patch. Throws an Error that names the bad field or file. */
export function loadScenario(source: string | ScenarioPatch | undefined = 'quick'): Scenario {
  if (typeof source !== 'string') return applyPatch(source);
  const known = BUILT_IN[source];
  return known ?? applyPatch(readPatch(source));
}

function readPatch(path: string): ScenarioPatch {
  const parsed: unknown = parse(readFileSync(path, 'utf8'));
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) {
    throw new Error(`Scenario ${path}: expected a mapping at the top`);
  }
  return parsed;
}

/** Rules of the patch come before those of the base, since the first match wins; facts are laid over by key. */
function applyPatch(patch: ScenarioPatch, base = BUILT_IN[patch.extends ?? 'quick']): Scenario {
  if (!base) throw new Error(`Scenario: 'extends' must be one of ${Object.keys(BUILT_IN).join(', ')}`);
  checkKeys(patch, base);
  return {
    ...base,
    ...withoutExtends(patch),
    capacity: [...(patch.capacity ?? []), ...base.capacity],
    quotas: [...(patch.quotas ?? []), ...base.quotas],
    instanceTypes: { ...base.instanceTypes, ...patch.instanceTypes },
    delays: { ...base.delays, ...patch.delays },
    prices: { ...base.prices, ...patch.prices },
    api: { ...base.api, ...patch.api },
    nodes: { ...base.nodes, ...patch.nodes },
  };
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
  const delay = Object.keys(patch.delays ?? {}).find((key) => !(key in base.delays));
  if (delay !== undefined)
    throw new Error(`Scenario: unknown delay '${delay}'; known: ${Object.keys(base.delays).join(', ')}`);
}
