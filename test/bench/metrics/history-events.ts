/**
 * How much history does an experiment with 100 nodes write, and does any attempt sit and wait?
 *
 * Two experiments run to their end: one whose step runs on its clients, one whose step runs on every node. Events are
 * counted in the histories of all runs of all workflows whose id begins with the experiment's. The length of attempts
 * of the activities that wait is taken from two sources: the histories (last attempts) and the server's list of
 * pending activities, looked at twice a second (attempts before the last leave no trace in a history).
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { Client, WorkflowHandle } from '@temporalio/client';
import type { ExperimentInput } from '../../../src/schemas/experiment';
import type { Bench } from '../metric';
import { cluster } from '../specs';
import type { Stack, World } from '../stack';
import { pendingActivities } from '../watch';

const COUNTS = { zookeeper: 5, bookkeeper: 45, broker: 40, client: 10 };
/** Activities that look for what is not there yet. */
const WAITING = ['observeNodes', 'runStep', 'observeRemaining'];
const LOOK_MS = 500;
/** Long enough that the step is waited for, too. */
const STEP_SECONDS = 20;

export const historyEvents: Bench = {
  name: 'history-events',
  goals: [
    { name: 'history events, 100 nodes, step on 10', goal: 400, unit: 'events' },
    { name: 'history events, 100 nodes, step on all', goal: 400, unit: 'events' },
    { name: 'longest attempt while only waiting', goal: 10, unit: 's' },
  ],
  async run(stack) {
    const world = await stack.world({ nodes: { default: { steps: [{ match: 'work', seconds: STEP_SECONDS }] } } });
    const [some, all] = await Promise.all([
      follow(stack, world, 'some', ['client']),
      follow(stack, world, 'all', Object.keys(COUNTS)),
    ]);
    await world.close();
    const longest = [some, all].map(({ attempt }) => attempt).reduce((a, b) => (a.seconds > b.seconds ? a : b));
    return [
      { value: some.events, note: some.note },
      { value: all.events, note: all.note },
      { value: longest.seconds, note: `${longest.type}, ${longest.source}` },
    ];
  },
};

interface Attempt {
  type: string;
  seconds: number;
  source: 'from the history' | 'seen at the server';
}

async function follow(
  { client }: Stack,
  world: World,
  name: string,
  on: string[],
): Promise<{ events: number; note: string; attempt: Attempt }> {
  const spec: ExperimentInput = cluster(COUNTS, { steps: [{ name: 'work', on, run: 'work' }] });
  const handle = await world.start(name, spec);
  const seen = await watchAttempts(client, handle);
  const runs = await runsOf(client, handle.workflowId);
  const events = runs.reduce((sum, run) => sum + run.events.length, 0);
  const attempts = [...seen, ...runs.flatMap(({ events: list }) => attemptsIn(list))];
  const none: Attempt = { type: 'none', seconds: 0, source: 'from the history' };
  return {
    events,
    note: runs
      .map(({ id, events: list }) => `${id.replace(handle.workflowId, 'experiment')}: ${list.length} (${mostly(list)})`)
      .join('; '),
    attempt: attempts.reduce((a, b) => (b.seconds > a.seconds ? b : a), none),
  };
}

/** Looks until the experiment ended, at its cleanup as well; an end other than success is an error. */
async function watchAttempts(client: Client, handle: WorkflowHandle): Promise<Attempt[]> {
  const seen = new Map<string, Attempt>();
  const ended = new AbortController();
  const result = handle.result().then(
    () => undefined,
    (error: unknown) => error,
  );
  void result.finally(() => ended.abort());
  const cleanup = client.workflow.getHandle(`${handle.workflowId}/cleanup`);
  while (!ended.signal.aborted) {
    for (const one of [handle, cleanup]) {
      const pending = await pendingActivities(one).catch(() => []);
      for (const { type, isRunning, startedAt } of pending) {
        if (!isRunning || !WAITING.includes(type)) continue;
        seen.set(`${type}/${String(startedAt)}`, {
          type,
          seconds: (Date.now() - startedAt) / 1000,
          source: 'seen at the server',
        });
      }
    }
    await pause(LOOK_MS);
  }
  const error = await result;
  if (error !== undefined) throw error as Error;
  return [...seen.values()];
}

type Events = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>;

async function runsOf(client: Client, id: string): Promise<{ id: string; events: Events }[]> {
  const runs: { id: string; events: Events }[] = [];
  for await (const { workflowId, runId } of client.workflow.list({ query: `WorkflowId STARTS_WITH "${id}"` })) {
    if (workflowId !== id && !workflowId.startsWith(`${id}/`)) continue;
    const { events } = await client.workflow.getHandle(workflowId, runId).fetchHistory();
    runs.push({ id: workflowId, events: events ?? [] });
  }
  return runs;
}

/** What was scheduled most often. */
function mostly(events: Events): string {
  const counts = new Map<string, number>();
  for (const { activityTaskScheduledEventAttributes: scheduled } of events) {
    const type = scheduled?.activityType?.name;
    if (type != null) counts.set(type, (counts.get(type) ?? 0) + 1);
  }
  const sorted = [...counts].sort(([, a], [, b]) => b - a).slice(0, 3);
  return sorted.map(([type, count]) => `${count} ${type}`).join(', ');
}

/** From the start of the last attempt to its end, of each waiting activity. */
function attemptsIn(events: Events): Attempt[] {
  const at = (index: number): number => {
    const time = events[index - 1]?.eventTime;
    return Number(time?.seconds ?? 0) + (time?.nanos ?? 0) / 1e9;
  };
  return events.flatMap((event, index): Attempt[] => {
    const end = event.activityTaskCompletedEventAttributes ?? event.activityTaskFailedEventAttributes;
    if (end == null) return [];
    const scheduled = events[Number(end.scheduledEventId) - 1]?.activityTaskScheduledEventAttributes;
    const type = scheduled?.activityType?.name ?? '';
    if (!WAITING.includes(type)) return [];
    return [{ type, seconds: at(index + 1) - at(Number(end.startedEventId)), source: 'from the history' }];
  });
}
