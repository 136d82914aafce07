/** What does the `readiness` workflow take? The id of an experiment whose nodes exist, and its spec. */
import { z } from 'zod';
import { EXPERIMENT_ID } from '../contracts/names';
import { experimentSchema } from './experiment';

export const readinessSchema = z.strictObject({
  experimentId: z.string().regex(EXPERIMENT_ID, 'is no experiment id'),
  spec: experimentSchema,
});
