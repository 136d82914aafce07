/** How are experiments run on a schedule? Temporal Schedules whose action is an experiment. */
import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type Client,
  type ScheduleDescription,
  type ScheduleOptions,
  type ScheduleOverlapPolicy,
  type ScheduleSpec,
} from '@temporalio/client';
import { EXPERIMENT_ID } from '../contracts/names';
import type { ExperimentInput, TemplateInput } from '../schemas/experiment';
import { HoldfastError } from './errors';
import { listExperiments, quoted, type ExperimentListing } from './listing';
import { dueTimes, notRun, type NotRun } from './schedule-gaps';
import { submissionOf } from './submission';
import { translated } from './translate';

/**
 * What happens when a run is due while the one before it goes on. Temporal's `TERMINATE_OTHER` is left out: it would
 * leave the nodes of the other run to the reaper, where `cancel-other` tears them down.
 */
export const OVERLAPS = ['skip', 'buffer-one', 'buffer-all', 'cancel-other', 'allow-all'] as const;
export type Overlap = (typeof OVERLAPS)[number];

export interface ScheduleRequest {
  /** Its runs are called `<id>-<time they were due>`. */
  id: string;
  spec: ExperimentInput | TemplateInput;
  /** Five fields, or `@daily`; at least one of `cron` and `everySeconds`. */
  cron?: string[];
  everySeconds?: number;
  /** IANA name; UTC when absent. */
  timeZone?: string;
  /** A run may begin as much later, by chance. */
  jitterSeconds?: number;
  /** Default: `skip`. */
  overlap?: Overlap;
  /** How late a run that Temporal missed may still begin; an hour when absent: a stale night is no use by noon. */
  catchUpSeconds?: number;
  /** Made paused, for this reason. */
  paused?: string;
}

/** A schedule that ends what another one began. */
export interface StopRequest {
  id: string;
  /** Whose running experiments it stops. */
  schedule: string;
  cron: string[];
  /** IANA name; UTC when absent. */
  timeZone?: string;
}

export interface ScheduleView {
  id: string;
  /** Whether it starts an experiment, or stops those of another schedule. */
  does: 'start' | 'stop';
  paused: boolean;
  /** Why it was paused or resumed last. */
  note?: string;
  /** As it was asked for; absent for one made in the UI. */
  when?: string;
  timeZone: string;
  /** ISO times, the next first. */
  next: string[];
  /** Its runs, newest first. */
  recent: { id: string; dueAt: string; startedAt: string }[];
}

export interface ScheduleDetails extends ScheduleView {
  overlap: string;
  catchUpSeconds: number;
  jitterSeconds: number;
  /** How many were started, left out since one was running, and missed since Temporal was away for too long. */
  taken: number;
  skipped: number;
  missed: number;
  /** Ids of those that run now. */
  running: string[];
  /** Its newest runs as the list of experiments has them. */
  experiments: ExperimentListing[];
  /** What was due since the oldest of its last runs and did not run, the newest last. */
  notRun: NotRun[];
}

/** Everything that can be done with schedules. Every method rejects with a `HoldfastError`. */
export interface Schedules {
  /** Checks the spec, then makes the schedule; answers with the next times. */
  create(request: ScheduleRequest): Promise<ScheduleDetails>;
  /** Makes a schedule that stops in order whatever runs of another one then. */
  createStop(request: StopRequest): Promise<ScheduleDetails>;
  list(): Promise<ScheduleView[]>;
  show(id: string): Promise<ScheduleDetails>;
  pause(id: string, reason: string): Promise<void>;
  resume(id: string, reason?: string): Promise<void>;
  /** Starts a run now; when one goes on, as the schedule has it or as told. */
  trigger(id: string, overlap?: Overlap): Promise<void>;
  /** Starts every run that was due in a span of ISO times, one after another unless told otherwise. */
  backfill(id: string, span: { from: string; to: string; overlap?: Overlap }): Promise<void>;
  /** Runs under way go on. */
  delete(id: string): Promise<void>;
}

const HOUR_SECONDS = 3600;
/** Temporal adds a dash and the time a run was due, 21 characters, and an experiment id has 128 at most. */
const MOST_CHARACTERS = 107;
/** Runs that `show` lists. */
const RECENT = 10;

