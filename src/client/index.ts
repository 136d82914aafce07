/** How do other programs start, follow and end experiments? The typed client. */
import { setMaxListeners } from 'node:events';
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { EXPERIMENT_ID, MEMO, REQUEST_ID_LENGTH, TASK_QUEUE } from '../contracts/names';
import type { CleanupInput, CleanupPlan, CleanupResult, CleanupStatus } from '../contracts/messages';
import type { ExperimentPlan } from '../contracts/plan';
import type { ReaperReport } from '../contracts/reaper';
import type { ExperimentInput, TemplateInput } from '../schemas/experiment';
import type { ReaperInput } from '../schemas/reaper';
import { acceptAwsEvent } from './aws-event';
import { listCapacity, type CapacityListing } from './capacity';
import { cleanupState, runCleanup, runPlan, startCleanup, type CleanupState } from './cleanup';
import { checkup, type Checkup } from './doctor';
import { HoldfastError } from './errors';
import { experimentHandle, type ExperimentHandle } from './experiment';
import { experimentId } from './ids';
import { guessUi, uiLinks, type UiLinks } from './links';
import { historyEvents, listExperiments, resolveId, type ExperimentListing, type ListOptions } from './listing';
import { pageOfExperiments, type ListPage, type PageOptions } from './paging';
import { assertPlan, planExperiment } from './plan';
import { pollingWorkers } from './readiness';
import { reaperSchedule, runReaper, scheduleReaper, type ReaperSchedule, type ScheduleChange } from './reaper';
import { requestExperimentId, specDigest, startOnce } from './request';
import { schedulesOf, type Schedules } from './schedules';
import { setUp, type SetupOptions, type SetupReport } from './setup';
import { submissionOf } from './submission';
import { translated } from './translate';

export type {
  ExperimentResult,
  ExperimentStatus,
  FinalPhase,
  Phase,
  Reason,
  TimelineEntry,
} from '../contracts/messages';
export type { BlockedPools, ExperimentPlan, PlannedComponent, PlannedQuota } from '../contracts/plan';
export type { ExperimentInput } from '../schemas/experiment';
export type { CapacityListing } from './capacity';
export type { Checkup } from './doctor';
export type { CleanupState } from './cleanup';
export { HoldfastError, type ProblemKind } from './errors';
export type { EventOptions } from './events';
export type { ExperimentHandle } from './experiment';
export { uiLinks, type UiLinks } from './links';
export type { ExperimentListing, ListOptions } from './listing';
export { isActing, type ReaperSchedule, type ScheduleChange } from './reaper';
export type { SetupOptions, SetupReport } from './setup';
export type { Templates } from './templates';

export {
  OVERLAPS,
  type Overlap,
  type ScheduleDetails,
  type ScheduleRequest,
  type Schedules,
  type StopRequest,
  type ScheduleView,
} from './schedules';
export type { ListPage, PageOptions } from './paging';

export interface ConnectOptions {
  /** Temporal's connection options as they are: `address`, `tls`, `apiKey`. Default address: `localhost:7233`. */
  connection?: ConnectionOptions;
  /** Default: `default`. */
  namespace?: string;
  /** Base address of the Temporal UI, for links; guessed from the address when absent. */
  uiUrl?: string;
  /** Queue of the workers that should run what is started; default: `holdfast`. */
  taskQueue?: string;
}

export interface StartOptions {
  /** Workflow id, `ExperimentID` tag and key of the results; `<name>-<yymmdd-hhmm>-<4>` when absent. */
  id?: string;
  /**
   * Names the request, in place of an id, which is made of it: however often it is sent, it makes one experiment, also
   * after the end of that one and after Temporal forgot it. With another spec it is refused (`conflict`).
   */
  requestId?: string;
  /**
   * Digest of a plan: `plan-changed` when a plan made now has another, so that what is launched is what was looked at. Not
   * together with a request id, which has the same answer whenever it is sent.
   */
  plan?: string;
}

