/** What goes over HTTP beside the spec and the status? Requests, pages, problems. */
import { z } from 'zod';
import { EXPERIMENT_ID, PLAN_DIGEST } from '../contracts/names';
import { REAPER_GROUPS } from '../contracts/reaper';
import { certificateSchema, phase } from './http-status';
import { regionName } from './place';

export const experimentParams = z.strictObject({
  id: z.string().regex(EXPERIMENT_ID, 'is no experiment id').describe('The experiment id.'),
});

/** A value of a filter: it is quoted, never part of a query. */
const filter = z.string().min(1).max(256).optional();

export const listQuery = z.strictObject({
  owner: filter,
  template: filter.describe('The `name` of the spec.'),
  region: filter,
  phase: phase.optional(),
  state: z.enum(['running', 'closed']).optional().describe('Whether its workflow still runs.'),
  limit: z.coerce.number().int().min(1).max(200).default(50).describe('Rows of a page.'),
  page: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,4096}$/, 'is no page')
    .optional()
    .describe('`next` of the page before.'),
});

export const eventsQuery = z.strictObject({
  after: z.coerce.number().int().min(0).optional().describe('Number of the last event that is known.'),
});

export const leaksQuery = z.strictObject({
  regions: z
    .string()
    .regex(/^[a-z0-9-]{1,40}(,[a-z0-9-]{1,40}){0,99}$/, 'is no list of regions: write us-west-2,us-east-1')
    .transform((list) => list.split(','))
    .optional()
    .describe('Separated by commas; all regions of the account when absent.'),
  others: z
    .stringbool({ truthy: ['true'], falsy: ['false'] })
    .default(false)
    .describe('List those of other installations too.'),
});

export const startHeaders = z.object({
  'Idempotency-Key': z
    .string()
    .min(1)
    .max(255)
    .optional()
    .describe('However often a request with this key is sent, it makes one experiment; another spec is refused.'),
});
export const statusHeaders = z.object({
  'If-None-Match': z.string().min(1).max(1000).optional().describe('`ETag` of a status that is known.'),
});
export const eventsHeaders = z.object({
  'Last-Event-ID': z
    .string()
    .regex(/^\d{1,15}$/, 'is no number of an event')
    .optional()
    .describe('Go on after this event.'),
});

/** Six digits: what a clock can hold, whatever the unit. */
const byDuration = z.string().regex(/^\d{1,6}(\.\d{1,3})?(ms|s|m|h|d)$/, 'is no duration: write 90s, 15m, 12h or 2d');
export const extendBody = z.strictObject({ by: byDuration.describe('How much longer.').meta({ examples: ['2h'] }) });
export const replaceBody = z.strictObject({
  node: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,100}$/, 'is no slot and no instance id')
    .describe('A slot or an instance id.')
    .meta({ examples: ['broker-0'] }),
});
export const planBody = z.strictObject({
  regions: z.array(regionName).min(1).max(100).optional().describe('All regions of the account when absent.'),
});
export const cleanupBody = planBody.extend({
  apply: z
    .string()
    .regex(PLAN_DIGEST, 'is no digest of a plan')
    .optional()
    .describe('Digest of a plan: only what it names is deleted.'),
  maxResources: z.int().min(0).optional().describe('More living resources than this, and nothing is deleted.'),
});

export const startedSchema = z
  .strictObject({
    id: z.string(),
    url: z.string().describe('Its page in the Temporal UI.'),
    status: z.string().describe('Path of its status.'),
    events: z.string().describe('Path of its events.'),
  })
  .meta({ id: 'Started' });

const listingSchema = z
  .looseObject({
    id: z.string(),
    runId: z.string(),
    state: z.string().describe("Temporal's word: RUNNING, COMPLETED, FAILED, CANCELLED, TERMINATED, TIMED_OUT."),
    startedAt: z.iso.datetime(),
    endedAt: z.iso.datetime().optional(),
    template: z.string().optional(),
    owner: z.string().optional(),
    phase: z.string().optional(),
    reason: z.string().optional(),
    region: z.string().optional(),
    expiresAt: z.iso.datetime().optional(),
    costUsd: z.number().optional(),
    nodesReady: z.number().optional(),
  })
  .meta({ id: 'Listing' });

export const pageSchema = z
  .strictObject({ experiments: z.array(listingSchema), next: z.string().optional() })
  .meta({ id: 'ExperimentPage' });

const plannedComponentSchema = z
  .looseObject({
    component: z.string(),
    count: z.int(),
    standby: z.int(),
    region: z.string(),
    tier: z.string(),
    market: z.enum(['spot', 'on-demand']),
    instanceType: z.string().describe('Of the pool named first; AWS takes from any pool of the request.'),
    alternatives: z.array(z.string()).describe('Other types the component may get.'),
    zones: z.array(z.string()),
    pools: z.array(z.string()).describe('`<zone>/<type>/<market>`, as they would be asked, best first.'),
    imageId: z.string(),
    usdPerHour: z.number().optional().describe('Of one node of the first pool.'),
    onDemandUsdPerHour: z.number().optional(),
    why: z.array(z.string()),
  })
  .meta({ id: 'PlannedComponent', description: 'The first launch request of a component.' });