export function schedulesOf({ client, taskQueue }: { client: Client; taskQueue: string }): Schedules {
  const handle = (id: string) => client.schedule.getHandle(id);
  const show = async (id: string): Promise<ScheduleDetails> => {
    const query = `TemporalScheduledById = ${quoted(id)}`;
    const described = await handle(id).describe();
    const { recentActions, createdAt } = described.info;
    // Temporal remembers the last ten runs; before the oldest of those nobody can tell what ran.
    const from = recentActions.length < RECENT ? createdAt : (recentActions[0]?.scheduledAt ?? createdAt);
    const [experiments, due] = await Promise.all([
      listExperiments(client, { query, limit: RECENT }),
      dueTimes(client, id, from.toISOString()),
    ]);
    return detailsOf(described, experiments, due);
  };
  const make = (id: string, options: ScheduleOptions): Promise<ScheduleDetails> =>
    asked(id, async () => {
      await client.schedule.create(options);
      return show(id);
    });
  return {
    create: async (request) => make(request.id, scheduleOptions(request, taskQueue)),
    createStop: async (request) => make(request.id, stopOptions(request, taskQueue)),
    list: () => asked('', () => listSchedules(client)),
    show: (id) => asked(id, () => show(id)),
    pause: (id, reason) => asked(id, () => handle(id).pause(reason)),
    resume: (id, reason) => asked(id, () => handle(id).unpause(reason)),
    trigger: (id, overlap) =>
      asked(id, async () => {
        await handle(id).trigger(overlap === undefined ? AS_THE_SCHEDULE_SAYS : policyOf(overlap));
      }),
    backfill: (id, { from, to, overlap = 'buffer-all' }) =>
      asked(id, () => handle(id).backfill({ start: new Date(from), end: new Date(to), overlap: policyOf(overlap) })),
    delete: (id) => asked(id, () => handle(id).delete()),
  };
}

function scheduleOptions(request: ScheduleRequest, taskQueue: string): ScheduleOptions {
  checkRequest(request);
  const { id, spec, cron = [], everySeconds, timeZone = 'UTC', paused } = request;
  const every = everySeconds === undefined ? [] : [`every ${String(everySeconds)}s`];
  return {
    scheduleId: id,
    spec: timesOf(request),
    action: {
      type: 'startWorkflow',
      workflowType: 'experiment',
      workflowId: id,
      taskQueue,
      args: [spec],
      ...submissionOf(spec).shown,
    },
    policies: {
      overlap: policyOf(request.overlap ?? 'skip'),
      catchupWindow: (request.catchUpSeconds ?? HOUR_SECONDS) * 1000,
    },
    // Temporal turns cron strings into calendars and keeps nothing of them.
    memo: { when: [...cron, ...every].join(', '), timeZone },
    ...(paused === undefined ? {} : { state: { paused: true, note: paused } }),
  };
}

function stopOptions({ id, schedule, cron, timeZone = 'UTC' }: StopRequest, taskQueue: string): ScheduleOptions {
  checkRequest({ id, cron });
  return {
    scheduleId: id,
    spec: { cronExpressions: cron, timezone: timeZone },
    action: {
      type: 'startWorkflow',
      workflowType: 'stop',
      workflowId: id,
      taskQueue,
      args: [{ schedule }],
      staticSummary: `stop what runs of ${schedule}`,
    },
    policies: { overlap: 'SKIP', catchupWindow: HOUR_SECONDS * 1000 },
    memo: { when: cron.join(', '), timeZone },
  };
}

function checkRequest({ id, cron = [], everySeconds }: Pick<ScheduleRequest, 'id' | 'cron' | 'everySeconds'>): void {
  if (!EXPERIMENT_ID.test(id) || id.length > MOST_CHARACTERS) {
    const rule = `letters, digits and ._:- , beginning with a letter or digit, ${String(MOST_CHARACTERS)} at most`;
    throw new HoldfastError('refused', `${id} is no id of a schedule`, { lines: [`id: must be ${rule}`] });
  }
  if (cron.length === 0 && everySeconds === undefined) {
    throw new HoldfastError('refused', `schedule ${id} has no time`, { lines: ['cron, or an interval, is missing'] });
  }
}