/** A connection to the experiments of one Temporal namespace. */
export interface Holdfast {
  readonly links: UiLinks;
  /** Checks the spec here, then starts it. Rejects with `refused` and one line per mistake. */
  start(spec: ExperimentInput | TemplateInput, options?: StartOptions): Promise<ExperimentHandle>;
  /**
   * What the spec would launch and cost if it were started now; a worker looks, and makes nothing. Rejects with `refused`
   * for a wrong spec; a right one of which nothing would come has `refused` in its plan.
   */
  plan(spec: ExperimentInput | TemplateInput): Promise<ExperimentPlan>;
  /** The experiment with this id; nothing is asked yet. */
  get(id: string): ExperimentHandle;
  list(options?: ListOptions): Promise<ExperimentListing[]>;
  /** One page of the list, those that run first. */
  page(options: PageOptions): Promise<ListPage>;
  /** The id for an id, a unique prefix of one, or `latest`. */
  resolve(id: string): Promise<string>;
  /**
   * Deletes what carries the experiment's tags and waits for the certificate. Joins a cleanup that is under way.
   * With `apply` it deletes only what that plan names, and joins no cleanup that does more. `refused` when the world is
   * not what the plan says. `onStatus` is told every second or so how far it is.
   */
  cleanup(input: CleanupInput, onStatus?: (status: CleanupStatus) => void): Promise<CleanupResult>;
  /** What a cleanup would delete, kept under a digest for `apply`; changes nothing. */
  planCleanup(input: CleanupInput, onStatus?: (status: CleanupStatus) => void): Promise<CleanupPlan>;
  /** One round of the reaper, now. Without `apply` it only looks, which changes nothing. */
  reap(input?: ReaperInput): Promise<ReaperReport>;
  /** The schedule by which the reaper comes round; undefined when there is none. */
  reaperSchedule(): Promise<ReaperSchedule | undefined>;
  /** Has the reaper come round every so many seconds, each time with this input. */
  scheduleReaper(everySeconds: number, input?: ReaperInput): Promise<ScheduleChange>;
  /** Registers the search attributes and the acting reaper of this namespace; doing it again changes nothing. */
  setup(options?: SetupOptions): Promise<SetupReport>;
  /** The same without waiting: answers once a cleanup is under way. */
  startCleanup(input: CleanupInput): Promise<void>;
  /** How far a cleanup is, or its certificate. */
  cleanupState(experimentId: string): Promise<CleanupState>;
  /** Hands an event of EventBridge to a worker, which tells the experiment it concerns; answers with a workflow id. */
  acceptAwsEvent(event: unknown): Promise<string>;
  /** How many workers poll the queue; rejects with `no-worker` when none does. */
  workers(): Promise<number>;
  /** Which pools refused lately, by account and region; all regions when none is named. */
  capacity(region?: string): Promise<CapacityListing[]>;
  /** What is there of what experiments need; a worker looks at AWS, in us-west-2 when no region is named. */
  checkup(regions?: string[]): Promise<Checkup>;
  /** Experiments that Temporal starts by the clock. */
  readonly schedules: Schedules;
  /** Events in the histories of an experiment and of the workflows it started (`<id>/...`). */
  historyEvents(id: string): Promise<number>;
  /** Whatever still waits for a result is rejected. */
  close(): Promise<void>;
}

/** Longer than a TCP connect to a near server takes; a wrong address should be said soon. */
const CONNECT_TIMEOUT = '5s';

