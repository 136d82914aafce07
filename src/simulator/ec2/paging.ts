/** Which page of a listing is meant? Tokens name the last item seen, so pages stay right while things come and go. */
import { AwsError } from '../errors';
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
export function page<T>(items: T[], input: Input, limits: PageLimits, position: (item: T) => number): Page<T> {
  const size = pageSize(input, limits);
  const after = positionOf(text(input, 'NextToken'));
  const from = after === undefined ? 0 : firstAfter(items, after, position);
  const rest = from === 0 ? items : items.slice(from);
  if (rest.length <= size) return { items: rest };
  const cut = rest.slice(0, size);
  const last = cut.at(-1);
  return last === undefined ? { items: cut } : { items: cut, NextToken: tokenFor(position(last)) };
}

/** Items of a page, checked; call it before anything is looked up, as AWS checks parameters first. */
export function pageSize(input: Input, { min, max, byDefault, notWith }: PageLimits): number {
  const asked = number(input, 'MaxResults');
  if (asked === undefined) return byDefault ?? Infinity;
  if (asked < min || asked > max) {
    throw invalid('maxResults', asked, `Expecting a value between ${min} and ${max}`);
  }
  const ids = notWith === undefined ? undefined : input[notWith];
  if (Array.isArray(ids) && ids.length > 0) {
    throw new AwsError(
      'InvalidParameterCombination',
      `The parameter ${String(notWith)} cannot be used with the parameter maxResults`,
    );
  }
  return asked;
}

/** What tokens begin with: tells ours from made-up ones. */
const MARK = 'page:';

function tokenFor(position: number): string {
  return Buffer.from(`${MARK}${position}`).toString('base64url');
}

function positionOf(token: string | undefined): number | undefined {
  if (token === undefined || token === '') return undefined;
  const plain = Buffer.from(token, 'base64url').toString('utf8');
  const position = Number(plain.slice(MARK.length));
  if (!plain.startsWith(MARK) || !Number.isInteger(position)) {
    throw new AwsError('InvalidNextToken', `The token '${token}' is invalid`);
  }
  return position;
}

function firstAfter<T>(items: T[], after: number, position: (item: T) => number): number {
  const index = items.findIndex((item) => position(item) > after);
  return index === -1 ? items.length : index;
}
