/** What may a user say to `cleanup`? The id is enough. */
import { z } from 'zod';
import { EXPERIMENT_ID, PLAN_DIGEST } from '../contracts/names';
import { regionName, targetPlace } from './place';
import { duration } from './units';

const fields = z.strictObject({
  experimentId: z
    .string()
    .regex(EXPERIMENT_ID, 'is no experiment id: 1 to 128 letters, digits and . _ : - beginning with a letter or digit'),
  /** All regions that the account has enabled when absent. */
  regions: z.array(regionName).min(1).max(100).optional(),
  /** Only look, and keep a plan of what would be deleted. */
  plan: z.boolean().default(false),
  /** The plan to carry out. */
  apply: z
    .string()
    .regex(PLAN_DIGEST, 'is no digest of a plan: 12 to 64 digits of 0-9 and a-f, as cleanup --plan prints them')
    .optional(),
  /** More living resources than this, and nothing is deleted. */
  maxResources: z.int().min(0).optional(),
  /** Time between the two looks that have to find nothing; AWS's indexes may lag by as much. */
  settleSeconds: duration.default(60),
  /** After this the verdict is given with whatever is left. Dependent interfaces have been seen to linger for minutes. */
  limitSeconds: duration.default(1800),
  /** From a clean end to the look that comes after AWS has forgotten what was deleted: an hour, and a quarter more. */
  recheckSeconds: duration.default(4500),
  /** Only look, whether something lives again; with `afterSeconds` not at once. Never deletes. */
  recheck: z.strictObject({ afterSeconds: duration.optional(), certificate: z.string().optional() }).optional(),
  /** History events after which it goes on in a new run; the server's suggestion when absent. */
  eventsPerRun: z.int().min(100).optional(),
  /** The account and endpoint it is meant for; that of the worker which takes it when absent. */
  target: targetPlace.optional(),
});

/** A plan changes nothing and a recheck neither, so only one of the three can be meant. */
export const cleanupSchema = fields.superRefine(({ plan, apply, recheck }, context) => {
  if (plan && apply !== undefined)
    context.addIssue({
      code: 'custom',
      path: ['apply'],
      message: 'cannot go with plan: it carries out one that exists',
    });
  if (recheck !== undefined && (plan || apply !== undefined))
    context.addIssue({ code: 'custom', path: ['recheck'], message: 'goes neither with plan nor with apply' });
});
