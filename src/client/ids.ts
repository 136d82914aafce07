/** What is an experiment called when the caller gives no id? Sortable by start, safe in URLs. */
import { randomInt } from 'node:crypto';

/** No letter or digit that is read as another one, and no vowel, so that no word appears by chance. */
const ALPHABET = 'bcdfghjkmnpqrstvwxz23456789';
/** 27^4 = 531,441 names in one minute. */
const RANDOM_LETTERS = 4;

/** `<name>-<yymmdd-hhmm>-<4>` in UTC. */
export function experimentId(name: string, at: Date, random: (below: number) => number = randomInt): string {
  const stamp = at.toISOString().replace(/^..(..)-(..)-(..)T(..):(..).*$/, '$1$2$3-$4$5');
  const letters = Array.from({ length: RANDOM_LETTERS }, () => ALPHABET[random(ALPHABET.length)]).join('');
  return `${name}-${stamp}-${letters}`;
}
