/** What is told to others when an experiment comes into a phase? Plain data, ordered by its number. */
import type { Phase, Reason } from './messages';

/** Where a secret is; never the secret itself, which would be in every history. */
export type SecretReference = { env: string } | { ssmParameter: string };

export interface WebhookTarget {
  url: string | SecretReference;
  /** Key of the signature; absent: unsigned, as Slack takes it. */
  secret?: SecretReference | undefined;
  format: 'event' | 'slack';
}

/** One phase that an experiment came into. */
export interface WebhookEvent {
  /** The same each time it is sent: receivers drop what they have seen. */
  id: string;
  type: 'experiment.phase';
  experimentId: string;
  /** Grows with each event of the experiment; there are gaps, since not every event is a phase. */
  seq: number;
  at: string;
  phase: Phase;
  reason?: Reason;
  text: string;
  name: string;
  owner: string;
  region?: string;
}

export interface WebhooksInput {
  experimentId: string;
  targets: WebhookTarget[];
}

/** The id of the workflow that delivers the webhooks of an experiment. */
export function webhooksWorkflowId(experimentId: string): string {
  return `${experimentId}/webhooks`;
}

/** The signal that hands it an event. */
export const WEBHOOK_SIGNAL = 'event';
