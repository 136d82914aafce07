/** May this request be made? Tokens where the door needs them, and no browser's page from elsewhere where it does not. */
import type { FastifyRequest } from 'fastify';
import type { Operation } from './operations';
import { HttpProblem } from './problem';
import type { TokenFile } from './tokens';

/** Addresses that only this machine reaches. */
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/i;

export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/** Name of the caller's token; undefined where none is needed. Rejects with `unauthorized` or `forbidden`. */
export async function callerOf(
  request: FastifyRequest,
  access: Operation['access'],
  { tokens, host }: { tokens: TokenFile; host: string },
): Promise<string | undefined> {
  if (access === 'open') return undefined;
  if (isLoopback(host) && (await tokens.list()).length === 0) {
    // A page of another site can make a browser send requests here, under a name of its own that leads here.
    if (!isLoopback(request.hostname)) throw new HttpProblem('forbidden', 'without tokens only localhost is served');
    return undefined;
  }
  const [, token] = /^Bearer +([\x21-\x7e]{1,200})$/i.exec(request.headers.authorization ?? '') ?? [];
  const entry = token === undefined ? undefined : await tokens.check(token);
  if (entry === undefined) throw new HttpProblem('unauthorized', 'a token is needed: Authorization: Bearer ...');
  if (access === 'full' && entry.access !== 'full')
    throw new HttpProblem('forbidden', `the token ${entry.name} may only read`);
  return entry.name;
}
