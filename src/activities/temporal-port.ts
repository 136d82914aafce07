/** What may activities ask of Temporal? A few calls on workflows by id, in our words. */

import type { WorkflowStanding } from '../contracts/reaper';

/**
 * Every method is safe to repeat and rejects with `ServiceUnavailable` when Temporal does not answer. Workflows are
 * started on the queue of this worker.
 */
export interface TemporalPort {
  /** Makes sure that a workflow runs under this id: starts it, or leaves the running one as it is. */
  ensureWorkflow(type: string, id: string, input: unknown): Promise<void>;
  /** False when no workflow runs under this id. */
  signal(id: string, name: string, payload: unknown): Promise<boolean>;
  /** Signals the workflow that runs under this id, started for it when there is none. */
  signalWithStart(type: string, id: string, input: unknown, signal: string, payload: unknown): Promise<void>;
  /** Whether a workflow of this type runs under this id. */
  isRunning(type: string, id: string): Promise<boolean>;
  /** The newest workflow under this id; undefined when there is none. */
  standing(id: string): Promise<WorkflowStanding | undefined>;
  /** Ids of the running experiments that a schedule started; Temporal's list may lag a second behind. */
  runningOf(scheduleId: string): Promise<string[]>;
  /** False when no workflow runs under this id, or it refuses. */
  update(id: string, name: string): Promise<boolean>;
  /** Whether a schedule has the workers of this queue end what was forgotten. */
  reaperActs(): Promise<boolean>;
  /** The answer of a query; undefined when no workflow has this id. */
  query(id: string, name: string): Promise<unknown>;
}
