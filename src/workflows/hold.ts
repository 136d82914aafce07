/** When is an experiment kept for a look, and until when? */
import { CancellationScope, condition } from '@temporalio/workflow';
import { FORCED_KINDS } from '../contracts/interruptions';
import { heldUntil } from '../policy/lease';
import type { Ending } from './ending';
import { causeOf, wasCancelled } from './failure';
import { endLeaseAt } from './lease';
import { recordOf } from './promotion';
import type { Run } from './run';
import { setPhase, tell } from './run-state';

/** A failed experiment is kept for a look when its spec says so, under a lease of its own, which `extend` lengthens. */
export async function holdIfWanted(run: Run, ending: Ending): Promise<void> {
  const { state, controls, admission } = run;
  const wanted = controls.hold || (ending.phase === 'Failed' && admission.spec.onFailure === 'hold');
  if (!wanted || ending.phase === 'Cancelled' || ending.phase === 'Expired' || state.status.nodes.length === 0) return;
  setPhase(state, 'Held', ending.reason, ending.message ?? 'held on request');
  const leasing = new CancellationScope();
  const leased = leasing.run(() => leaseHold(run));
  try {
    tell(state, (await untilReleased(run)) ? 'released' : 'the hold ran out');
  } catch (error) {
    if (!wasCancelled(error)) throw error;
    tell(state, 'released by cancellation');
  }
  leasing.cancel();
  await CancellationScope.nonCancellable(() => leased);
  noteLosses(run);
}

/** Tags and timers say when the hold ends, or the reaper and the nodes themselves would end it with the first lease. */
async function leaseHold(run: Run): Promise<void> {
  const { spec, maxLeaseSeconds: maxSeconds } = run.admission;
  const { startedAt } = run.state.status;
  const until = heldUntil({ startedAt, maxSeconds }, Date.now(), spec.holdFor);
  try {
    await endLeaseAt(run, until, `held until ${until}`);
  } catch (error) {
    if (!wasCancelled(error)) tell(run.state, causeOf(error).message);
  }
}

/** False when its lease, with all extensions, is over. */
async function untilReleased({ state, controls }: Run): Promise<boolean> {
  for (;;) {
    const until = state.status.expiresAt;
    const leftMs = Date.parse(until) - Date.now();
    if (leftMs <= 0) return controls.released;
    if (await condition(() => controls.released, leftMs, { summary: `held for a look until ${until}` })) return true;
  }
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
