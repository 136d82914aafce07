/** What may a user say to `cleanup`? The id is enough. */
import { z } from 'zod';
import { EXPERIMENT_ID } from '../contracts/names';
import { regionName, targetPlace } from './place';
import { duration } from './units';

export const cleanupSchema = z.strictObject({
  experimentId: z
    .string()
    .regex(EXPERIMENT_ID, 'is no experiment id: 1 to 128 letters, digits and . _ : - beginning with a letter or digit'),
  /** All regions that the account has enabled when absent. */
  regions: z.array(regionName).min(1).max(100).optional(),
  /** Only look and report: no call that changes anything. */
  dryRun: z.boolean().default(false),
  /** Time between the two looks that have to find nothing; AWS's indexes may lag by as much. */
  settleSeconds: duration.default(60),
  /** After this the verdict is given with whatever is left. Dependent interfaces have been seen to linger for minutes. */
  limitSeconds: duration.default(1800),
  /** The account and endpoint it is meant for; that of the worker which takes it when absent. */
  target: targetPlace.optional(),
});
