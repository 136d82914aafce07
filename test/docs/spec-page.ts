/** What does docs/spec.md say? Written from the schema: shapes from its JSON Schema, defaults by parsing a small spec. */
import { experimentSchema } from '../../src/schemas/experiment';
import { jsonSchemaOf } from '../../src/schemas/parse';
import { code, table } from './table';

interface Schema {
  description?: string;
  type?: string | string[];
  enum?: string[];
  pattern?: string;
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: Schema | boolean;
  items?: Schema;
  anyOf?: Schema[];
}

interface Section {
  title: string;
  /** Path of the object whose fields are listed. */
  path: string;
  intro: string;
}

const SECTIONS: Section[] = [
  { title: 'Top level', path: '', intro: 'Only `components` has to be there, or a `template` that brings them.' },
  { title: 'components', path: 'components.*', intro: 'One entry per group of nodes, by name.' },
  { title: 'limits', path: 'components.*.limits', intro: 'Per gate; see [readiness](readiness.md).' },
  { title: 'liveness', path: 'components.*.liveness', intro: 'Checks that go on for as long as the work does.' },
  { title: 'volumes', path: 'components.*.volumes.*', intro: 'Of a component.' },
  { title: 'steps', path: 'steps.*', intro: 'In order; each runs on all of its nodes at once.' },
  {
    title: 'webhooks',
    path: 'webhooks.*',
    intro: 'One entry per receiver; see [from another service](services.md#webhooks).',
  },
  { title: 'ingress', path: 'ingress.*', intro: 'One entry per opening.' },
];

/** Unions whose branches are objects, by where one of them is: one line per form. */
const FORMS: Record<string, string> = {
  image: 'image',
  health: 'components.*.health.*',
  result: 'steps.*.result',
  network: 'network',
};

const schema = jsonSchemaOf(experimentSchema) as Schema;

/** Fields that the small spec gives although they are optional. */
const GIVEN = ['instanceProfile', 'steps', 'ingress', 'webhooks', 'components.*.volumes'];

/** The small spec, with every default filled in. */
const defaults: unknown = experimentSchema.parse({
  instanceProfile: 'x',
  components: { any: { volumes: [{ sizeGiB: 1 }] } },
  steps: [{ name: 'any', on: 'any', run: 'true' }],
  webhooks: [{ url: 'https://x', secret: { env: 'HOLDFAST_SECRET_X' } }],
  ingress: [{ fromPort: 1, toPort: 1, cidr: '10.0.0.0/8' }],
});

/** What no schema says. */
const LAYERS = [
  '## Layers',
  'A spec may stand on others. Lowest first: what is built in, the profile, the template, the files in their order,' +
    ' `--set`. Maps merge; lists, an image and everything else replace; a key without a value says nothing.' +
    ' `holdfast spec show --origins` says where each value came from.',
  'Templates are the examples of this package and the files of `HOLDFAST_HOME/templates`; profiles are the files of' +
    ' `HOLDFAST_HOME/profiles`, and one called `default` applies by itself. `holdfast spec library` lists them. The' +
    ' worker puts the layers together, so this input works from every door, the Temporal UI among them:',
  '```json\n{ "template": "pulsar-quick", "lease": "20m" }\n```',
  'The command line does the same on its own machine and sends what comes of it, so there your own templates apply. A' +
    ' run that is given no `name` is called like its template.',
  '## Secrets',
  'A spec stays readable: in the history of its workflow, in tags, in its results. What looks like a secret, by its' +
    ' form or as a variable named like one, is refused with the field named. Keep it in an SSM parameter and read it on' +
    ' the node. What was sent to Temporal before it was refused is in a history: rotate it.',
  '```json\n{ "run": "TOKEN=$(aws ssm get-parameter --with-decryption --name /lab/token --query Parameter.Value --output text) bin/work" }\n```',
];

/** The page, before Prettier. */
export function specPage(): string {
  return [
    '# The experiment file',
    '<!-- Written by `npx tsx test/docs/reference.ts` from src/schemas/experiment.ts; a test compares them. -->',
    'One object, as YAML or JSON. Unknown fields are refused with a suggestion, and every mistake is one line. Durations are' +
      ' `90s`, `15m`, `12h`, `2d` or a number of seconds. Editors complete and check a file that begins with',
    '```yaml\n# yaml-language-server: $schema=./experiment.schema.json\n```',
    'where [experiment.schema.json](../examples/experiment.schema.json) is what `holdfast spec schema` prints.',
    ...LAYERS,
    ...SECTIONS.flatMap(sectionText),
    '## Several forms',
    'Some fields take one of several objects.',
    ...Object.entries(FORMS).flatMap(([name, path]) => formText(name, path)),
  ].join('\n\n');
}

