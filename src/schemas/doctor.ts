/** What does the `doctor` workflow take? The regions to look into; the default region of specs when none is named. */
import { z } from 'zod';
import { regionName } from './place';

export const doctorSchema = z.strictObject({
  regions: z.array(regionName).min(1).max(20).default(['us-west-2']),
});