/** Connects to Temporal; rejects with `unreachable` when nothing answers at the address. */
export async function connect(options: ConnectOptions = {}): Promise<Holdfast> {
  const address = options.connection?.address ?? 'localhost:7233';
  const namespace = options.namespace ?? 'default';
  const taskQueue = options.taskQueue ?? TASK_QUEUE;
  const connection = await open({ ...options.connection, address });
  const client = new Client({ connection, namespace });
  const links = uiLinks(options.uiUrl ?? guessUi(address), namespace);
  const place = { client, connection, taskQueue };
  const closing = closingSignal();
  const get = (id: string): ExperimentHandle =>
    experimentHandle({ client, closing: closing.signal }, id, links.workflow(id));
  return {
    links,
    get,
    start: (spec, start = {}) => startExperiment({ client, taskQueue }, spec, start).then(get),
    plan: (spec) => translated('plan', () => client.withAbortSignal(closing.signal, () => planExperiment(place, spec))),
    list: (list) => translated('', () => listExperiments(client, list)),
    page: (options) => translated('', () => pageOfExperiments(client, options)),
    resolve: (id) => translated(id, () => resolveId(client, id)),
    cleanup: (input, onStatus) =>
      translated(input.experimentId, () =>
        client.withAbortSignal(closing.signal, () => runCleanup({ client, taskQueue }, input, onStatus)),
      ),
    planCleanup: (input, onStatus) =>
      translated(input.experimentId, () =>
        client.withAbortSignal(closing.signal, () => runPlan({ client, taskQueue }, input, onStatus)),
      ),
    reap: (input = {}) =>
      translated('reaper', () => client.withAbortSignal(closing.signal, () => runReaper(place, input))),
    reaperSchedule: () => translated('reaper', () => reaperSchedule(place)),
    scheduleReaper: (everySeconds, input = {}) =>
      translated('reaper', () => scheduleReaper(place, everySeconds, input)),
    setup: (options = {}) => translated('setup', () => setUp(place, options)),
    startCleanup: (input) =>
      translated(input.experimentId, async () => {
        await startCleanup({ client, taskQueue }, input);
      }),
    cleanupState: (id) => translated(id, () => cleanupState(client, id)),
    acceptAwsEvent: (event) => translated('', () => acceptAwsEvent(client, taskQueue, event)),
    workers: () => translated('', () => pollingWorkers(client, taskQueue)),
    capacity: (region) => translated('capacity', () => listCapacity(client, region)),
    checkup: (regions) => translated('doctor', () => checkup({ client, taskQueue }, regions)),
    schedules: schedulesOf({ client, taskQueue }),
    historyEvents: (id) => translated(id, () => historyEvents(client, id)),
    close: () => {
      closing.abort();
      return connection.close();
    },
  };
}

/** The SDK adds a listener for each call it makes under a signal; waiting for hours makes many. */
function closingSignal(): AbortController {
  const closing = new AbortController();
  setMaxListeners(0, closing.signal);
  return closing;
}

async function open(options: ConnectionOptions & { address: string }): Promise<Connection> {
  try {
    return await Connection.connect({ connectTimeout: CONNECT_TIMEOUT, ...options });
  } catch (cause) {
    throw new HoldfastError('unreachable', `no Temporal server answers at ${options.address}`, { cause });
  }
}

async function startExperiment(
  { client, taskQueue }: { client: Client; taskQueue: string },
  input: ExperimentInput | TemplateInput,
  options: StartOptions,
): Promise<string> {
  const { name, shown } = submissionOf(input);
  const id = idOf(name, options);
  const { plan } = options;
  if (plan !== undefined) await translated('plan', () => assertPlan({ client, taskQueue }, input, plan));
  const start = { workflowId: id, taskQueue, args: [input], ...shown };
  await translated(id, async () => {
    if (options.requestId === undefined) return client.workflow.start('experiment', start);
    const digest = specDigest(input);
    const memo = { [MEMO.specDigest]: digest };
    return startOnce(client, id, digest, (workflowIdReusePolicy) =>
      client.workflow.start('experiment', { ...start, memo, workflowIdReusePolicy }),
    );
  });
  return id;
}

function idOf(name: string, { id, requestId, plan }: StartOptions): string {
  if (requestId !== undefined) {
    if (id === undefined && plan === undefined && requestId !== '' && requestId.length <= REQUEST_ID_LENGTH)
      return requestExperimentId(requestId);
    const rule = `requestId: must have 1 to ${String(REQUEST_ID_LENGTH)} characters and stand alone, without an id or a plan`;
    throw new HoldfastError('refused', 'the request id is wrong', { lines: [rule] });
  }
  const found = id ?? experimentId(name, new Date());
  if (EXPERIMENT_ID.test(found)) return found;
  const rule = 'letters, digits and ._:- , beginning with a letter or digit, 128 at most';
  throw new HoldfastError('refused', `${found} is no experiment id`, { lines: [`id: must be ${rule}`] });
}
