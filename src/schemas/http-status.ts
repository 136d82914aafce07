/** What does an experiment look like over HTTP? Its status and its result, with the fields that callers may build on. */
import { z } from 'zod';
import { PHASES } from '../contracts/messages';

/*
 * Objects are loose: a later version may add fields. A test parses the answers of a real experiment with these.
 */
const time = z.iso.datetime();
const usd = z.number().describe('USD.');
const market = z.enum(['spot', 'on-demand']);
export const phase = z.enum(PHASES).meta({ id: 'Phase' });
const finalPhase = z.enum(['Done', 'Failed', 'Cancelled', 'Expired']).meta({ id: 'FinalPhase' });
const reason = z
  .string()
  .describe('Why it ended: Spec, Policy, Budget, Quota, Capacity, Interrupted, NotReady, Workload...');

const node = z
  .looseObject({
    slot: z.string().describe('The stable name of the member: `broker-0`.'),
    component: z.string(),
    generation: z.int().min(1).describe('1 for the first instance of the slot.'),
    instanceId: z.string(),
    instanceType: z.string(),
    region: z.string(),
    zone: z.string(),
    market,
    privateIp: z.string().optional(),
    usdPerHour: usd.optional(),
    onDemandUsdPerHour: usd.optional(),
  })
  .meta({ id: 'Node' });

const attempt = z
  .looseObject({
    component: z.string(),
    region: z.string(),
    tier: z.string(),
    market,
    pools: z.array(z.string()).describe('`<zone>/<type>/<market>`, as asked.'),
    asked: z.int(),
    launched: z.int(),
    refusals: z.array(z.looseObject({ code: z.string(), message: z.string(), class: z.string(), scope: z.string() })),
    seconds: z.number(),
    at: time,
  })
  .meta({ id: 'Attempt', description: 'One launch request with what was refused.' });

const step = z
  .looseObject({
    name: z.string(),
    slot: z.string(),
    exitCode: z.int(),
    seconds: z.number(),
    result: z.unknown().optional().describe('The parsed result, when the step declares one.'),
    outputs: z.looseObject({ stdout: z.string(), stderr: z.string() }).describe('Where its outputs are kept.'),
  })
  .meta({ id: 'StepOutcome' });

const interruption = z
  .looseObject({
    slot: z.string(),
    component: z.string(),
    kind: z.string(),
    oldInstance: z.string(),
    newInstance: z.string().optional(),
    reason: z.string(),
    noticeAt: time,
    detectedAt: time,
  })
  .meta({ id: 'Interruption' });

const cost = z
  .looseObject({ usdPerHour: usd, onDemandUsdPerHour: usd, spentUsd: usd, atExpiryUsd: usd, at: time })
  .meta({ id: 'Cost' });

const verdict = z.enum(['clean', 'blocked', 'protected', 'unproven']).meta({ id: 'Verdict' });

export const eventSchema = z
  .looseObject({
    seq: z.int().min(1).describe('1 for the first event of an experiment, without gaps.'),
    at: time,
    text: z.string(),
    phase: phase.optional().describe('Set when the experiment came into this phase.'),
    reason: reason.optional(),
  })
  .meta({ id: 'Event' });

export const statusSchema = z
  .looseObject({
    experimentId: z.string(),
    name: z.string(),
    owner: z.string(),
    phase,
    reason: reason.optional(),
    message: z.string().optional(),
    region: z.string().optional(),
    startedAt: time,
    expiresAt: time.describe('The end of the lease.'),
    nodes: z.array(node).describe('Who holds which slot.'),
    spares: z.array(node).describe('Standbys, and replacements on their way.'),
    progress: z.array(z.looseObject({ slot: z.string(), at: z.string() })).describe('Which gate each node is at.'),
    desired: z.record(z.string(), z.int()).describe('Wanted nodes by component.'),
    attempts: z.array(attempt),
    steps: z.array(step),
    interruptions: z.array(interruption),
    cost,
    timeline: z.array(eventSchema).describe('The last hundred events.'),
    reached: z.partialRecord(phase, time).describe('When each phase was first come into.'),
  })
  .meta({ id: 'ExperimentStatus' });

export const certificateSchema = z
  .looseObject({
    verdict,
    resources: z.int().describe('Number of resources ever seen.'),
    left: z.array(z.string()),
    digest: z.string().describe('SHA-256 of the whole document.'),
    document: z.string().describe('Where the whole document is.'),
  })
  .meta({ id: 'Certificate' });

export const resultSchema = z
  .looseObject({
    experimentId: z.string(),
    phase: finalPhase,
    reason: reason.optional(),
    message: z.string().optional(),
    nodes: z.array(node),
    attempts: z.array(attempt),
    steps: z.array(step),
    interruptions: z.array(interruption),
    cost,
    certificate: certificateSchema,
    results: z.string().describe('Folder or prefix that holds everything it left.'),
  })
  .meta({ id: 'ExperimentResult' });
