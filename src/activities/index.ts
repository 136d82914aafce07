/** Which activities does a worker register? One object over the ports, every member guarded. */
import type { Cloud } from '../aws/ports';
import type { ResultStore } from '../results/port';
import type { SpecLibrary } from '../schemas/resolve';
import { createAdmissionActivities } from './admission';
import { createAwsEventActivities } from './aws-event';
import { createCapacityActivities } from './capacity';
import { createClaimActivities } from './claim';
import { createCleanupActivities } from './cleanup';
import { createDoctorActivities } from './doctor';
import { guard } from './failure';
import { createLeaseActivities } from './lease';
import { createLivenessActivities } from './liveness';
import { createPlanDigestActivities } from './plan-digest';
import { createProvisionActivities } from './provision';
import { createReadinessActivities } from './readiness';
import { createReaperActivities } from './reaper';
import { createRecordActivities } from './record';
import { createSentinelActivities } from './sentinel';
import { createStepActivities } from './steps';
import { createStopActivities } from './stop';
import type { TemporalPort } from './temporal-port';
import { createVolumeActivities } from './volumes';
import { createWebhookActivities } from './webhooks';

export interface ActivityPorts {
  cloud: Cloud;
  results: ResultStore;
  temporal: TemporalPort;
  /** Templates and profiles that specs may name. */
  library: SpecLibrary;
  /** The installation that this worker's experiments are tagged with. */
  installation: string;
  /** The longest lease, extensions included; `MAX_LEASE_SECONDS` when absent. */
  maxLeaseSeconds?: number;
  /** Value of a variable that a spec may name, such as the key of a webhook's signature. */
  secret: (name: string) => string | undefined;
}

export function createActivities(ports: ActivityPorts) {
  return guard({
    ...createAdmissionActivities(ports),
    ...createClaimActivities(ports),
    ...createPlanDigestActivities(),
    ...createProvisionActivities(ports),
    ...createReadinessActivities(ports),
    ...createLeaseActivities(ports),
    ...createLivenessActivities(ports),
    ...createStepActivities(ports),
    ...createRecordActivities(ports),
    ...createCleanupActivities(ports),
    ...createReaperActivities(ports),
    ...createSentinelActivities(ports),
    ...createAwsEventActivities(ports),
    ...createCapacityActivities(ports),
    ...createVolumeActivities(ports),
    ...createDoctorActivities(ports),
    ...createWebhookActivities(ports),
    ...createStopActivities(ports),
  });
}
