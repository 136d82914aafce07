/** Which layers does an input stand on? Built-in < profile < template < what was given; the same for every door. */
import { mergeLayers, isMap, type Layer } from './layers';
import { closest } from './suggest';

/** Where templates and profiles are found by name. */
export interface SpecLibrary {
  /** The document of that name; undefined when there is none. Rejects with `InvalidInput` when it cannot be read. */
  read(kind: LibraryKind, name: string): Promise<unknown>;
  /** All names, sorted. */
  names(kind: LibraryKind): Promise<string[]>;
}

export const LIBRARY_KINDS = ['template', 'profile'] as const;
export type LibraryKind = (typeof LIBRARY_KINDS)[number];

/** All layers, lowest first, or one line per mistake. */
export type Resolved = { ok: true; value: unknown; layers: Layer[] } | { ok: false; problems: string[] };

/** The profile that applies when none is named, if there is one. */
const DEFAULT_PROFILE = 'default';
/** A template's name becomes the `name` of its runs, so it has to be one. */
const NAME = /^[a-z][a-z0-9-]{0,30}$/;

/** Puts the profile and the template that the given layers name below them. The answer names neither any more. */
export async function resolveSpec(given: readonly Layer[], library: SpecLibrary): Promise<Resolved> {
  const top = mergeLayers(given);
  if (top !== undefined && top !== null && !isMap(top)) return { ok: true, value: top, layers: [...given] };
  const problems: string[] = [];
  const below: Layer[] = [];
  for (const kind of ['profile', 'template'] as const) {
    const found = await layersOf(kind, top?.[kind], library);
    if (found.ok) below.push(...found.layers);
    else problems.push(...found.problems);
  }
  if (problems.length > 0) return { ok: false, problems };
  const layers = [...below, ...given].map(withoutNames);
  return { ok: true, value: mergeLayers(layers) ?? {}, layers };
}

async function layersOf(kind: LibraryKind, named: unknown, library: SpecLibrary): Promise<Resolved> {
  if (named !== undefined && named !== null) return namedLayers(kind, named, library);
  const value = kind === 'profile' ? await library.read(kind, DEFAULT_PROFILE) : undefined;
  return value === undefined ? { ok: true, value, layers: [] } : fitLayers(kind, DEFAULT_PROFILE, value);
}

async function namedLayers(kind: LibraryKind, name: unknown, library: SpecLibrary): Promise<Resolved> {
  if (typeof name === 'string' && NAME.test(name)) {
    const value = await library.read(kind, name);
    if (value !== undefined) return fitLayers(kind, name, value);
  }
  return { ok: false, problems: [await unknownName(kind, name, library)] };
}

function fitLayers(kind: LibraryKind, name: string, value: unknown): Resolved {
  const nested = LIBRARY_KINDS.filter((other) => isMap(value) && value[other] !== undefined);
  if (nested.length > 0) {
    return {
      ok: false,
      problems: nested.map((other) => `${kind}: ${name} names a ${other} itself; only the input may`),
    };
  }
  const origin = `${kind} ${name}`;
  // A run that is given no name is of the kind that its template is called.
  const called: Layer[] = kind === 'template' ? [{ origin, value: { name } }] : [];
  return { ok: true, value, layers: [...called, { origin, value }] };
}

async function unknownName(kind: LibraryKind, name: unknown, library: SpecLibrary): Promise<string> {
  const known = await library.names(kind);
  const suggestion = typeof name === 'string' ? closest(name, known) : undefined;
  const hint = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`;
  const list = known.length === 0 ? 'there is none' : `there are ${known.join(', ')}`;
  return `${kind}: ${JSON.stringify(name)} is no ${kind}${hint} (${list})`;
}

function withoutNames(layer: Layer): Layer {
  if (!isMap(layer.value)) return layer;
  const kept = Object.entries(layer.value).filter(([key]) => !LIBRARY_KINDS.some((kind) => kind === key));
  return { ...layer, value: Object.fromEntries(kept) };
}
