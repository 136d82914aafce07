/** How do activities reach other workflows? The calls of the Temporal client that they need, with our failures. */
import { WorkflowNotFoundError, WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { Failure } from '../contracts/failures';
import type { WorkflowStanding } from '../contracts/reaper';
import { quoted } from './listing';
import { isActing, reaperSchedule } from './reaper';

/** Shorter than any attempt of an activity: a server that hangs is a failure to retry. */
const ANSWER_MS = 5000;

/** The implementation of the activities' Temporal port; what it starts goes to `taskQueue`. */
export function createTemporalPort(client: Client, taskQueue: string) {
  const asked = <T>(what: string, call: () => Promise<T>): Promise<T> =>
    client.withDeadline(Date.now() + ANSWER_MS, call).catch((error: unknown) => {
      if (error instanceof WorkflowNotFoundError || error instanceof WorkflowUpdateFailedError) throw error;
      throw new Failure('ServiceUnavailable', `Temporal: ${what}: ${reasonOf(error)}`, {}, error);
    });
  const standing = (id: string): Promise<WorkflowStanding | undefined> =>
    asked(`look at ${id}`, () => client.workflow.getHandle(id).describe()).then(
      ({ type, status, closeTime }) => ({
        type,
        running: status.name === 'RUNNING',
        ...(closeTime === undefined ? {} : { closedAt: closeTime.toISOString() }),
      }),
      whenNotFound(undefined),
    );
  return {
    async ensureWorkflow(type: string, id: string, input: unknown): Promise<void> {
      await asked(`start ${id}`, () => client.workflow.start(type, { ...startOptions(id, taskQueue), args: [input] }));
    },
    signal(id: string, name: string, payload: unknown): Promise<boolean> {
      const call = asked(`signal ${id}`, () => client.workflow.getHandle(id).signal(name, payload));
      return call.then(() => true, whenNotFound(false));
    },
    async signalWithStart(type: string, id: string, input: unknown, signal: string, payload: unknown): Promise<void> {
      await asked(`signal ${id}`, () =>
        client.workflow.signalWithStart(type, {
          ...startOptions(id, taskQueue),
          args: [input],
          signal,
          signalArgs: [payload],
        }),
      );
    },
    async isRunning(type: string, id: string): Promise<boolean> {
      const found = await standing(id);
      return found?.type === type && found.running;
    },
    standing,
    runningOf(scheduleId: string): Promise<string[]> {
      const running = "WorkflowType = 'experiment' AND ExecutionStatus = 'Running'";
      const query = `${running} AND TemporalScheduledById = ${quoted(scheduleId)}`;
      return asked(`list the runs of ${scheduleId}`, async () => {
        const ids: string[] = [];
        for await (const { workflowId } of client.workflow.list({ query })) ids.push(workflowId);
        return ids;
      });
    },
    update(id: string, name: string): Promise<boolean> {
      const call = asked(`update ${id}`, () => client.workflow.getHandle(id).executeUpdate(name));
      return call.then(
        () => true,
        (error: unknown) => {
          if (error instanceof WorkflowUpdateFailedError) return false;
          return whenNotFound(false)(error);
        },
      );
    },
    reaperActs(): Promise<boolean> {
      return asked('look at the reaper', async () => isActing(await reaperSchedule({ client, taskQueue })));
    },
    query(id: string, name: string): Promise<unknown> {
      return asked(`query ${id}`, () => client.workflow.getHandle(id).query<unknown>(name)).catch(
        whenNotFound(undefined),
      );
    },
  };
}

function startOptions(workflowId: string, taskQueue: string) {
  return { workflowId, taskQueue, workflowIdConflictPolicy: 'USE_EXISTING' } as const;
}

function whenNotFound<T>(answer: T): (error: unknown) => T {
  return (error) => {
    if (error instanceof WorkflowNotFoundError) return answer;
    throw error;
  };
}

/** The SDK's own errors say "Failed to start Workflow"; what happened is their cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? reasonOf(error.cause) : error.message;
}
