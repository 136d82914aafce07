/** How long is what refused left alone? By what the refusal was about, doubled with each outage in a row. */
import type { ErrorClass, RefusalScope } from '../contracts/capacity';

const MINUTE = 60_000;

/** A pool that went down is nearly always still down after this long, so a shorter block only repeats the refusal. */
const POOL_MS = 3 * MINUTE;
/** The median outage of scarce pools is 29 minutes: above an hour a block mostly hides capacity that came back. */
export const POOL_CAP_MS = 60 * MINUTE;
/** A quota moves when an instance of the family ends and leaves the count, or when AWS raises it. */
const FAMILY_QUOTA_MS = 15 * MINUTE;
/** Quotas of a whole region move by request, which takes longer; a family that stays full is no better. */
const REGION_QUOTA_MS = 30 * MINUTE;
/** AWS adds a type to a zone a few times a year. */
const NOT_OFFERED_MS = 24 * 60 * MINUTE;
/** Addresses come back when instances end. */
const SUBNET_MS = 5 * MINUTE;
/** A missing right needs a person; this often it is worth to see whether there was one. */
const RIGHT_MS = 30 * MINUTE;

/** Shortest and longest block. */
type Span = readonly [first: number, longest: number];

/** Milliseconds of a block with this many outages in a row, at least 1; never shorter with more of them. */
export function durationMs(refused: { class: ErrorClass; scope: RefusalScope }, strikes: number): number {
  const [first, longest] = spanOf(refused);
  return Math.min(longest, first * 2 ** Math.max(0, strikes - 1));
}

function spanOf({ class: word, scope }: { class: ErrorClass; scope: RefusalScope }): Span {
  if (word === 'not-offered') return [NOT_OFFERED_MS, NOT_OFFERED_MS];
  if (word === 'auth') return [RIGHT_MS, RIGHT_MS];
  if (word === 'quota') return [scope === 'family' ? FAMILY_QUOTA_MS : REGION_QUOTA_MS, REGION_QUOTA_MS];
  if (scope === 'subnet') return [SUBNET_MS, SUBNET_MS];
  return [POOL_MS, POOL_CAP_MS];
}
