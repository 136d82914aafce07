/** Which page of a listing is meant? Tokens name the last item seen, so pages stay right while things come and go. */
import { AwsError } from '../errors';
import { hashed } from '../random';
import type { World } from '../world/state';
import { invalid, number, text, type Input } from './input';

export interface PageLimits {
  min: number;
  max: number;
  /** Items of a page when the caller does not say; all of them when left out. */
  byDefault?: number;
  /** The id parameter that AWS does not allow beside MaxResults. */
  notWith?: string;
}

export interface Page<T> {
  items: T[];
  NextToken?: string;
}

/** Cuts `items`, which must be in rising order of `position`. */
export function page<T>(
  world: World,
  items: T[],
  input: Input,
  limits: PageLimits,
  position: (item: T) => number,
): Page<T> {
  const asked = pageSize(input, limits);
  const token = readToken(text(input, 'NextToken'));
  const from = token.after === 0 ? 0 : firstAfter(items, token.after, position);
  const rest = from === 0 ? items : items.slice(from);
  const size = byIds(input, limits) ? asked : sizeOf(world, rest.length, asked, token);
  if (size === 0) return { items: [], NextToken: tokenFor(token.after, true) };
  if (rest.length <= size) return { items: rest };
  const cut = rest.slice(0, size);
  const last = cut.at(-1);
  return last === undefined ? { items: cut } : { items: cut, NextToken: tokenFor(position(last)) };
}

/** "Some results may be fewer than MaxResults, or none, and more come with the token": how many, as the scenario has it. */
function sizeOf({ seed, scenario }: World, left: number, asked: number, { after, sawEmpty }: Token): number {
  const { emptyPages, shortPages } = scenario.listings;
  if (left > 0 && !sawEmpty && hashed(seed, 'empty page', after, left) < emptyPages.ec2) return 0;
  const short = left > 1 && hashed(seed, 'short page', after, left) < shortPages.ec2;
  return short ? Math.ceil(Math.min(asked, left) / 2) : asked;
}

function byIds(input: Input, { notWith }: PageLimits): boolean {
  const ids = notWith === undefined ? undefined : input[notWith];
  return Array.isArray(ids) && ids.length > 0;
}

/** Items of a page, checked; call it before anything is looked up, as AWS checks parameters first. */
export function pageSize(input: Input, limits: PageLimits): number {
  const { min, max, byDefault, notWith } = limits;
  const asked = number(input, 'MaxResults');
  if (asked === undefined) return byDefault ?? Infinity;
  if (asked < min || asked > max) {
    throw invalid('maxResults', asked, `Expecting a value between ${min} and ${max}`);
  }
  if (byIds(input, limits)) {
    throw new AwsError(
      'InvalidParameterCombination',
      `The parameter ${String(notWith)} cannot be used with the parameter maxResults`,
    );
  }
  return asked;
}

/** What tokens begin with: tells ours from made-up ones. */
const MARK = 'page:';

interface Token {
  /** Position of the last item seen; 0 before the first. */
  after: number;
  /** The page before this one was empty: this one is not. */
  sawEmpty: boolean;
}

function tokenFor(after: number, sawEmpty = false): string {
  return Buffer.from(`${MARK}${after}${sawEmpty ? '+' : ''}`).toString('base64url');
}

function readToken(token: string | undefined): Token {
  if (token === undefined || token === '') return { after: 0, sawEmpty: false };
  const plain = Buffer.from(token, 'base64url').toString('utf8');
  const after = Number(plain.slice(MARK.length).replace('+', ''));
  if (!plain.startsWith(MARK) || !Number.isInteger(after)) {
    throw new AwsError('InvalidNextToken', `The token '${token}' is invalid`);
  }
  return { after, sawEmpty: plain.endsWith('+') };
}

function firstAfter<T>(items: T[], after: number, position: (item: T) => number): number {
  const index = items.findIndex((item) => position(item) > after);
  return index === -1 ? items.length : index;
}
