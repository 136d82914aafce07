/** How is each kind of activity repeated, cancelled and limited? One proxy per effect, for all workflows. */
import { ActivityCancellationType, proxyActivities, proxyLocalActivities } from '@temporalio/workflow';
import type { AdmissionActivities } from '../activities/admission';
import type { AwsEventActivities } from '../activities/aws-event';
import type { CapacityActivities } from '../activities/capacity';
import type { ClaimActivities } from '../activities/claim';
import type { CleanupActivities } from '../activities/cleanup';
import type { DoctorActivities } from '../activities/doctor';
import type { LeaseActivities } from '../activities/lease';
import type { LivenessActivities } from '../activities/liveness';
import type { PlanDigestActivities } from '../activities/plan-digest';
import type { ProvisionActivities } from '../activities/provision';
import type { ReadinessActivities } from '../activities/readiness';
import type { ReaperActivities } from '../activities/reaper';
import type { RecordActivities } from '../activities/record';
import type { SentinelActivities } from '../activities/sentinel';
import type { StepActivities } from '../activities/steps';
import type { StopActivities } from '../activities/stop';
import type { VolumeActivities } from '../activities/volumes';
import type { WebhookActivities } from '../activities/webhooks';

type All = AdmissionActivities &
  AwsEventActivities &
  CapacityActivities &
  CleanupActivities &
  DoctorActivities &
  LeaseActivities &
  LivenessActivities &
  PlanDigestActivities &
  ProvisionActivities &
  ReadinessActivities &
  ReaperActivities &
  RecordActivities &
  SentinelActivities &
  StepActivities &
  StopActivities &
  VolumeActivities &
  WebhookActivities;

/** Throttling and 5xx carry their own delay; this applies to what does not say, such as a lost worker. */
const retry = { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '20s' } as const;

/** Reads repeat without harm, and nobody waits for them once they are cancelled. */
export const reads = proxyActivities<All>({
  // A describe of 1,000 instances takes seconds; 30 s is ten times that.
  startToCloseTimeout: '30s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
});

/**
 * Mutations repeat with the same token. Cancellation waits for the call under way: an aborted CreateFleet would be a
 * lost reply of our own making, and teardown must not sweep before it.
 */
export const mutations = proxyActivities<All>({
  // CreateFleet with 300 overrides has been seen to take many seconds; a minute also bounds the wait of a cancel.
  startToCloseTimeout: '60s',
  // They beat every 3 s, so a dead worker is noticed after 10 s.
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry,
});

/**
 * What takes milliseconds, and asks nobody but the result store. Done by the worker that decides, so that a start with
 * a request id is no slower than any other.
 */
export const trifles = proxyLocalActivities<ClaimActivities>({
  startToCloseTimeout: '10s',
  cancellationType: ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
  retry,
});

/**
 * Looks that take their time, or throw `NotReady` until there is something to tell. Each failure names the pause before
 * the next attempt but for a lost worker, and those are tried at a steady pace: hours of looking are no back-off.
 */
export const looks = proxyActivities<All>({
  // A full look of cleanup is about 15 calls, one at 1,000 nodes a dozen pages: a minute is ten times that.
  startToCloseTimeout: '60s',
  // They beat every 3 s with what the next attempt goes on with, so a dead worker is noticed after 10 s.
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '2s', backoffCoefficient: 1 },
});

/** Long transfers that beat while they go on: outputs of steps, names of many nodes. */
export const transfers = proxyActivities<All>({
  // 1 MiB is about 60 slices of half a second; an hour allows 100 MiB.
  startToCloseTimeout: '1h',
  heartbeatTimeout: '10s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
});

/** The shared memory saves refused calls and is never worth waiting for: it answers in milliseconds, or is broken. */
export const answers = proxyActivities<All>({
  startToCloseTimeout: '2s',
  // A worker that is busy, or a broken connection, gets one more second.
  scheduleToCloseTimeout: '3s',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '200ms', backoffCoefficient: 2 },
});

/** News that is worth something for as long as a notice of AWS: two minutes. */
export const notices = proxyActivities<All>({
  startToCloseTimeout: '10s',
  // Whoever polls has seen it by then, and an event that nobody could read is not kept for ever.
  scheduleToCloseTimeout: '5m',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry,
});

/** Receivers come back within a day or are gone; what was sent twice has the same id. */
export const deliveries = proxyActivities<All>({
  // It gives up by itself after ten seconds.
  startToCloseTimeout: '30s',
  scheduleToCloseTimeout: '24h',
  cancellationType: ActivityCancellationType.TRY_CANCEL,
  retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5m' },
});
