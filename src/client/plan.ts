/** What would an experiment launch and cost? A worker looks; nothing is made. */
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { WorkflowFailedError, type Client } from '@temporalio/client';
import { ApplicationFailure, TimeoutFailure } from '@temporalio/common';
import { PLAN_DIGITS } from '../contracts/names';
import type { ExperimentPlan } from '../contracts/plan';
import type { ExperimentInput, TemplateInput } from '../schemas/experiment';
import { HoldfastError } from './errors';
import { pollingWorkers } from './readiness';
import { submissionOf } from './submission';

/** A survey is a dozen reads per region, most of them at once; twenty regions and a throttled worker take longer. */
const ANSWER_MS = 120_000;

export async function planExperiment(
  { client, taskQueue }: { client: Client; taskQueue: string },
  input: ExperimentInput | TemplateInput,
): Promise<ExperimentPlan> {
  const { shown } = submissionOf(input);
  await someWorker(client, taskQueue);
  const handle = await client.workflow.start('plan', {
    workflowId: `plan-${randomUUID()}`,
    taskQueue,
    args: [input],
    workflowExecutionTimeout: ANSWER_MS,
    ...shown,
  });
  try {
    return (await handle.result()) as ExperimentPlan;
  } catch (error) {
    throw told(error);
  }
}

/** Whole, or its first digits as they are printed. */
const DIGEST = new RegExp(`^[0-9a-f]{${String(PLAN_DIGITS)},64}$`);

/** Rejects with `plan-changed` unless a plan that is made now has this digest, so that what is bought is what was looked at. */
export async function assertPlan(
  place: { client: Client; taskQueue: string },
  input: ExperimentInput | TemplateInput,
  digest: string,
): Promise<void> {
  const wanted = digest.toLowerCase();
  if (!DIGEST.test(wanted))
    throw changed(`plan: ${digest} is no digest; ${String(PLAN_DIGITS)} digits of one are enough`);
  const now = await planExperiment(place, input);
  if (now.refused !== undefined) throw changed(...now.refused.lines);
  if (now.digest.startsWith(wanted)) return;
  const found = now.digest.slice(0, PLAN_DIGITS);
  throw changed(`plan: is ${found} now: the spec, the account or the pools are others`);
}

function changed(...lines: string[]): HoldfastError {
  return new HoldfastError('plan-changed', 'what would be launched is not what the plan says; nothing was started', {
    lines,
  });
}

/** A worker that has just begun shows with its first poll, within a second or two. */
const BEGIN_MS = 2000;

/** Rejects with `no-worker` at once rather than when the plan is overdue. */
async function someWorker(client: Client, taskQueue: string): Promise<void> {
  const look = (): Promise<number> => pollingWorkers(client, taskQueue);
  await look().catch(async (error: unknown) => {
    if (!(error instanceof HoldfastError)) throw error;
    await pause(BEGIN_MS);
    await look();
  });
}

function told(error: unknown): unknown {
  const cause = error instanceof WorkflowFailedError ? error.cause : undefined;
  if (cause instanceof TimeoutFailure) {
    const seconds = String(ANSWER_MS / 1000);
    return new HoldfastError('no-worker', `no worker made a plan within ${seconds} s`, { cause });
  }
  if (cause instanceof ApplicationFailure && cause.type === 'InvalidInput') {
    return new HoldfastError('refused', 'the spec is wrong', { lines: cause.message.split('\n'), cause });
  }
  return error;
}
