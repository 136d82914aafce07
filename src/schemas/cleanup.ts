/** What may a user say to `cleanup`? The id is enough. */
import { z } from 'zod';
import { EXPERIMENT_ID } from '../contracts/names';
import { duration } from './units';

const region = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'is no region: write us-west-2');

export const cleanupSchema = z.strictObject({
  experimentId: z
    .string()
    .regex(EXPERIMENT_ID, 'is no experiment id: 1 to 128 letters, digits and . _ : - beginning with a letter or digit'),
  /** All regions that the account has enabled when absent. */
  regions: z.array(region).min(1).max(100).optional(),
  /** Only look and report: no call that changes anything. */
  dryRun: z.boolean().default(false),
  /** Time between the two looks that have to find nothing; AWS's indexes may lag by as much. */
  settleSeconds: duration.default(60),
  /** After this the verdict is given with whatever is left. Dependent interfaces have been seen to linger for minutes. */
  limitSeconds: duration.default(1800),
  /** The account and endpoint it is meant for; that of the worker which takes it when absent. */
  target: z
    .strictObject({ account: z.string().regex(/^\d{12}$/, 'is no account id'), endpoint: z.string() })
    .optional(),
});
