/** What does the `sentinel` workflow take? A region, and how often it looks at what. */
import { z } from 'zod';
import { regionName, targetPlace } from './place';
import { duration } from './units';

/** Times between two looks, in seconds once parsed. */
const intervals = z.strictObject({
  /** Spot requests by instance: a notice shows there first, two minutes ahead. */
  spot: duration.default(5),
  /** Instances by id: what ended without a notice. */
  instances: duration.default(15),
  /** Planned events and failed status checks: they come minutes to days ahead. */
  status: duration.default(60),
  /** Living nodes by tag: a new one is watched after this at the latest. */
  discovery: duration.default(15),
  /** Agents that fell silent; that only brings the next look forward. */
  agents: duration.default(60),
  /** Without one living node for so long, it ends. An experiment that lives starts it again. */
  idle: duration.default(300),
});

export const sentinelSchema = z.strictObject({
  region: regionName,
  every: intervals.prefault({}),
  /** Looks with news after which it continues as new; when the server suggests it when absent. */
  newsPerRun: z.number().int().min(1).optional(),
  /** The account and endpoint it is meant for; that of the worker which takes it when absent. */
  target: targetPlace.optional(),
});

export type SentinelIntervals = z.output<typeof intervals>;
