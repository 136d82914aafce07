/** Where does chance come from? From one seed: every draw of a world is repeatable in the order it is made. */

export interface Random {
  /** A number in [0, 1). */
  next(): number;
  /** A whole number between the two ends, both included: how every delay is drawn. */
  between(range: Range): number;
  /** `length` hexadecimal digits, for ids. */
  hex(length: number): string;
}

/** A closed range; most are milliseconds. */
export type Range = readonly [min: number, max: number];

/** Mulberry32: small, fast and good enough for delays; not for secrets. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    next,
    between: ([min, max]) => Math.round(min + next() * (max - min)),
    hex: (length) => Array.from({ length }, () => Math.floor(next() * 16).toString(16)).join(''),
  };
}

/** A number in [0, 1) that depends on the words alone, for values that must not depend on the order of draws (prices). */
export function hashed(...words: (string | number)[]): number {
  let hash = 0x811c9dc5;
  for (const char of words.join('\u0000')) hash = Math.imul(hash ^ char.charCodeAt(0), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return ((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32;
}

/** A whole number within the range that depends on the words alone. */
export function hashedBetween([min, max]: Range, ...words: (string | number)[]): number {
  return min === max ? min : Math.round(min + hashed(...words) * (max - min));
}
