/** What does the document of a cleanup look like to those who read it? The source of its published JSON Schema. */
import { z } from 'zod';

const time = z.iso.datetime().describe('ISO time in UTC.');
const verdict = z
  .enum(['clean', 'blocked', 'protected', 'unproven'])
  .describe(
    'clean: nothing is left. blocked: something is left. protected: all that is left is protected from deletion. unproven: something could not be read, or its deletion was not permitted.',
  );

const cell = z
  .strictObject({
    region: z.string().describe('`*` for what belongs to no region.'),
    subject: z.string().describe('A resource type, or the name of a tag index.'),
    api: z.string().describe('The operation that was read.'),
    pages: z.int().min(0).describe('Answers read, to the one without a next token.'),
    live: z.int().min(0).describe('Living resources of the experiment that it named.'),
    at: time,
    unreadable: z
      .string()
      .optional()
      .describe("AWS's code and words when it could not be read; never counts as empty."),
    transient: z.boolean().optional().describe('Reading it again may help.'),
    missed: z.array(z.string()).optional().describe('Living resources that other sources named and this one did not.'),
    ghosts: z.int().min(0).optional().describe('How many it named that are gone.'),
  })
  .describe('One API read in one region.');

const resource = z
  .strictObject({
    region: z.string(),
    type: z.string(),
    id: z.string(),
    state: z.enum(['live', 'ending', 'gone']),
    evidence: z.string().describe("AWS's last word on it, or why it is left."),
    at: time,
  })
  .describe('What became of one resource.');

export const certificateSchema = z
  .strictObject({
    format: z.literal('holdfast.certificate/1'),
    experimentId: z.string(),
    account: z.string(),
    verdict,
    regions: z.array(z.string()).describe('Every region that was looked at.'),
    passes: z
      .strictObject({ first: time, second: time })
      .optional()
      .describe('When the last region was found empty, and when the second look at all of them began.'),
    plan: z.string().optional().describe('Digest of the plan that was carried out.'),
    startedAt: time,
    finishedAt: time,
    left: z.array(z.string()).describe('What is left and why; empty exactly when the verdict is clean.'),
    cells: z.array(cell).describe('Region by type: what was read, and what it answered last.'),
    resources: z.array(resource).describe('Every resource ever seen, with its last evidence.'),
  })
  .describe('The result of a cleanup of Holdfast.');
