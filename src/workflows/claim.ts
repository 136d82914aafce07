/** Was this experiment asked for before, under the same request id? Then nothing is done twice. */
import { condition, defineUpdate, setHandler, upsertMemo, workflowInfo } from '@temporalio/workflow';
import { UPDATE, type ExperimentResult } from '../contracts/messages';
import { MEMO } from '../contracts/names';
import { trifles } from './activity-proxies';
import { failure } from './failure';
import { setPhase, type RunState } from './run-state';

const claimedUpdate = defineUpdate<{ phase: string }>(UPDATE.claimed);

/** Lets who started it wait for the claim. A run that is refused fails, and its callers with it. */
export function listenForClaim(state: RunState): void {
  const answer = async (): Promise<{ phase: string }> => {
    await condition(() => state.claimed);
    return { phase: state.status.phase };
  };
  setHandler(claimedUpdate, answer, { description: 'Waits until it is known that no earlier run had its request id' });
}

/**
 * The result of an earlier run of the same request, when there was one; throws when the request was another. A start
 * without a request id is always new.
 */
export async function earlierResult(state: RunState): Promise<ExperimentResult | undefined> {
  const { memo, workflowId, firstExecutionRunId } = workflowInfo();
  const specDigest = memo?.[MEMO.specDigest];
  if (typeof specDigest !== 'string') {
    state.claimed = true;
    return undefined;
  }
  const claim = await trifles.claimRequest.executeWithOptions({ summary: 'look whether it was asked for before' }, [
    { experimentId: workflowId, specDigest, firstRunId: firstExecutionRunId },
  ]);
  switch (claim.verdict) {
    case 'first':
      state.claimed = true;
      return undefined;
    case 'repeated':
      state.claimed = true;
      setPhase(state, claim.result.phase, claim.result.reason, `done before: ${claim.result.results}`);
      return claim.result;
    case 'other-spec':
      throw refused(state, `requestId: was used for another spec at ${claim.at}`);
    case 'unfinished':
      throw refused(state, `requestId: was used at ${claim.at} by a run that left no result; use a new one`);
  }
}

function refused(state: RunState, message: string): Error {
  upsertMemo({ [MEMO.refused]: true });
  setPhase(state, 'Failed', 'Spec', message);
  return failure('InvalidInput', message);
}