function timesOf({ cron = [], everySeconds, timeZone, jitterSeconds }: ScheduleRequest): ScheduleSpec {
  return {
    cronExpressions: cron,
    intervals: everySeconds === undefined ? [] : [{ every: everySeconds * 1000 }],
    ...(timeZone === undefined ? {} : { timezone: timeZone }),
    ...(jitterSeconds === undefined ? {} : { jitter: jitterSeconds * 1000 }),
  };
}

/** Temporal's word for it, which the SDK passes on and does not declare; left out, the SDK says to allow all. */
const AS_THE_SCHEDULE_SAYS = 'UNSPECIFIED' as ScheduleOverlapPolicy;

/** `buffer-one` is Temporal's `BUFFER_ONE`. */
function policyOf(overlap: Overlap): ScheduleOverlapPolicy {
  return overlap.toUpperCase().replace('-', '_') as ScheduleOverlapPolicy;
}

/** What schedules of experiments start; the reaper's own is looked at by `leaks`. */
const OURS = ['experiment', 'stop'];

async function listSchedules(client: Client): Promise<ScheduleView[]> {
  const views: ScheduleView[] = [];
  for await (const summary of client.schedule.list()) {
    const { workflowType = '' } = summary.action ?? {};
    if (OURS.includes(workflowType)) views.push(viewOf({ ...summary, action: { workflowType } }));
  }
  return views.sort((a, b) => (a.id < b.id ? -1 : 1));
}

type Described = Pick<ScheduleDescription, 'scheduleId' | 'memo' | 'state'> & {
  action: Pick<ScheduleDescription['action'], 'workflowType'>;
  spec?: Pick<ScheduleDescription['spec'], 'timezone'>;
  info: Pick<ScheduleDescription['info'], 'nextActionTimes' | 'recentActions'>;
};

function viewOf({ scheduleId, memo = {}, state, action, spec, info }: Described): ScheduleView {
  const { when, timeZone } = memo;
  return {
    id: scheduleId,
    does: action.workflowType === 'stop' ? 'stop' : 'start',
    paused: state.paused,
    ...(state.note === undefined || state.note === '' ? {} : { note: state.note }),
    ...(typeof when === 'string' ? { when } : {}),
    timeZone: typeof timeZone === 'string' ? timeZone : (spec?.timezone ?? 'UTC'),
    next: info.nextActionTimes.map((time) => time.toISOString()),
    recent: info.recentActions
      .map(({ action, scheduledAt, takenAt }) => ({
        id: action.workflow.workflowId,
        dueAt: scheduledAt.toISOString(),
        startedAt: takenAt.toISOString(),
      }))
      .reverse(),
  };
}

function detailsOf(described: ScheduleDescription, experiments: ExperimentListing[], due: string[]): ScheduleDetails {
  const { policies, info, spec } = described;
  const overlap = (policies.overlap ?? 'SKIP').toLowerCase().replace('_', '-');
  const catchUpSeconds = policies.catchupWindow / 1000;
  const missed = info.numActionsMissedCatchupWindow;
  const begun = info.recentActions.map(({ scheduledAt }) => scheduledAt.toISOString());
  return {
    ...viewOf(described),
    overlap,
    catchUpSeconds,
    jitterSeconds: (spec.jitter ?? 0) / 1000,
    taken: info.numActionsTaken,
    skipped: info.numActionsSkippedOverlap,
    missed,
    running: info.runningActions.map(({ workflow }) => workflow.workflowId),
    experiments,
    notRun: notRun({ due, begun, experiments, overlap, catchUpSeconds, missed }),
  };
}

async function asked<T>(id: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) throw new HoldfastError('no-schedule', `there is no schedule ${id}`);
    if (error instanceof ScheduleAlreadyRunning) {
      throw new HoldfastError('schedule-exists', `there is a schedule ${id} already`, { cause: error });
    }
    // What the server refuses as an invalid argument, the SDK throws as a TypeError.
    if (error instanceof TypeError) {
      throw new HoldfastError('refused', `schedule ${id} was refused`, { lines: [error.message], cause: error });
    }
    return translated(id, () => Promise.reject(error as Error));
  }
}
