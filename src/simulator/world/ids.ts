/** What does a new id look like? As AWS's: a prefix and 17 hexadecimal digits, drawn from the world's seed. */
import { AwsError } from '../errors';
import type { World } from './state';

/** Digits of a long resource id (EC2 user guide, "Resource IDs"). */
const DIGITS = 17;

export function newId(world: World, prefix: string): string {
  return `${prefix}-0${world.random.hex(DIGITS - 1)}`;
}

/** Fleet ids and other ids that have the form of a UUID after their prefix. */
export function newUuid(world: World): string {
  return [8, 4, 4, 4, 12].map((length) => world.random.hex(length)).join('-');
}

/** Refuses ids that are not `prefix-` and 8 or 17 hexadecimal digits, with AWS's code for it. */
export function checkIds(ids: readonly string[], prefix: string, code: string): void {
  const bad = ids.find((id) => !new RegExp(`^${prefix}-([0-9a-f]{8}|[0-9a-f]{17})$`).test(id));
  if (bad !== undefined) throw new AwsError(code, `Invalid id: "${bad}" (expecting "${prefix}-...")`);
}
