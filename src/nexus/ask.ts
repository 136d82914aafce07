/** How is Temporal asked on behalf of a Nexus caller, and how is the caller told what went wrong? */
import type { Client } from '@temporalio/client';
import { getClient } from '@temporalio/nexus';
import { HandlerError, type HandlerErrorType, type OperationContext } from 'nexus-rpc';
import type { z } from 'zod';
import { HoldfastError, type ProblemKind } from '../client/errors';
import { translated } from '../client/translate';
import { parseWith } from '../schemas/parse';

/** The limit of one request where the server names none (its `component.nexusoperations.request.timeout`). */
const REQUEST_MS = 10_000;
/** Ahead of the limit, so that the caller still hears the answer. */
const MARGIN_MS = 1000;

/** Kinds that are no mistake of the caller's input. The server asks again where a type is UNAVAILABLE, and only there. */
const TYPES: Partial<Record<ProblemKind, HandlerErrorType>> = {
  'not-found': 'NOT_FOUND',
  conflict: 'CONFLICT',
  unreachable: 'UNAVAILABLE',
  'no-worker': 'UNAVAILABLE',
};

/** Asks about one experiment, within the time of the request. */
export async function ask<T>(
  { requestDeadline }: OperationContext,
  id: string,
  question: (client: Client) => Promise<T>,
): Promise<T> {
  const client = getClient();
  const until = (requestDeadline?.getTime() ?? Date.now() + REQUEST_MS) - MARGIN_MS;
  return told(() => translated(id, () => client.withDeadline(until, () => question(client))));
}

/** The input of an operation; its mistakes are told in one line each. */
export function checked<T>(schema: z.ZodType<T>, input: unknown): T {
  const parsed = parseWith(schema, input);
  if (parsed.ok) return parsed.value;
  throw new HandlerError('BAD_REQUEST', parsed.problems.join('\n'));
}

/** Says a known problem in words of Nexus: the message is its lines where it has some. */
export async function told<T>(call: () => T | Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof HoldfastError)) throw error;
    const { kind, message, lines } = error;
    const type = TYPES[kind] ?? 'BAD_REQUEST';
    throw new HandlerError(type, lines.length === 0 ? message : lines.join('\n'), { cause: error });
  }
}
