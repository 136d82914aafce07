/** How is the reaper asked for one round, and who has it come round by itself? */
import { randomUUID } from 'node:crypto';
import { ScheduleNotFoundError, ScheduleOverlapPolicy, type Client, type ScheduleOptions } from '@temporalio/client';
import { reaperScheduleId } from '../contracts/names';
import type { ReaperReport } from '../contracts/reaper';
import type { ReaperInput } from '../schemas/reaper';

interface Place {
  client: Client;
  taskQueue: string;
}

/** The schedule as it stands. */
export interface ReaperSchedule {
  id: string;
  everySeconds: number;
  /** What each round is given; without `apply` it only looks. */
  input: ReaperInput;
  paused: boolean;
  /** Why it is paused, when somebody said so. */
  note?: string;
  /** ISO time of the next round. */
  nextAt?: string;
}

/** What became of a schedule that was asked for. */
export type ScheduleChange = 'created' | 'changed' | 'unchanged';

/** One round, now; waits for its report. */
export async function runReaper({ client, taskQueue }: Place, input: ReaperInput): Promise<ReaperReport> {
  return client.workflow.execute<(input: ReaperInput) => Promise<ReaperReport>>('reaper', {
    workflowId: `${reaperScheduleId(taskQueue)}/${randomUUID().slice(0, 8)}`,
    taskQueue,
    args: [input],
    staticSummary: input.apply === true ? 'end what is expired or orphaned' : 'look for what is expired or orphaned',
  });
}

/** The schedule of this queue's workers; undefined when there is none. */
export async function reaperSchedule({ client, taskQueue }: Place): Promise<ReaperSchedule | undefined> {
  const id = reaperScheduleId(taskQueue);
  try {
    const { spec, action, state, info } = await client.schedule.getHandle(id).describe();
    const [next] = info.nextActionTimes;
    return {
      id,
      everySeconds: (spec.intervals?.[0]?.every ?? 0) / 1000,
      input: ((action.args ?? [])[0] ?? {}) as ReaperInput,
      paused: state.paused,
      ...(state.note === undefined || state.note === '' ? {} : { note: state.note }),
      ...(next === undefined ? {} : { nextAt: next.toISOString() }),
    };
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return undefined;
    throw error;
  }
}

/** Whether something ends what was forgotten. */
export function isActing(schedule: ReaperSchedule | undefined): boolean {
  return schedule !== undefined && !schedule.paused && schedule.input.apply === true;
}

/** Has rounds come every so many seconds. A schedule that is there already gets the new pace and input. */
export async function scheduleReaper(place: Place, everySeconds: number, input: ReaperInput): Promise<ScheduleChange> {
  const known = await reaperSchedule(place);
  const change = changeOf(known, everySeconds, input);
  const options = scheduleOptions(place, everySeconds, input);
  if (change === 'created') await place.client.schedule.create(options);
  if (change === 'changed') {
    const { scheduleId, ...rest } = options;
    await place.client.schedule.getHandle(scheduleId).update(() => ({ ...rest, state: { paused: false } }));
  }
  return change;
}

/** What asking for it would do. */
export function changeOf(known: ReaperSchedule | undefined, everySeconds: number, input: ReaperInput): ScheduleChange {
  if (known === undefined) return 'created';
  const same = JSON.stringify([known.everySeconds, known.input]) === JSON.stringify([everySeconds, input]);
  return same && !known.paused ? 'unchanged' : 'changed';
}

function scheduleOptions({ taskQueue }: Place, everySeconds: number, input: ReaperInput): ScheduleOptions {
  const scheduleId = reaperScheduleId(taskQueue);
  return {
    scheduleId,
    spec: { intervals: [{ every: everySeconds * 1000 }] },
    action: { type: 'startWorkflow', workflowType: 'reaper', workflowId: scheduleId, taskQueue, args: [input] },
    // A round that is late sees what the missed ones would have seen, so one is enough; two at once are of no use.
    policies: { overlap: ScheduleOverlapPolicy.SKIP, catchupWindow: '1m' },
  };
}
