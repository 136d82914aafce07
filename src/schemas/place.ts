/** How does an input name a region, an account and an endpoint? */
import { z } from 'zod';

export const regionName = z.string().regex(/^[a-z]{2}(-[a-z]+)+-\d$/, 'is no region: write us-west-2');

export const accountId = z.string().regex(/^\d{12}$/, 'is no account id');

/** Whom something is meant for: a worker of another account or endpoint hands it back. */
export const targetPlace = z.strictObject({ account: accountId, endpoint: z.string() });
