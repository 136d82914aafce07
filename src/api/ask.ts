/** What does a handler get of a request? Its parts, each parsed by the schema of its operation. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { isMap } from '../schemas/layers';
import { parseWith } from '../schemas/parse';
import { HttpProblem } from './problem';
import type { Operation } from './operations';

type Parsed<O, K extends string> = O extends Record<K, z.ZodType<infer T>> ? T : undefined;

export interface Ask<O extends Operation = Operation> {
  params: Parsed<O, 'params'>;
  query: Parsed<O, 'query'>;
  /** As it was sent, once its schema found nothing wrong or the client is to: what is started is what was asked for. */
  body: O extends { body: z.ZodType } ? z.input<O['body']> : undefined;
  headers: Parsed<O, 'headers'>;
  /** Name of the token; undefined where none is needed. */
  caller: string | undefined;
  /** Whether the caller may still ask this: a token can be revoked while its answer goes on. */
  isAllowed: () => Promise<boolean>;
  request: FastifyRequest;
  reply: FastifyReply;
}

/** Rejects with `invalid` for what is no such request, and with `refused` for a body with mistakes in it. */
export function askOf<O extends Operation>(
  operation: O,
  request: FastifyRequest,
  reply: FastifyReply,
  { caller, isAllowed }: Pick<Ask, 'caller' | 'isAllowed'>,
): Ask<O> {
  // What is left out counts as an empty object; `null` was sent.
  if (operation.checkedByClient !== true || !isMap(request.body))
    check(operation.body, request.body === null ? [] : request.body, 'refused', 'the body is wrong');
  return {
    params: check(operation.params, request.params, 'invalid', 'the path is wrong'),
    query: check(operation.query, request.query, 'invalid', 'the query is wrong'),
    body: request.body ?? {},
    headers: check(operation.headers, given(operation, request), 'invalid', 'a header is wrong'),
    caller,
    isAllowed,
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

/** The headers that the operation knows, under the names it has for them. */
function given({ headers }: Operation, request: FastifyRequest): Record<string, unknown> {
  const names = Object.keys(headers?.shape ?? {});
  return Object.fromEntries(names.map((name) => [name, request.headers[name.toLowerCase()]]));
}
