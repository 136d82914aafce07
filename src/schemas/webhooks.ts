/** Who wants to be told of phases, and where is the secret for it? Secrets by reference only: a spec stays readable. */
import { z } from 'zod';

const reference = z.union([
  z
    .strictObject({ env: z.string().regex(/^HOLDFAST_SECRET_[A-Z0-9_]{1,64}$/, 'must be called HOLDFAST_SECRET_...') })
    .describe('A variable of the worker.'),
  z
    .strictObject({ ssmParameter: z.string().regex(/^\/[A-Za-z0-9_./-]{1,1010}$/, 'is no name of a parameter') })
    .describe("An SSM parameter of the worker's account, SecureString or not."),
]);

/** Plain HTTP tells everybody on the way; on one machine nobody listens. */
const address = z
  .string()
  .max(2000)
  .regex(/^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1|\[::1\])([:/]|$))/, 'must start with https://')
  .regex(/^(?!https:\/\/hooks\.slack\.com\/)/, 'is a secret itself: put it into a variable or parameter and name that');

export const webhook = z
  .strictObject({
    url: z.union([address, reference]).describe('Where events are posted: an address, or where it is kept.'),
    secret: reference.optional().describe('Key of the signature; needed with `format: event`.'),
    format: z
      .enum(['event', 'slack'])
      .default('event')
      .describe('`event`: the event as JSON. `slack`: a text for Slack.'),
  })
  .refine(({ secret, format }) => format === 'slack' || secret !== undefined, {
    path: ['secret'],
    message: 'is missing: receivers cannot trust an event without a signature',
  });
