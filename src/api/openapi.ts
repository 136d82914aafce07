/** What does the OpenAPI document of the HTTP door say? Made of the table of operations and its schemas. */
import { z } from 'zod';
import { submittedSchema } from '../schemas/experiment';
import { fileSchema } from '../schemas/parse';
import { problemSchema, PROBLEMS, type ProblemName } from '../schemas/http';
import { OPERATIONS, type Operation } from './operations';

type Json = Record<string, unknown>;

/** What any request may be refused with. */
const ANY: ProblemName[] = ['invalid', 'too-many', 'timeout', 'internal'];
const WITH_BODY: ProblemName[] = ['too-large', 'unsupported', 'refused'];
const WITH_TOKEN: ProblemName[] = ['unauthorized', 'forbidden'];

/** The document, OpenAPI 3.1. */
export function openApiDocument(): Json {
  const paths: Record<string, Json> = {};
  for (const [name, operation] of Object.entries(OPERATIONS) as [string, Operation][]) {
    const method = operation.method.toLowerCase();
    paths[operation.path] = { ...paths[operation.path], [method]: operationOf(name, operation) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Holdfast',
      version: '1',
      description: 'Durable experiments on EC2 spot capacity. Errors are problem documents (RFC 9457).',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    paths,
    components: {
      schemas: { Spec: pointed(fileSchema()), ...sharedSchemas() },
      responses: {
        Problem: { description: 'Why not.', content: { 'application/problem+json': { schema: ref('Problem') } } },
      },
      securitySchemes: { token: { type: 'http', scheme: 'bearer', description: '`holdfast token create`.' } },
    },
  };
}

function operationOf(operationId: string, operation: Operation): Json {
  const { access, body, summary } = operation;
  return {
    operationId,
    summary,
    ...(access === 'open' ? { security: [] } : { security: [{ token: [] }, {}], 'x-access': access }),
    parameters: [
      ...parametersIn('path', operation.params),
      ...parametersIn('query', operation.query),
      ...parametersIn('header', operation.headers),
    ],
    ...(body === undefined ? {} : { requestBody: { required: isNeeded(body), content: json(bodySchema(body)) } }),
    responses: responsesOf(operation),
  };
}

/** A body that is left out counts as an empty object. */
function isNeeded(body: z.ZodType): boolean {
  return !body.safeParse({}).success;
}

function bodySchema(body: z.ZodType): Json {
  return body === submittedSchema ? ref('Spec') : schemaOf(body, 'input');
}

function parametersIn(place: 'path' | 'query' | 'header', schema: z.ZodType | undefined): Json[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    in: place,
    name,
    ...(description === undefined ? {} : { description }),
    ...(required.includes(name) ? { required: true } : {}),
    schema: rest,
  }));
}

function responsesOf({ access, answer, also = {}, method, problems }: Operation): Json {
  const content = answer.schema === undefined ? {} : { content: contentOf(answer.schema, answer.type) };
  const headers = Object.entries(answer.headers ?? {}).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  const names = [
    ...problems,
    ...ANY,
    // A body that no operation asks for is read all the same.
    ...(method === 'POST' ? WITH_BODY : []),
    ...(access === 'open' ? [] : WITH_TOKEN),
  ];
  const refusals = [...new Set(names.map((name) => PROBLEMS[name]))].sort((a, b) => a - b);
  return {
    [answer.status]: {
      description: answer.description,
      ...(headers.length === 0 ? {} : { headers: Object.fromEntries(headers) as Json }),
      ...content,
    },
    ...Object.fromEntries(Object.entries(also).map(([status, description]) => [status, { description }])),
    ...Object.fromEntries(refusals.map((status) => [status, { $ref: '#/components/responses/Problem' }])),
  };
}

function contentOf(schema: z.ZodType, type = 'application/json'): Json {
  const whole = schemaOf(schema, 'output');
  return json(type === 'text/event-stream' ? sentEvent(whole) : whole, type);
}

/** One event of a stream, as OpenAPI 3.2 describes it (https://spec.openapis.org/oas/v3.2.0.html, 4.14.4). */
function sentEvent(contentSchema: Json): Json {
  const data = { type: 'string', contentMediaType: 'application/json', contentSchema };
  return {
    type: 'object',
    properties: { id: { type: 'string' }, event: { type: 'string' }, data },
    required: ['data'],
  };
}

function json(schema: Json, type = 'application/json'): Json {
  return { [type]: { schema } };
}

function ref(name: string): Json {
  return { $ref: `#/components/schemas/${name}` };
}

/** Schemas that have an id become components; wherever one is used, it is referred to. */
function schemaOf(schema: z.ZodType, io: 'input' | 'output'): Json {
  const made = z.toJSONSchema(schema, { io, unrepresentable: 'any', cycles: 'ref' }) as Json;
  return pointed(made) as Json;
}

function sharedSchemas(): Json {
  const answers = (Object.values(OPERATIONS) as Operation[]).flatMap(({ answer }) => answer.schema ?? []);
  const found: Json = {};
  for (const schema of [...answers, problemSchema]) {
    const id = (schema.meta() as { id?: string } | undefined)?.id;
    const made = z.toJSONSchema(schema, { io: 'output', unrepresentable: 'any' }) as Json & { $defs?: Json };
    if (id !== undefined) found[id] = pointed(made);
    for (const [name, inner] of Object.entries(made.$defs ?? {})) found[name] = pointed(inner);
  }
  return found;
}

/** A schema without what only stands at the top of a file, its references pointing to the components. */
function pointed(value: unknown, areNames = false): unknown {
  if (Array.isArray(value)) return value.map((inner) => pointed(inner));
  if (typeof value !== 'object' || value === null) return value;
  // Below `properties` the keys are fields of the data: one may be called id.
  const entries = Object.entries(value).filter(([key]) => areNames || !['$schema', '$defs', 'id'].includes(key));
  return Object.fromEntries(
    entries.map(([key, inner]) => [
      key,
      key === '$ref' && typeof inner === 'string'
        ? inner.replace('#/$defs/', '#/components/schemas/')
        : pointed(inner, !areNames && key === 'properties'),
    ]),
  );
}
