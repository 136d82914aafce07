/** What does the OpenAPI document of the HTTP door say? Made of the table of operations and its schemas. */
import { z } from 'zod';
import { submittedSchema } from '../schemas/experiment';
import { fileSchema } from '../schemas/parse';
import { problemSchema, PROBLEMS, type ProblemName } from '../schemas/http';
import { OPERATIONS, type Operation } from './operations';

type Json = Record<string, unknown>;

/** What any request may be refused with. */
const ANY: ProblemName[] = ['invalid', 'too-many', 'timeout', 'internal'];
const WITH_BODY: ProblemName[] = ['too-large', 'unsupported'];
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
      ...Object.entries(operation.headers ?? {}).map(([name, { description, maxLength }]) => ({
        in: 'header',
        name,
        description,
        schema: { type: 'string', minLength: 1, maxLength },
      })),
    ],
    ...(body === undefined ? {} : { requestBody: { required: true, content: json(bodySchema(body)) } }),
    responses: responsesOf(operation),
  };
}

function bodySchema(body: z.ZodType): Json {
  return body === submittedSchema ? ref('Spec') : schemaOf(body, 'input');
}

function parametersIn(place: 'path' | 'query', schema: z.ZodType | undefined): Json[] {
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

function responsesOf({ access, answer, also = {}, body, problems }: Operation): Json {
  const content = answer.schema === undefined ? {} : { content: json(schemaOf(answer.schema, 'output'), answer.type) };
  const headers = Object.entries(answer.headers ?? {}).map(([name, description]) => [
    name,
    { description, schema: { type: 'string' } },
  ]);
  const names = [
    ...problems,
    ...ANY,
    ...(body === undefined ? [] : WITH_BODY),
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
