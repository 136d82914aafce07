/** Which page of GetResources is meant? Tokens live 15 minutes; pages may be short; only an empty token ends the listing. */
import { AwsError } from '../errors';
import { hashed } from '../random';
import type { SimResource } from '../world/state';
import { invalid } from './limits';

/** API reference: a pagination token is valid for 15 minutes. */
const TOKEN_MS = 15 * 60_000;

/** Share of pages that come short (invented): enough that a caller who stops at a short page is found out. */
const SHORT_SHARE = 0.2;

export interface TagPage {
  items: SimResource[];
  /** Empty on the last page, as the API has it. */
  PaginationToken: string;
}

/** Cuts the page of at most `size` out of `all`, which is in rising order of `seq`. */
export function cutPage(all: SimResource[], token: unknown, size: number, now: number): TagPage {
  const after = typeof token === 'string' && token !== '' ? readToken(token, now) : 0;
  const rest = all.filter(({ seq }) => seq > after);
  const short = rest.length > size && hashed('short page', after, size) < SHORT_SHARE;
  const items = rest.slice(0, short ? Math.ceil(size / 2) : size);
  const last = items.at(-1);
  const more = last !== undefined && items.length < rest.length;
  return { items, PaginationToken: more ? writeToken(last.seq, now) : '' };
}

function writeToken(after: number, now: number): string {
  return Buffer.from(JSON.stringify({ after, until: now + TOKEN_MS })).toString('base64');
}

function readToken(token: string, now: number): number {
  const { after, until } = parse(token);
  if (typeof after !== 'number' || typeof until !== 'number') throw invalid('The pagination token is not valid.');
  if (now > until) throw new AwsError('PaginationTokenExpiredException', 'The pagination token has expired.');
  return after;
}

function parse(token: string): { after?: unknown; until?: unknown } {
  try {
    return JSON.parse(Buffer.from(token, 'base64').toString('utf8')) as { after?: unknown; until?: unknown };
  } catch {
    return {};
  }
}
