/** What is watched beside the work, of nodes that are well so far? */
import { CancellationScope } from '@temporalio/workflow';
import type { StepSpec } from '../schemas/experiment';
import { watchPools } from './at-risk';
import { causeOf, wasCancelled } from './failure';
import type { Failover } from './failover';
import { watchHealth } from './liveness';
import { watchMarket } from './return-to-spot';

/**
 * Has watchers report what the failover should act on, until the function it gives is called. They only ever report:
 * one that fails is told and ends nothing. `stepNow` is the step that runs, when one does.
 */
export function attend(failover: Failover, stepNow: () => StepSpec | undefined): () => void {
  const beside = new CancellationScope();
  const watchers = [() => watchHealth(failover), () => watchPools(failover), () => watchMarket(failover, stepNow)];
  for (const watch of watchers) {
    beside.run<unknown>(watch).catch((error: unknown) => {
      if (!wasCancelled(error)) failover.provisioning.onEvent(`a watch ended: ${causeOf(error).message}`);
    });
  }
  return () => {
    beside.cancel();
  };
}
