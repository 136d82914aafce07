/** What may a user say to `stop`? Whose runs are to end. */
import { z } from 'zod';

export const stopSchema = z.strictObject({
  schedule: z.string().min(1).max(255).describe('Id of the schedule whose running experiments are stopped.'),
});
