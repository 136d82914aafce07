/** How did a workflow end, where does it stand, and what does the ledger say of it? */
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';
import type { ExperimentResult, ExperimentStatus, Phase } from '../../src/contracts/messages';
import { eventually, type Lab, type Ledger } from './lab';

/** How a workflow failed: the innermost failure's type and words, and the details of the workflow's own failure. */
export interface Outcome<T = unknown> {
  type: string;
  message: string;
  details: T;
}

/** The failure of a workflow; throws when it did not fail, with what it gave instead. */
export async function failureOf<T = ExperimentResult>(handle: Pick<WorkflowHandle, 'result'>): Promise<Outcome<T>> {
  const end = await handle.result().then(
    (value: unknown) => ({ value }),
    (error: unknown) => ({ error }),
  );
  if ('value' in end) throw new Error(`expected a failure, got ${JSON.stringify(end.value)}`);
  if (!(end.error instanceof WorkflowFailedError)) throw end.error;
  const cause = end.error.cause as { name: string; type?: string; message: string; details?: T[] };
  return { type: cause.type ?? cause.name, message: cause.message, details: cause.details?.[0] as T };
}

/** The result of an experiment. */
export async function resultOf(handle: Pick<WorkflowHandle, 'result'>): Promise<ExperimentResult> {
  return (await handle.result()) as ExperimentResult;
}

export async function statusOf(handle: WorkflowHandle): Promise<ExperimentStatus> {
  return handle.query<ExperimentStatus>('status');
}

/** Waits until the experiment is in the phase, and gives its status. Not for phases that can go by between two looks. */
export async function reaches(handle: WorkflowHandle, phase: Phase, limitMs = 60_000): Promise<ExperimentStatus> {
  let last: ExperimentStatus | undefined;
  const there = async (): Promise<ExperimentStatus | undefined> => {
    last = await statusOf(handle);
    return last.phase === phase ? last : undefined;
  };
  return eventually(there, limitMs).catch((error: unknown) => {
    throw new Error(`${handle.workflowId} is ${last?.phase ?? 'unknown'}, not ${phase}`, { cause: error });
  });
}

type Resource = Ledger['resources'][number];
type Call = Ledger['calls'][number];

/** Every resource that carries the experiment's id, ended or not. */
export function ofExperiment(ledger: Ledger, experimentId: string): Resource[] {
  return ledger.resources.filter((one) => one.tags['ExperimentID'] === experimentId);
}

/** Every instance of the experiment, ended or not. */
export function instancesOf(ledger: Ledger, experimentId: string): Resource[] {
  return ofExperiment(ledger, experimentId).filter((one) => one.type === 'instance');
}

/** What costs money or stands in the way and has not ended. Fleets, spot requests and steps end by themselves. */
export function leftOf(ledger: Ledger, experimentId: string): string[] {
  const ending = new Set(['fleet', 'spot-instances-request', 'step']);
  return ofExperiment(ledger, experimentId)
    .filter((one) => !ending.has(one.type) && (one.endedAt === undefined || one.endedAt > Date.now()))
    .map((one) => `${one.type} ${one.id}`);
}

/** Launch requests that were meant: rehearsals ask with DryRun and buy nothing. */
export function launchCalls(ledger: Ledger, region?: string): Call[] {
  return ledger.calls.filter(
    (call) =>
      call.operation === 'CreateFleet' &&
      call.outcome !== 'DryRunOperation' &&
      (region === undefined || call.region === region),
  );
}

/** Asserts what every experiment owes at its end: nothing left, nothing bought twice, everything tagged. */
export async function expectNoTrace(lab: Lab, ...experimentIds: string[]): Promise<void> {
  const ledger = await lab.ledger();
  expect(experimentIds.flatMap((id) => leftOf(ledger, id))).toEqual([]);
  expect(ledger.summary).toMatchObject({ duplicates: 0, untagged: 0 });
}
