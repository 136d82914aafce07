/** How do layers of a spec combine? Maps merge, lists and everything else replace; the later layer wins. */
import { parse } from 'yaml';
import { EXIT } from './exit';
import { Problem } from './problem';

type Json = Record<string, unknown>;

/** The two layers as one new value. */
export function merge(below: unknown, above: unknown): unknown {
  if (above === undefined || above === null) return below;
  if (!isMap(below) || !isMap(above)) return above;
  const keys = [...new Set([...Object.keys(below), ...Object.keys(above)])];
  return Object.fromEntries(keys.map((key) => [key, key in above ? merge(below[key], above[key]) : below[key]]));
}

/** Applies `a.b=value`; the value is read as YAML, so `3`, `true` and `[a, b]` keep their types. */
export function setValue(base: unknown, assignment: string): unknown {
  const match = /^([^=]+)=(.*)$/s.exec(assignment);
  if (match === null) {
    throw new Problem(`--set ${assignment}: write it as path.to.field=value`, { exitCode: EXIT.refused });
  }
  const path = (match[1] ?? '').trim().split('.');
  return put(base, path, parse(match[2] ?? '') as unknown);
}

function put(base: unknown, path: string[], value: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  if (Array.isArray(base) && /^\d+$/.test(head)) {
    const copy = [...(base as unknown[])];
    copy[Number(head)] = put(copy[Number(head)], rest, value);
    return copy;
  }
  const map = isMap(base) ? base : {};
  return { ...map, [head]: put(map[head], rest, value) };
}

function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
