/** Which page of an SSM listing is meant? Tokens hold a position in the list; NextToken is absent on the last page. */
import { AwsError } from '../errors';

/** Cuts the page out of `items`; `size` has been checked against the operation's limits. */
export function pageOf<T>(items: readonly T[], token: unknown, size: number): { items: T[]; NextToken?: string } {
  const from = typeof token === 'string' && token !== '' ? positionOf(token) : 0;
  const cut = items.slice(from, from + size);
  return from + size < items.length ? { items: cut, NextToken: tokenFor(from + size) } : { items: cut };
}

const MARK = 'ssm:';

function tokenFor(position: number): string {
  return Buffer.from(`${MARK}${position}`).toString('base64');
}

function positionOf(token: string): number {
  const plain = Buffer.from(token, 'base64').toString('utf8');
  const position = Number(plain.slice(MARK.length));
  if (!plain.startsWith(MARK) || !Number.isInteger(position)) {
    throw new AwsError('InvalidNextToken', 'The specified token is not valid.');
  }
  return position;
}
