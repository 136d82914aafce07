/** How do others hear of phases? Each is handed on in order, beside the work, and never in its way. */
import { CancellationScope, workflowInfo } from '@temporalio/workflow';
import type { TimelineEntry } from '../contracts/messages';
import { mutations } from './activity-proxies';
import { causeOf } from './failure';
import type { Run } from './run';
import { tell } from './run-state';

/** Some seconds for a Temporal that is away; then the phase is told to nobody, which the timeline says. */
const TRIES = { maximumAttempts: 5 };

/** Hands on every phase from now; answers with what waits until all are handed on. */
export function announcePhases({ state, admission }: Run): () => Promise<void> {
  const targets = admission.spec.webhooks ?? [];
  let last = Promise.resolve();
  if (targets.length === 0) return () => last;
  const { experimentId } = state.status;
  const run = workflowInfo().firstExecutionRunId;
  const handOn = async (event: TimelineEntry & Required<Pick<TimelineEntry, 'phase'>>): Promise<void> => {
    const { name, owner, region } = state.status;
    const more = { name, owner, ...(region === undefined ? {} : { region }) };
    const id = `${run}/${String(event.seq)}`;
    await mutations.tellWebhooks
      .executeWithOptions({ summary: `tell others: ${event.phase}`, retry: TRIES }, [
        { experimentId, targets, event: { id, type: 'experiment.phase', experimentId, ...event, ...more } },
      ])
      .catch((error: unknown) => {
        tell(state, `nobody was told of ${event.phase}: ${causeOf(error).message}`);
      });
  };
  state.onPhase = (event) => {
    const { phase } = event;
    if (phase === undefined) return;
    last = CancellationScope.nonCancellable(() => last.then(() => handOn({ ...event, phase })));
  };
  return () => last;
}
