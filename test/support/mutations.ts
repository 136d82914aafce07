/** Which mistakes can a spec have? Every single one that can be made at every place, with the field it is at. */

export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
type Path = (string | number)[];

/** A spec with exactly one mistake. */
export interface Mutation {
  kind: string;
  /** The field a message about it has to name. */
  field: string;
  spec: Json;
}

/** Maps whose keys are the user's own: any key is right in them. */
const OWN_KEYS = /^(components|tags|image\.tags|components\.[^.]+\.image\.tags|steps\.\d+\.env)$/;

/** Numbers beyond what a field takes, by the last word of the field. */
const OUT_OF_RANGE: Record<string, Json[]> = {
  count: [0, -1, 5001, 1.5],
  tcp: [0, 65_536, 21.81],
  http: [0, 65_536],
  status: [99, 600],
  sizeGiB: [0, 16_385, 0.5],
  throughputMBps: [124, 2001],
  replacements: [-1, 101],
};

/** Texts that look right and are not, by field. */
const MALFORMED: [RegExp, Json[]][] = [
  [/^lease$|^settle$|^poll$|^holdFor$|\.timeout$|\.limits\.\w+$/, ['soon', '0s', -5, '12 parsecs']],
  [/^regions\.\d+$/, ['oregon', 'us-west-2a']],
  [/\.zones\.\d+$/, ['us-west-2', 'zone-a']],
  [/\.(instanceTypes|widerTypes)\.\d+$/, ['t3', 'big one']],
  [/^name$|^steps\.\d+\.name$/, ['Has Spaces', '-dash', '']],
  [/\.services\.\d+$/, ['no spaces.service', '']],
  [/\.path$/, ['no-slash', '/with space']],
  [/^market$|\.market$/, ['cheap']],
  [/^placement$/, ['somewhere']],
  [/\.type$/, ['gp9']],
  [/\.result\.output$/, ['xml']],
];

/** Every mutation of a right spec. */
export function mutationsOf(spec: Json): Mutation[] {
  return [...everyPlace(spec, [])].flatMap(([path, value]) => [
    ...typeChanges(spec, path, value),
    ...unknownKeys(spec, path, value),
    ...outOfRange(spec, path),
    ...malformed(spec, path),
    ...badReferences(spec, path),
  ]);
}

function* everyPlace(value: Json, path: Path): Generator<[Path, Json]> {
  yield [path, value];
  if (typeof value !== 'object' || value === null) return;
  for (const [key, inner] of Object.entries(value)) {
    yield* everyPlace(inner, [...path, Array.isArray(value) ? Number(key) : key]);
  }
}

/** A list for a text, a text for a map, and so on: never one that the field would take as well. */
function typeChanges(spec: Json, path: Path, value: Json): Mutation[] {
  if (path.length === 0) return [];
  const wrong: Record<string, Json> = { string: true, number: { of: 1 }, boolean: 'yes', object: 7 };
  const other = wrong[typeof value];
  return other === undefined ? [] : [mutation(`${typeof value} of another type`, spec, path, other)];
}

function unknownKeys(spec: Json, path: Path, value: Json): Mutation[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value) || OWN_KEYS.test(path.join('.'))) return [];
  return [mutation('unknown key', spec, [...path, 'zzUnknown'], 1)];
}

function outOfRange(spec: Json, path: Path): Mutation[] {
  const values = OUT_OF_RANGE[String(path.at(-1))] ?? [];
  return values.map((value) => mutation('out of range', spec, path, value));
}

function malformed(spec: Json, path: Path): Mutation[] {
  const field = path.join('.');
  const values = MALFORMED.filter(([pattern]) => pattern.test(field)).flatMap(([, list]) => list);
  return values.map((value) => mutation('malformed text', spec, path, value));
}

/** Names of nothing, of itself, of twice the same, and counts that contradict each other. */
function badReferences(spec: Json, path: Path): Mutation[] {
  const [first, second] = path;
  if (path.length !== 2) return [];
  if (first === 'components') {
    const over = at(spec, [...path, 'count']) ?? 1;
    return [
      mutation('unknown component', spec, [...path, 'dependsOn'], ['nobody'], [...path, 'dependsOn', 0]),
      mutation('circle', spec, [...path, 'dependsOn'], [String(second)]),
      mutation('more than there are', spec, [...path, 'minReady'], Number(over) + 1),
    ];
  }
  if (first !== 'steps') return [];
  const steps = at(spec, ['steps']) as Json[];
  const copy = steps[Number(second)] ?? null;
  return [
    mutation('unknown component', spec, [...path, 'on'], 'nobody'),
    mutation('name used twice', spec, ['steps', steps.length], copy, ['steps', steps.length, 'name']),
  ];
}

function mutation(kind: string, spec: Json, path: Path, value: Json, field: Path = path): Mutation {
  return { kind, field: field.join('.'), spec: withValue(spec, path, value) };
}

function at(value: Json, path: Path): Json | undefined {
  return path.reduce<Json | undefined>(
    (inner, key) => (inner as Record<string | number, Json> | undefined)?.[key],
    value,
  );
}

/** A copy with one value set. */
function withValue(value: Json, path: Path, replacement: Json): Json {
  const [key, ...rest] = path;
  if (key === undefined) return replacement;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, Json>;
  copy[key] = withValue(copy[key] ?? null, rest, replacement);
  return copy;
}

/** The same order for the same seed. Mulberry32: https://gist.github.com/tommyettinger/46a874533244883189143505d203312c */
export function shuffled<T>(all: readonly T[], seed: number): T[] {
  let state = seed;
  const random = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const keyed = all.map((value) => ({ value, key: random() }));
  return keyed.sort((a, b) => a.key - b.key).map((entry) => entry.value);
}
