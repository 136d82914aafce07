/** Which experiments does a `destroy` mean? Those that run, by Temporal's list, and those only their tags know. */
import { HoldfastError, type ExperimentListing, type Holdfast } from '../client';
import { quoted } from '../client/listing';
import type { CleanupPlan, ExperimentStatus } from '../contracts/messages';
import { EXPERIMENT_ID } from '../contracts/names';

/** What is absent does not matter. */
export interface Filter {
  owner?: string;
  template?: string;
  phase?: string;
  /** Begun before this ISO time. */
  before?: string;
}

/** How an experiment ends: its workflow tears down, or a cleanup keeps to a plan. */
export type Target =
  /** `status` is absent when nobody answered. */
  | { by: 'workflow'; id: string; listing?: ExperimentListing; status?: ExperimentStatus }
  | { by: 'tags'; id: string; plan: CleanupPlan };

export interface Selection {
  targets: Target[];
  /** What is kept out and why, one line each. */
  skipped: string[];
  /** What could not be read, one line each: there may be more. */
  unread: string[];
}

/** The experiments of these ids, prefixes, or `latest`. An id that Temporal does not know may still have tags. */
export async function named(client: Holdfast, given: readonly string[]): Promise<Selection> {
  const ids = await Promise.all(given.map((id) => knownOrGiven(client, id)));
  const targets = await Promise.all([...new Set(ids)].map((id) => targetOf(client, id)));
  return withUnread({ targets, skipped: [], unread: [] });
}

/** Those that run and fit, and those that nothing runs, whose tags fit. */
export async function fitting(client: Holdfast, filter: Filter): Promise<Selection> {
  const [running, round] = await Promise.all([
    client.list({ query: `ExecutionStatus = 'Running' AND ${queryOf(filter)}`, limit: MOST }),
    client.reap({}),
  ]);
  const found = round.experiments.filter((row) => fits(filter, row.owner, row.youngestAt));
  const isLeft = await Promise.all(found.map((row) => isAlone(client, row.experimentId, filter)));
  const alone = found.filter((_, index) => isLeft[index]);
  const targets = await Promise.all([
    ...running.map((listing) => runningTarget(client, listing.id, listing)),
    ...alone.filter((row) => row.group !== 'malformed').map((row) => targetOf(client, row.experimentId)),
  ]);
  const skipped = alone
    .filter((row) => row.group === 'malformed')
    .map(({ experimentId, reason }) => `${experimentId}: ${reason}`);
  return withUnread({ targets, skipped, unread: round.unread });
}

/** More than anybody means at once, and what one look at Temporal's list gives. */
const MOST = 1000;

function queryOf({ owner, template, phase, before }: Filter): string {
  const parts = [
    owner === undefined ? [] : [`HoldfastOwner = ${quoted(owner)}`],
    template === undefined ? [] : [`HoldfastTemplate = ${quoted(template)}`],
    phase === undefined ? [] : [`HoldfastPhase = ${quoted(phase)}`],
    before === undefined ? [] : [`StartTime < ${quoted(before)}`],
  ];
  return parts.flat().join(' AND ');
}

/** Of what nothing runs, the tags say whose it is, and AWS how old; what AWS does not date is never too old. */
function fits({ owner, before }: Filter, tagged: string, youngestAt: string | undefined): boolean {
  if (owner !== undefined && owner !== tagged) return false;
  return before === undefined || (youngestAt !== undefined && youngestAt < before);
}

/** Whether nothing runs the experiment, and what Temporal still knows of it fits. */
async function isAlone(client: Holdfast, id: string, filter: Filter): Promise<boolean> {
  if (await isRunning(client, id)) return false;
  // These two are no tags: of what Temporal has forgotten nobody knows them, so it does not fit.
  if (filter.template === undefined && filter.phase === undefined) return true;
  const query = `WorkflowId = ${quoted(id)} AND ${queryOf(filter)}`;
  return (await client.list({ query, limit: 1 })).length > 0;
}

async function targetOf(client: Holdfast, id: string): Promise<Target> {
  if (await isRunning(client, id)) return runningTarget(client, id);
  return { by: 'tags', id, plan: await client.planCleanup({ experimentId: id }) };
}

async function runningTarget(client: Holdfast, id: string, listing?: ExperimentListing): Promise<Target> {
  const status = await client
    .get(id)
    .status()
    .catch(() => undefined);
  return {
    ...{ by: 'workflow', id },
    ...(listing === undefined ? {} : { listing }),
    ...(status === undefined ? {} : { status }),
  };
}

async function isRunning(client: Holdfast, id: string): Promise<boolean> {
  try {
    return await client.get(id).isRunning();
  } catch (error) {
    if (error instanceof HoldfastError && error.kind === 'not-found') return false;
    throw error;
  }
}

/** What a plan could not read counts like what the look for experiments could not. */
function withUnread({ targets, skipped, unread }: Selection): Selection {
  const hidden = targets.flatMap((one) =>
    one.by === 'tags' ? one.plan.unreadable.map((line) => `${one.id}: ${line}`) : [],
  );
  return { targets, skipped, unread: [...unread, ...hidden] };
}

/** Cleanup needs tags only, so an id that Temporal does not know is taken as it is. */
export async function knownOrGiven(client: Holdfast, given: string): Promise<string> {
  try {
    return await client.resolve(given);
  } catch (error) {
    const unknown = error instanceof HoldfastError && error.kind === 'not-found';
    if (unknown && given !== 'latest' && EXPERIMENT_ID.test(given)) return given;
    throw error;
  }
}
