/** What can workflows of other namespaces ask for? The Nexus service `experiments`, importable in workflow code. */
import { operation, service } from 'nexus-rpc';
import type { ExperimentResult } from '../contracts/messages';
import type { ExperimentPlan } from '../contracts/plan';
import type { ExperimentInput, TemplateInput } from '../schemas/experiment';

export type { ExperimentResult } from '../contracts/messages';
export type { ExperimentPlan } from '../contracts/plan';
export type { ExperimentInput, TemplateInput } from '../schemas/experiment';
export { resultIn } from './result-in';

export interface RunRequest {
  spec: ExperimentInput | TemplateInput;
  /**
   * Names the request: however often it is sent, through whichever door, it makes one experiment, and with another
   * spec it is refused. When absent, each operation makes one of its own.
   */
  requestId?: string;
}

/** An experiment, by its id or by the request that made it. */
export type Named = { id: string } | { requestId: string };

/** Names of service and operations are permanent. */
export const experiments = service('experiments', {
  /** Runs an experiment to its end. Its result is that of the operation; a failure carries it (`resultIn`). */
  run: operation<RunRequest, ExperimentResult>(),
  /** What a spec would launch and cost if it were run now; makes nothing. `refused` is set when nothing would come of it. */
  plan: operation<{ spec: ExperimentInput | TemplateInput }, ExperimentPlan>(),
  /** Moves the end of the lease by a duration such as `6h`; answers with the new end as ISO text. */
  extend: operation<Named & { by: string }, { expiresAt: string }>(),
  /** Ends the work and tears down in order; answers as soon as that was asked for. */
  cancel: operation<Named, undefined>(),
});
