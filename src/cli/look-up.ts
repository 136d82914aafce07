/** What is known of an experiment: from its workflow, or from its result folder when nobody answers for it? */
import { HoldfastError, type Holdfast } from '../client';
import type { ExperimentResult, ExperimentStatus, TimelineEntry } from '../contracts/messages';
import { keptResult } from '../dev/kept-result';
import type { Context } from './context';

/** What an experiment leaves in its folder when it ends. */
export type Kept = ExperimentResult & { timeline?: TimelineEntry[] };

export type Known =
  | { from: 'workflow'; status: ExperimentStatus; url: string }
  /** `why` the workflow does not answer. */
  | { from: 'folder'; kept: Kept; url: string; why: string };

/** Asks the workflow, then looks into the folder of this machine; rejects with why nobody answered. */
export async function lookUp(context: Context, client: Holdfast, given: string): Promise<Known> {
  const id = await client.resolve(given).catch((error: unknown) => keepGoing(error, given));
  const experiment = client.get(id);
  const { url } = experiment;
  try {
    return { from: 'workflow', status: await experiment.status(), url };
  } catch (error) {
    return fromFolder(context, id, url, error);
  }
}

/** The same on a connection of its own; without Temporal there is still what was left on this machine. */
export async function lookUpAlone(context: Context, given: string): Promise<Known> {
  let client: Holdfast;
  try {
    client = await context.connect();
  } catch (error) {
    return fromFolder(context, given, '', error);
  }
  try {
    return await lookUp(context, client, given);
  } finally {
    await client.close();
  }
}

/** An id that Temporal no longer knows may still have a result folder. */
function keepGoing(error: unknown, given: string): string {
  if (error instanceof HoldfastError && error.kind === 'not-found' && given !== 'latest') return given;
  throw error;
}

async function fromFolder(context: Context, id: string, url: string, reason: unknown): Promise<Known> {
  const kept = await keptResult(context.config.home, id);
  if (kept === undefined || !(reason instanceof HoldfastError)) throw reason;
  return { from: 'folder', kept, url, why: reason.message };
}
