/** Which activities does a worker register? One object over the ports, every member guarded. */
import type { Cloud } from '../aws/ports';
import type { ResultStore } from '../results/port';
import { createAdmissionActivities } from './admission';
import { createAwsEventActivities } from './aws-event';
import { createCapacityActivities } from './capacity';
import { createClaimActivities } from './claim';
import { createCleanupActivities } from './cleanup';
import { guard } from './failure';
import { createLivenessActivities } from './liveness';
import { createProvisionActivities } from './provision';
import { createReadinessActivities } from './readiness';
import { createRecordActivities } from './record';
import { createSentinelActivities } from './sentinel';
import { createStepActivities } from './steps';
import type { TemporalPort } from './temporal-port';
import { createVolumeActivities } from './volumes';
import { createWebhookActivities } from './webhooks';

export interface ActivityPorts {
  cloud: Cloud;
  results: ResultStore;
  temporal: TemporalPort;
  /** The installation that this worker's experiments are tagged with. */
  installation: string;
  /** Value of a variable that a spec may name, such as the key of a webhook's signature. */
  secret: (name: string) => string | undefined;
}

export function createActivities(ports: ActivityPorts) {
  return guard({
    ...createAdmissionActivities(ports),
    ...createClaimActivities(ports),
    ...createProvisionActivities(ports),
    ...createReadinessActivities(ports),
    ...createLivenessActivities(ports),
    ...createStepActivities(ports),
    ...createRecordActivities(ports),
    ...createCleanupActivities(ports),
    ...createSentinelActivities(ports),
    ...createAwsEventActivities(ports),
    ...createCapacityActivities(ports),
    ...createVolumeActivities(ports),
    ...createWebhookActivities(ports),
  });
}
