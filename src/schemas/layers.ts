/** How do layers of a spec combine, and where did each value come from? The later layer wins. */

/** One source of values; `origin` is what a person calls it: `profile team`, `lab.yaml`, `--set lease`. */
export interface Layer {
  origin: string;
  value: unknown;
  /** The one path it wrote, when the rest of its value is only there to hold it: a list replaces as a whole. */
  wrote?: Path;
}

type Json = Record<string, unknown>;
type Path = readonly string[];

/** What the layers say together. Maps merge; lists, an image and everything else replace; null says nothing. */
export function mergeLayers(layers: readonly Layer[]): unknown {
  return layers.map((layer) => layer.value).reduce((below, above) => merge(below, above, []), undefined);
}

function merge(below: unknown, above: unknown, path: Path): unknown {
  if (above === undefined || above === null) return below;
  if (!isMap(below) || !isMap(above) || isOneForm(path)) return above;
  const keys = [...new Set([...Object.keys(below), ...Object.keys(above)])];
  return Object.fromEntries(
    keys.map((key) => [key, key in above ? merge(below[key], above[key], [...path, key]) : below[key]]),
  );
}

/** An image is one of several forms: half of one and half of another would name two images. */
function isOneForm(path: Path): boolean {
  const [head, , third] = path;
  return (path.length === 1 && head === 'image') || (path.length === 3 && head === 'components' && third === 'image');
}

/** A value that says only this field: `{ components: { a: { count: 3 } } }`; below a list, the list as it becomes. */
export function put(base: unknown, path: Path, value: unknown): unknown {
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

/** Origin of values that no layer wrote. */
const BUILT_IN = 'built-in';

/** Each leaf of a resolved value by its dotted path, with its value and the layer that wrote it. */
export function originsOf(
  resolved: unknown,
  layers: readonly Layer[],
): { path: string; value: unknown; origin: string }[] {
  return leaves(resolved, []).map(({ path, value }) => ({
    path: path.join('.'),
    value,
    origin: originAt(path, layers),
  }));
}

function leaves(value: unknown, path: Path): { path: Path; value: unknown }[] {
  const inner = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (inner.length === 0) return [{ path, value }];
  return inner.flatMap(([key, below]) => leaves(below, [...path, key]));
}

/** The highest layer that writes the path, or a plain value above it: `on: broker` is read as `on: [broker]`. */
function originAt(path: Path, layers: readonly Layer[]): string {
  for (const { origin, value, wrote } of [...layers].reverse()) {
    if (wrote?.some((part, index) => path[index] !== part) === true) continue;
    const { found, isWhole } = follow(value, path);
    if (found !== undefined && found !== null && (isWhole || typeof found !== 'object')) return origin;
  }
  return BUILT_IN;
}

/** The value at a path, or the last one on the way to it. */
function follow(value: unknown, path: Path): { found: unknown; isWhole: boolean } {
  const [head, ...rest] = path;
  if (head === undefined) return { found: value, isWhole: true };
  if (typeof value !== 'object' || value === null) return { found: value, isWhole: false };
  return follow((value as Json)[head], rest);
}

export function isMap(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
