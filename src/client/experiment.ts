/** What can be asked of one experiment? */
import { WorkflowFailedError, type Client, type WorkflowHandle } from '@temporalio/client';
import { ApplicationFailure, CancelledFailure } from '@temporalio/common';
import { QUERY, UPDATE, type ExperimentResult, type ExperimentStatus } from '../contracts/messages';
import { translated } from './translate';

/** One experiment, running or ended. Every method rejects with a `HoldfastError`. */
export interface ExperimentHandle {
  readonly id: string;
  /** Its page in the Temporal UI. */
  readonly url: string;
  /** What is going on now; also answers after the end, as long as a worker runs and the history is kept. */
  status(): Promise<ExperimentStatus>;
  /** Waits for the end, whatever it is: look at `phase`. Rejects when there is no result at all (`no-result`). */
  result(): Promise<ExperimentResult>;
  /** Moves the end of the lease by a duration such as `6h`; answers with the new end as ISO text. */
  extend(by: string): Promise<string>;
  /** Keeps the nodes after the end of the work or a failure, until `release` or the end of the lease. */
  hold(reason: string): Promise<void>;
  /** Ends a hold: teardown begins. */
  release(): Promise<void>;
  /** Ends the work early and tears down; the experiment counts as cancelled. */
  stop(reason: string): Promise<void>;
  /** Asks Temporal to cancel: the same orderly teardown, and it works without a worker at hand. */
  cancel(): Promise<void>;
}

/** A worker answers in milliseconds; after 5 s none is there, and the SDK's own limit would say so much later. */
const ANSWER_MS = 5000;

/** Wraps a workflow handle; `url` is its page. */
export function experimentHandle(client: Client, id: string, url: string): ExperimentHandle {
  const workflow = client.workflow.getHandle(id);
  const update = <T>(name: string, input: unknown): Promise<T> =>
    translated(id, () => workflow.executeUpdate<T, [unknown]>(name, { args: [input] }));
  return {
    id,
    url,
    status: () =>
      translated(id, () =>
        client.withDeadline(Date.now() + ANSWER_MS, () => workflow.query<ExperimentStatus>(QUERY.status)),
      ),
    result: () => translated(id, () => resultOf(workflow)),
    extend: (by) => update<string>(UPDATE.extend, { by }),
    hold: (reason) => update<void>(UPDATE.hold, { reason }),
    release: () => update<void>(UPDATE.release, {}),
    stop: (reason) => update<void>(UPDATE.stop, { reason }),
    cancel: () => translated(id, async () => void (await workflow.cancel())),
  };
}

/** The result, also of an experiment that failed: it is then the first detail of the failure. */
async function resultOf(workflow: WorkflowHandle): Promise<ExperimentResult> {
  try {
    return (await workflow.result()) as ExperimentResult;
  } catch (error) {
    const kept = error instanceof WorkflowFailedError ? detailOf(error.cause) : undefined;
    if (kept === undefined) throw error;
    return kept;
  }
}

function detailOf(cause: Error | undefined): ExperimentResult | undefined {
  if (!(cause instanceof ApplicationFailure || cause instanceof CancelledFailure)) return undefined;
  const detail = cause.details?.[0] as Partial<ExperimentResult> | undefined;
  return detail?.experimentId !== undefined && detail.phase !== undefined ? (detail as ExperimentResult) : undefined;
}
