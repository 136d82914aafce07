/** Which runs of a schedule did not come about, and why? Temporal keeps counts only, so it is found by comparing. */
import type { Client } from '@temporalio/client';
import type { ExperimentListing } from './listing';

/** A time that was due and began no run. */
export interface NotRun {
  dueAt: string;
  why: string;
}

export interface Gaps {
  /** Times that were due, ISO. */
  due: readonly string[];
  /** Times of which a run was begun, ISO. */
  begun: readonly string[];
  experiments: readonly Pick<ExperimentListing, 'id' | 'startedAt' | 'endedAt'>[];
  overlap: string;
  catchUpSeconds: number;
  /** How many runs Temporal counts as missed. */
  missed: number;
}

/** The newest of them, the last one last. */
const MOST = 10;

/** What was due and was not begun, each with the reason that what is known allows. */
export function notRun({ due, begun, ...rest }: Gaps): NotRun[] {
  const taken = new Set(begun);
  const left = due.filter((time) => !taken.has(time));
  return left.slice(-MOST).map((dueAt) => ({ dueAt, why: why(dueAt, rest) }));
}

function why(dueAt: string, { experiments, overlap, catchUpSeconds, missed }: Omit<Gaps, 'due' | 'begun'>): string {
  const busy = experiments.find(({ startedAt, endedAt }) => startedAt <= dueAt && (endedAt ?? '~') > dueAt);
  if (busy !== undefined) {
    const isWaiting = overlap.startsWith('buffer') && busy.endedAt === undefined;
    return isWaiting ? `waits for ${busy.id}` : `skipped: ${busy.id} was running`;
  }
  if (missed === 0) return 'the schedule was paused';
  return `missed or paused: Temporal was away for more than ${String(catchUpSeconds)}s, or the schedule was paused`;
}

/** What is due is begun within a second or two. */
const SETTLED_MS = 5000;

/** Times that were due from an ISO time on until now; Temporal gives the first 1,000. */
export async function dueTimes(client: Client, scheduleId: string, from: string): Promise<string[]> {
  const { namespace } = client.options;
  const { startTime } = await client.workflowService.listScheduleMatchingTimes({
    ...{ namespace, scheduleId },
    startTime: timestamp(Date.parse(from)),
    endTime: timestamp(Date.now() - SETTLED_MS),
  });
  return startTime.map(({ seconds, nanos }) => new Date(Number(seconds) * 1000 + (nanos ?? 0) / 1e6).toISOString());
}

/** The wire takes a number where its types want a Long. */
function timestamp(ms: number) {
  return { seconds: Math.floor(ms / 1000) as never, nanos: (ms % 1000) * 1e6 };
}
