/** What may a user say to `reaper`? Nothing is needed; without `apply` it only looks. */
import { z } from 'zod';
import { regionName, targetPlace } from './place';
import { duration } from './units';

export const reaperSchema = z.strictObject({
  apply: z.boolean().default(false).describe('Start cleanups. Without it nothing is changed.'),
  /** Longer than the teardown that an experiment does by itself usually takes. */
  grace: duration.default(900).describe('After the end of a lease, for the teardown of the experiment itself.'),
  orphanGrace: duration
    .default(600)
    .describe('Age of the youngest resource from which on an experiment that no workflow runs is orphaned.'),
  warn: duration.default(3600).describe('How long before the end of its lease an experiment is named.'),
  limit: z.number().int().min(1).max(1000).default(10).describe('Cleanups started per round; the rest is named.'),
  others: z.boolean().default(false).describe('List experiments of other installations too. They are never touched.'),
  regions: z.array(regionName).min(1).max(100).optional().describe('All regions of the account when absent.'),
  settle: duration.optional().describe('Passed on to the cleanups as their `settleSeconds`.'),
  target: targetPlace.optional().describe('Account and endpoint it is meant for; those of the worker when absent.'),
});

/** A round as a user asks for it. */
export type ReaperInput = z.input<typeof reaperSchema>;
/** A round with all defaults; durations are in seconds. */
export type ReaperOptions = z.output<typeof reaperSchema>;
