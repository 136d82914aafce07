/** How does an operation of another namespace become one plan? */
import type { TemporalOperationStartHandler } from '@temporalio/nexus';
import { submissionOf } from '../client/submission';
import type { ExperimentPlan } from '../contracts/plan';
import type { ExperimentInput } from '../schemas/experiment';
import { planSchema } from '../schemas/nexus';
import type { plan as planWorkflow } from '../workflows/plan';
import { ask, checked, told } from './ask';
import type { RunRequest } from './index';

/** As long as the client waits for one. */
const LIMIT = '2m';

export const plan: TemporalOperationStartHandler<Pick<RunRequest, 'spec'>, ExperimentPlan> = async (
  context,
  nexus,
  input,
) => {
  const { spec } = checked(planSchema, input);
  const { shown } = await told(() => submissionOf(spec as ExperimentInput));
  // Under the request's own id: however often the server repeats it, it makes one plan.
  const start = { workflowId: `plan-${context.requestId}`, args: [spec] as [unknown], ...shown };
  return ask(context, start.workflowId, () =>
    nexus.startWorkflow<typeof planWorkflow>('plan', { ...start, workflowExecutionTimeout: LIMIT }),
  );
};
