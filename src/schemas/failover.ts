/** What does the `failover` workflow take? The id of an experiment whose nodes exist, its spec, and what is lost. */
import { z } from 'zod';
import { EXPERIMENT_ID } from '../contracts/names';
import { experimentSchema } from './experiment';

const slotOrInstance = z
  .string()
  .regex(/^(i-[0-9a-f]{8,17}|[a-z][a-z0-9-]*-\d+)$/, 'is neither a slot nor an instance id: write broker-0 or i-...');

export const failoverSchema = z.strictObject({
  experimentId: z.string().regex(EXPERIMENT_ID, 'is no experiment id'),
  spec: experimentSchema,
  lost: z.array(slotOrInstance).min(1).max(5000),
});