function sectionText({ title, path, intro }: Section): string[] {
  const found = schemaAt(path);
  const rows = Object.entries(found.properties ?? {}).map(([name, field]) => {
    const at = path === '' ? name : `${path}.${name}`;
    const isRequired = found.required?.includes(name) === true;
    return [code(name), takes(field, name), isRequired ? '**required**' : defaultText(at), field.description ?? ''];
  });
  return [`## ${title}`, intro, table(['field', 'takes', 'default', 'meaning'], rows)];
}

function formText(name: string, path: string): string[] {
  const rows = formsAt(path).map(({ properties = {}, description = '' }) => [
    Object.keys(properties).map(code).join(', '),
    description,
  ]);
  return [`### ${name}`, table(['fields', 'meaning'], rows)];
}

function formsAt(path: string): Schema[] {
  return schemaAt(path).anyOf ?? [];
}

/** Paths of fields, and of forms of a field, that say nothing of what they mean. */
export function unexplained(): string[] {
  const fields = SECTIONS.flatMap(({ path }) =>
    Object.entries(schemaAt(path).properties ?? {}).map(([name, field]): [string, Schema] => [
      path === '' ? name : `${path}.${name}`,
      field,
    ]),
  );
  const forms = Object.values(FORMS).flatMap((path) =>
    formsAt(path).map((form, index): [string, Schema] => [`${path}, form ${String(index + 1)}`, form]),
  );
  return [...fields, ...forms].filter(([, { description = '' }]) => description === '').map(([path]) => path);
}

function schemaAt(path: string): Schema {
  const parts = path === '' ? [] : path.split('.');
  return parts.reduce((at: Schema, part) => {
    const below = part === '*' ? (at.items ?? at.additionalProperties) : at.properties?.[part];
    if (typeof below !== 'object') throw new Error(`the schema has no ${path}`);
    return below;
  }, schema);
}

function takes(field: Schema, name: string): string {
  if (name in FORMS) return `${field.type === 'array' ? 'list, each ' : ''}[one of several forms](#${name})`;
  if (Array.isArray(field.type)) return 'duration';
  if (field.enum !== undefined) return field.enum.map(code).join(' or ');
  if (field.anyOf !== undefined) return field.anyOf.map((branch) => takes(branch, '')).join(' or ');
  return plainTakes(field, name);
}

function plainTakes(field: Schema, name: string): string {
  switch (field.type) {
    case 'array':
      return `list of ${takes(field.items ?? {}, name)}${range(field.minItems, field.maxItems)}`;
    case 'object':
      return objectText(field, name);
    case 'string':
      return field.pattern === undefined ? `text${range(undefined, field.maxLength)}` : code(field.pattern);
    case 'integer':
      return `whole number${range(field.minimum, field.maximum)}`;
    default:
      return String(field.type);
  }
}

function objectText(field: Schema, name: string): string {
  if (SECTIONS.some(({ title }) => title === name)) return `[map](#${name})`;
  const values = field.additionalProperties;
  return typeof values === 'object' ? `map of ${takes(values, '')}` : 'map';
}

/** Limits that are a type's own (2^53) say nothing. */
function range(from: number | undefined, to: number | undefined): string {
  const end = to === undefined || to >= Number.MAX_SAFE_INTEGER ? undefined : to;
  if (from === undefined) return end === undefined ? '' : `, at most ${String(end)}`;
  return end === undefined ? `, at least ${String(from)}` : `, ${String(from)} to ${String(end)}`;
}

function defaultAt(path: string): unknown {
  const steps = path
    .replace(/^components\.\*/, 'components.any')
    .replaceAll('.*', '.0')
    .split('.');
  return steps.reduce<unknown>((at, step) => (at as Record<string, unknown> | undefined)?.[step], defaults);
}

function defaultText(path: string): string {
  const value = defaultAt(path);
  if (GIVEN.includes(path)) return Array.isArray(value) ? code('[]') : '';
  if (value === undefined) return '';
  if (path.endsWith('.limits')) return 'see below';
  return code(isDuration(path) ? durationText(value as number) : plain(value));
}

/** JSON as one would write it in YAML. */
function plain(value: unknown): string {
  return JSON.stringify(value)
    .replaceAll('"', '')
    .replace(/[,:](?=\S)/g, '$& ');
}

function isDuration(path: string): boolean {
  return Array.isArray(schemaAt(path).type);
}

function durationText(seconds: number): string {
  if (seconds % 3600 === 0) return `${String(seconds / 3600)}h`;
  return seconds % 60 === 0 ? `${String(seconds / 60)}m` : `${String(seconds)}s`;
}
