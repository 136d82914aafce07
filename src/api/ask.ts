/** What does a handler get of a request? Its parts, each parsed by the schema of its operation. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { parseWith } from '../schemas/parse';
import { HttpProblem } from './problem';
import type { Operation } from './operations';

type Parsed<O, K extends string> = O extends Record<K, z.ZodType<infer T>> ? T : undefined;

export interface Ask<O extends Operation = Operation> {
  params: Parsed<O, 'params'>;
  query: Parsed<O, 'query'>;
  /** As it was sent, once its schema found nothing wrong: what is started is what was asked for. */
  body: O extends { body: z.ZodType } ? z.input<O['body']> : undefined;
  /** A header of the operation; undefined when it is not given. */
  header: (name: keyof O['headers'] & string) => string | undefined;
  /** Name of the token; undefined where none is needed. */
  caller: string | undefined;
  request: FastifyRequest;
  reply: FastifyReply;
}

/** Rejects with `invalid` for what is no such request, and with `refused` for a body with mistakes in it. */
export function askOf<O extends Operation>(
  operation: O,
  request: FastifyRequest,
  reply: FastifyReply,
  caller: string | undefined,
): Ask<O> {
  check(operation.body, request.body, 'refused', 'the body is wrong');
  return {
    params: check(operation.params, request.params, 'invalid', 'the path is wrong'),
    query: check(operation.query, request.query, 'invalid', 'the query is wrong'),
    body: request.body ?? {},
    header: (name) => headerOf(request, name, operation.headers?.[name]?.maxLength ?? 0),
    caller,
    request,
    reply,
  } as Ask<O>;
}

function check(
  schema: z.ZodType | undefined,
  value: unknown,
  failure: 'invalid' | 'refused',
  message: string,
): unknown {
  if (schema === undefined) return undefined;
  const parsed = parseWith(schema, value);
  if (!parsed.ok) throw new HttpProblem(failure, message, parsed.problems);
  return parsed.value;
}

function headerOf(request: FastifyRequest, name: string, maxLength: number): string | undefined {
  const value = request.headers[name.toLowerCase()];
  if (value === undefined) return undefined;
  if (typeof value === 'string' && value !== '' && value.length <= maxLength) return value;
  throw new HttpProblem('invalid', 'a header is wrong', [`${name}: must have 1 to ${String(maxLength)} characters`]);
}
