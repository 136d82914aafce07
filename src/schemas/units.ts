/** How does a field of a spec take a duration? */
import { z } from 'zod';
import { parseDuration } from '../contracts/duration';

/** A duration field: `90s`, `15m`, `12h`, `2d` or a number of seconds. The parsed value is in seconds, above zero. */
export const duration = z.union([z.number(), z.string()]).transform((value, context) => {
  const seconds = parseDuration(value);
  if (seconds !== undefined) return seconds;
  context.addIssue({ code: 'custom', message: 'is no duration: write 90s, 15m, 12h or 2d' });
  return z.NEVER;
});
