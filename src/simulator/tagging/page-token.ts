/** Which page of GetResources is meant? Tokens live 15 minutes; pages may be short; only an empty token ends the listing. */
import { AwsError } from '../errors';
import { hashed } from '../random';
import type { World } from '../world/state';
import type { Indexed } from './ghosts';
import { invalid } from './limits';

export interface TagPage {
  items: Indexed[];
  /** Empty on the last page, as the API has it. */
  PaginationToken: string;
}

/** Cuts the page of at most `size` out of `all`, which is in rising order of `seq`. */
export function cutPage(world: World, all: Indexed[], token: unknown, size: number, now: number): TagPage {
  const { shortPages, emptyPages, tagTokenSeconds } = world.scenario.listings;
  const until = now + tagTokenSeconds * 1000;
  const { after, sawEmpty } = typeof token === 'string' && token !== '' ? readToken(token, now) : START;
  const rest = all.filter(({ resource }) => resource.seq > after);
  if (rest.length > 0 && !sawEmpty && hashed(world.seed, 'empty page', after, rest.length) < emptyPages.tagging)
    return { items: [], PaginationToken: writeToken({ after, until, sawEmpty: true }) };
  const short = rest.length > size && hashed('short page', after, size) < shortPages.tagging;
  const items = rest.slice(0, short ? Math.ceil(size / 2) : size);
  const last = items.at(-1);
  const more = last !== undefined && items.length < rest.length;
  return { items, PaginationToken: more ? writeToken({ after: last.resource.seq, until, sawEmpty: false }) : '' };
}

interface Token {
  after: number;
  /** When it expires. */
  until: number;
  /** The page before this one was empty: this one is not. */
  sawEmpty: boolean;
}

const START: Omit<Token, 'until'> = { after: 0, sawEmpty: false };

function writeToken(token: Token): string {
  return Buffer.from(JSON.stringify(token)).toString('base64');
}

function readToken(token: string, now: number): Omit<Token, 'until'> {
  const { after, until, sawEmpty } = parse(token);
  if (typeof after !== 'number' || typeof until !== 'number') throw invalid('The pagination token is not valid.');
  if (now > until) throw expiredToken();
  return { after, sawEmpty: sawEmpty === true };
}

export function expiredToken(): AwsError {
  return new AwsError('PaginationTokenExpiredException', 'The pagination token has expired.');
}

function parse(token: string): Partial<Record<keyof Token, unknown>> {
  try {
    return JSON.parse(Buffer.from(token, 'base64').toString('utf8')) as Partial<Record<keyof Token, unknown>>;
  } catch {
    return {};
  }
}
