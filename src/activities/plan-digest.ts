/** Under which digest does a plan go? Workflows cannot hash. */
import { canonical } from '../contracts/canonical';
import type { PlannedComponent } from '../contracts/plan';
import { digested } from '../policy/plan';
import type { ExperimentSpec } from '../schemas/experiment';
import { hash } from './launch';
import type { Target } from './target';

export interface PlanDigestInput {
  spec: ExperimentSpec;
  target: Target;
  components: PlannedComponent[];
}

export function createPlanDigestActivities() {
  return {
    /** SHA-256 of the spec and of what would be asked; the same for as long as the same would be asked. */
    digestPlan: (plan: PlanDigestInput): Promise<string> => Promise.resolve(hash(canonical(digested(plan)))),
  };
}

export type PlanDigestActivities = ReturnType<typeof createPlanDigestActivities>;
