/** Is this what a capacity workflow understands? Its input, its messages and its answers come from outside. */
import type { CapacityNews, CapacityView, PoolBlock } from '../contracts/capacity';
import type { OpenRequests } from './open-requests';

/** What a capacity workflow starts from; a continuation hands it to itself, a person may leave all of it out. */
export interface CapacityState extends Omit<CapacityView, 'open'> {
  /** Messages after which it continues as new; absent: when Temporal suggests it. */
  continueAfter?: number;
}

type Fields = Record<string, unknown>;

/** The state in an input, with a line for each member that is not what it should be. */
export function capacityState(input: unknown): CapacityState | { problems: string[] } {
  if (input !== undefined && input !== null && !isMap(input)) return { problems: ['must be an object or nothing'] };
  const given: Fields = input ?? {};
  const blocks = isMap(given['blocks']) ? given['blocks'] : {};
  const wrong = Object.keys(blocks).filter((key) => !isBlock(blocks[key]));
  const known = ['blocks', 'told', 'ignored', 'continueAfter'];
  const problems = [
    ...Object.keys(given)
      .filter((key) => !known.includes(key))
      .map((key) => `${key}: is unknown; known are ${known.join(', ')}`),
    ...('blocks' in given && !isMap(given['blocks']) ? ['blocks: must be an object'] : []),
    ...wrong.map((key) => `blocks.${key}: must have untilMs, strikes, class, code and atMs`),
    ...known
      .slice(1)
      .filter((key) => key in given && !isCount(given[key], key === 'continueAfter' ? 1 : 0))
      .map((key) => `${key}: must be a whole number`),
  ];
  if (problems.length > 0) return { problems };
  return { told: 0, ignored: 0, ...given, blocks: blocks as Record<string, PoolBlock> };
}

/** News in a message; undefined for anything else. */
export function newsIn(message: unknown): CapacityNews | undefined {
  if (!isMap(message)) return undefined;
  const { from, atMs, came, refused, asks = [] } = message;
  if (typeof from !== 'string' || !isNumber(atMs) || !Array.isArray(came) || !Array.isArray(refused)) return undefined;
  const isPool = (pool: unknown): boolean => hasTexts(pool, ['region', 'zone', 'instanceType', 'market']);
  const isRefusal = (one: unknown): boolean => hasTexts(one, ['key', 'class', 'scope', 'code']);
  const isAsked = Array.isArray(asks) && asks.every((key) => typeof key === 'string');
  return isAsked && came.every(isPool) && refused.every(isRefusal) ? (message as unknown as CapacityNews) : undefined;
}

/** The memory in an answer; nothing blocked when there is none. */
export function blocksIn(answer: unknown): Record<string, PoolBlock> {
  const blocks = isMap(answer) && isMap(answer['blocks']) ? answer['blocks'] : {};
  return Object.fromEntries(Object.entries(blocks).filter((entry): entry is [string, PoolBlock] => isBlock(entry[1])));
}

/** The open requests in an answer; none when it names none. */
export function openIn(answer: unknown): OpenRequests {
  const open = isMap(answer) && isMap(answer['open']) ? answer['open'] : {};
  return Object.fromEntries(Object.entries(open).filter((entry): entry is [string, number] => isNumber(entry[1])));
}

function isBlock(value: unknown): boolean {
  if (!isMap(value) || !hasTexts(value, ['class', 'code'])) return false;
  return isNumber(value['untilMs']) && isNumber(value['atMs']) && isCount(value['strikes'], 0);
}

function hasTexts(value: unknown, members: string[]): boolean {
  return isMap(value) && members.every((member) => typeof value[member] === 'string');
}

function isCount(value: unknown, least: number): boolean {
  return Number.isInteger(value) && (value as number) >= least;
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
