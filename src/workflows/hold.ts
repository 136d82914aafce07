/** When is an experiment kept for a look, and until when? */
import { condition } from '@temporalio/workflow';
import { FORCED_KINDS } from '../contracts/interruptions';
import type { Ending } from './ending';
import { wasCancelled } from './failure';
import { recordOf } from './promotion';
import type { Run } from './run';
import { setPhase, tell } from './run-state';

/** A failed experiment is kept for a look when its spec says so, for no longer than its hold lasts. */
export async function holdIfWanted(run: Run, ending: Ending): Promise<void> {
  const { state, controls, admission } = run;
  const wanted = controls.hold || (ending.phase === 'Failed' && admission.spec.onFailure === 'hold');
  if (!wanted || ending.phase === 'Cancelled' || ending.phase === 'Expired' || state.status.nodes.length === 0) return;
  setPhase(state, 'Held', ending.reason, ending.message ?? 'held on request');
  try {
    const isReleased = await condition(() => controls.released, admission.spec.holdFor * 1000, {
      summary: 'held for a look until released',
    });
    tell(state, isReleased ? 'released' : 'the hold ran out');
  } catch (error) {
    if (!wasCancelled(error)) throw error;
    tell(state, 'released by cancellation');
  }
  noteLosses(run);
}

/** A held experiment is for looking: what is taken from it meanwhile is written down and not replaced. */
function noteLosses({ state, controls }: Run): void {
  const { nodes, interruptions } = state.status;
  for (const notice of controls.reported.splice(0)) {
    const node = nodes.find((entry) => entry.instanceId === notice.instanceId);
    const isKnown = interruptions.some((record) => record.oldInstance === notice.instanceId);
    if (node === undefined || isKnown || !FORCED_KINDS.includes(notice.kind)) continue;
    interruptions.push({ ...recordOf(node, notice), missed: 'held: nothing is replaced' });
  }
}
