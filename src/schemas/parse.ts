/** How does a wrong input become one clear line per mistake? */
import { z } from 'zod';
import { secretProblems } from './secrets';
import { closest } from './suggest';
import { experimentSchema, layerSchema, type ExperimentSpec } from './experiment';

type Path = readonly PropertyKey[];
type JsonSchema = { [key: string]: unknown };

/** Either the value with all defaults, or one line per mistake: `components.broker.count: must be ...`. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; problems: string[] };

/** Parses any input with a schema; never throws. A missing input counts as an empty object. Secrets are refused. */
export function parseWith<T>(schema: z.ZodType<T>, input: unknown): Parsed<T> {
  const parsed = schema.safeParse(input ?? {});
  const secrets = secretProblems(input);
  if (parsed.success) return secrets.length === 0 ? { ok: true, value: parsed.data } : { ok: false, problems: secrets };
  return { ok: false, problems: [...parsed.error.issues.flatMap((issue) => lines(issue, [], schema)), ...secrets] };
}

/** Parses an experiment's spec. */
export function parseExperiment(input: unknown): Parsed<ExperimentSpec> {
  return parseWith(experimentSchema, input);
}

/** What can be said of a layer without those below it: every field by itself. */
export function layerProblems(layer: unknown): string[] {
  const parsed = parseWith(layerSchema, layer);
  return parsed.ok ? [] : parsed.problems;
}

/** The JSON Schema of an experiment file: as `experimentSchema`, where a template may bring the components. */
export function fileSchema(): JsonSchema {
  const { required, ...schema } = jsonSchemaOf(experimentSchema);
  return { ...schema, anyOf: [{ required }, { required: ['template'] }] };
}

/** The JSON Schema of what a user may write (draft 2020-12), for editors and forms. */
export function jsonSchemaOf(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' });
}

function lines(issue: z.core.$ZodIssue, above: Path, schema: z.ZodType): string[] {
  const path = [...above, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = jsonSchemaOf(schema);
    return issue.keys.map((key) => unknownKey(path, key, known));
  }
  if (issue.code === 'invalid_key') return [`${show(path)}: ${issue.issues[0]?.message ?? 'is no valid key'}`];
  if (issue.code === 'invalid_union') {
    const branch = nearestBranch(issue.errors);
    if (branch !== undefined) return branch.flatMap((inner) => lines(inner, path, schema));
  }
  return [`${show(path)}: ${phrase(issue)}`];
}

/** Of a union's branches the one that went deepest, then the one with the fewest mistakes: what the user meant. */
function nearestBranch(branches: z.core.$ZodIssue[][]): z.core.$ZodIssue[] | undefined {
  const depth = (branch: z.core.$ZodIssue[]): number => Math.max(...branch.map((issue) => issue.path.length));
  const unknown = (branch: z.core.$ZodIssue[]): number =>
    branch.filter((issue) => issue.code === 'unrecognized_keys').length;
  return [...branches].sort((a, b) => unknown(a) - unknown(b) || a.length - b.length || depth(b) - depth(a))[0];
}

function phrase(issue: z.core.$ZodIssue): string {
  if (issue.code === 'invalid_type' && issue.input === undefined && /received undefined/.test(issue.message)) {
    return `is missing (expected ${issue.expected})`;
  }
  return issue.message.replace(/^Invalid input: /, '').replace(/^Invalid option: /, '');
}

function unknownKey(path: Path, key: string, known: JsonSchema): string {
  const keys = keysAt(known, path);
  if (keys.includes(key)) return `${show([...path, key])}: belongs to another form of ${show(path)}`;
  const suggestion = closest(key, keys);
  const hint = suggestion === undefined ? '' : `; did you mean "${suggestion}"?`;
  return `${show([...path, key])}: is no known field${hint}`;
}

function show(path: Path): string {
  return path.length === 0 ? '(input)' : path.map(String).join('.');
}

/** The property names the schema allows at a path; of unions, those of every branch. */
function keysAt(schema: JsonSchema, path: Path): string[] {
  const [head, ...rest] = path;
  const branches = [schema, ...((schema['anyOf'] ?? schema['allOf'] ?? []) as JsonSchema[])];
  if (head === undefined) return branches.flatMap((branch) => Object.keys(branch['properties'] ?? {}));
  return branches.flatMap((branch) => {
    const inner = child(branch, head);
    return inner === undefined ? [] : keysAt(inner, rest);
  });
}

function child(schema: JsonSchema, key: PropertyKey): JsonSchema | undefined {
  if (typeof key === 'number') return schema['items'] as JsonSchema | undefined;
  const properties = (schema['properties'] ?? {}) as Record<string, JsonSchema>;
  const other = schema['additionalProperties'];
  return properties[String(key)] ?? (typeof other === 'object' ? (other as JsonSchema) : undefined);
}