export const planSchema = z
  .looseObject({
    name: z.string(),
    owner: z.string(),
    account: z.string(),
    endpoint: z.string().describe('Empty for AWS itself.'),
    leaseSeconds: z.number(),
    components: z.array(plannedComponentSchema),
    usdPerHour: z.number().describe('All nodes, at the prices of now; instance hours only.'),
    onDemandUsdPerHour: z.number().describe('The same nodes on-demand.'),
    atLeaseEndUsd: z.number().describe('If all live until the end of the lease.'),
    unpriced: z.array(z.string()).describe('Components without a published price; they count as 0.'),
    quotas: z.array(
      z.looseObject({
        region: z.string(),
        market: z.string(),
        quotaFamily: z.string(),
        code: z.string().optional(),
        vcpus: z.number().describe('Wanted by this experiment.'),
        unread: z.string().describe('Why the limit is not beside it.'),
        command: z.string().optional().describe('Reads it.'),
      }),
    ),
    blocked: z
      .array(z.looseObject({ what: z.string(), class: z.string(), code: z.string(), until: z.iso.datetime() }))
      .describe('What is left alone now, since it refused lately.'),
    notes: z.array(z.string()),
    at: z.iso.datetime(),
    digest: z.string().describe('SHA-256 of the spec and of what would be asked.'),
  })
  .meta({ id: 'ExperimentPlan' });

export const extendedSchema = z.strictObject({ expiresAt: z.iso.datetime() });
export const replacedSchema = z.looseObject({ slot: z.string(), instanceId: z.string() });

export const cleanupSchema = z
  .strictObject({
    state: z.enum(['running', 'ended']),
    /** How far it is, while it runs. */
    status: z.looseObject({ doing: z.string(), live: z.int(), ending: z.int(), gone: z.int() }).optional(),
    certificate: certificateSchema.optional(),
  })
  .meta({ id: 'Cleanup' });

export const cleanupPlanSchema = z
  .looseObject({
    experimentId: z.string(),
    digest: z.string().describe('What `apply` takes.'),
    document: z.string().describe('Where the whole plan is.'),
    account: z.string(),
    regions: z.array(z.string()),
    resources: z.int(),
    rows: z.array(z.looseObject({ region: z.string(), type: z.string(), count: z.int(), kept: z.int() })),
    usdPerHour: z.number(),
    kept: z.array(z.string()).describe('What is not deleted and why.'),
    unreadable: z.array(z.string()).describe('What could not be read: there may be more.'),
  })
  .meta({ id: 'CleanupPlan' });

const foundSchema = z
  .looseObject({
    experimentId: z.string(),
    installation: z.string(),
    owner: z.string(),
    regions: z.array(z.string()),
    resources: z.int(),
    group: z.enum(REAPER_GROUPS),
    reason: z.string(),
    expiresAt: z.iso.datetime().optional(),
  })
  .meta({ id: 'Found' });

export const leaksSchema = z
  .looseObject({
    installation: z.string(),
    account: z.string(),
    at: z.iso.datetime(),
    regions: z.array(z.string()),
    experiments: z.array(foundSchema),
    unread: z
      .array(z.string())
      .describe('What could not be read; while there is any, nobody knows that nothing leaks.'),
  })
  .meta({ id: 'Leaks' });

export const acceptedEventSchema = z.strictObject({ workflowId: z.string().describe('What takes it on.') });

export const healthSchema = z.strictObject({ status: z.literal('ok') });
export const readySchema = z.strictObject({ status: z.literal('ok'), workers: z.int().min(1) });

/** Why a request was not answered as wished; `failure` is what a program switches on. */
export const PROBLEMS = {
  invalid: 400,
  unauthorized: 401,
  forbidden: 403,
  'no-route': 404,
  'not-found': 404,
  'no-result': 404,
  'no-schedule': 404,
  method: 405,
  exists: 409,
  conflict: 409,
  'plan-changed': 409,
  'schedule-exists': 409,
  ambiguous: 409,
  ended: 409,
  running: 409,
  'too-large': 413,
  unsupported: 415,
  refused: 422,
  'too-many': 429,
  internal: 500,
  unreachable: 503,
  'no-worker': 503,
  timeout: 408,
} as const;
export type ProblemName = keyof typeof PROBLEMS;

/** RFC 9457, with our own members. */
export const problemSchema = z
  .strictObject({
    type: z.literal('about:blank'),
    title: z.string(),
    status: z.int(),
    detail: z.string(),
    failure: z.enum(Object.keys(PROBLEMS) as [ProblemName, ...ProblemName[]]),
    problems: z.array(z.string()).optional().describe('One line per mistake.'),
    requestId: z.string(),
  })
  .meta({ id: 'Problem' });
export type ProblemDocument = z.output<typeof problemSchema>;
