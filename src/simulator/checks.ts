/** Is a piece of JSON what it should be? Fields by kind; the first wrong one is told in one line. */

/** `share` may be 0 and `part` may not; a list means one of its words. */
export type Kind =
  'text' | 'flag' | 'seconds' | 'count' | 'positive' | 'share' | 'range' | 'part' | 'any' | readonly string[];

/** Fields with their kinds; a name that ends in `?` may be left out. */
export type Shape = Record<string, Kind>;

/** Throws an Error that names the place and the field unless the value is a record of exactly this shape. */
export function checkRecord(where: string, value: unknown, shape: Shape): asserts value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error(`${where}: expected a mapping, got ${JSON.stringify(value)}`);
  const record = value as Record<string, unknown>;
  const kinds = new Map(Object.entries(shape).map(([name, kind]) => [name.replace(/\?$/, ''), kind]));
  const unknown = Object.keys(record).find((name) => !kinds.has(name));
  if (unknown !== undefined)
    throw new Error(`${where}: unknown field '${unknown}'; known: ${[...kinds.keys()].join(', ')}`);
  for (const [name, kind] of kinds) {
    const given = record[name];
    if (given === undefined && `${name}?` in shape) continue;
    if (!isKind(given, kind))
      throw new Error(`${where}: ${name} must be ${wordsFor(kind)}, got ${JSON.stringify(given)}`);
  }
}

/** Checks every member of a list; places are named `where[0]` and on. */
export function checkList(where: string, value: unknown, shape: Shape): void {
  if (!Array.isArray(value)) throw new Error(`${where}: expected a list, got ${JSON.stringify(value)}`);
  value.forEach((item: unknown, index) => checkRecord(`${where}[${index}]`, item, shape));
}

function isKind(value: unknown, kind: Kind): boolean {
  if (typeof kind !== 'string') return kind.includes(value as string);
  return TESTS[kind](value);
}

const isNumber = (value: unknown, min: number, max = Infinity): boolean =>
  typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max;

const TESTS: Record<Exclude<Kind, readonly string[]>, (value: unknown) => boolean> = {
  text: (value) => typeof value === 'string' && value !== '',
  flag: (value) => typeof value === 'boolean',
  seconds: (value) => isNumber(value, 0),
  count: (value) => isNumber(value, 0) && Number.isInteger(value),
  positive: (value) => isNumber(value, Number.MIN_VALUE),
  share: (value) => isNumber(value, 0, 1),
  range: (value) => {
    if (!Array.isArray(value) || value.length !== 2) return false;
    const [min, max] = value as [unknown, unknown];
    return isNumber(min, 0) && isNumber(max, min as number);
  },
  part: (value) => isNumber(value, Number.MIN_VALUE, 1),
  any: () => true,
};

function wordsFor(kind: Kind): string {
  if (typeof kind !== 'string') return `one of ${kind.join(', ')}`;
  return {
    text: 'a text',
    flag: 'true or false',
    seconds: 'a number of seconds, 0 or more',
    count: 'a whole number, 0 or more',
    positive: 'a number above 0',
    share: 'a number from 0 to 1',
    range: 'two numbers, the lower first, 0 or more',
    part: 'above 0 and at most 1',
    any: 'given',
  }[kind];
}
