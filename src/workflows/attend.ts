/** What is watched beside the work, of nodes that are well so far? */
import { CancellationScope } from '@temporalio/workflow';
import type { StepSpec } from '../schemas/experiment';
import { watchPools } from './at-risk';
import { causeOf, wasCancelled } from './failure';
import type { Failover } from './failover';
import { watchHealth } from './liveness';
import { watchMarket } from './return-to-spot';

/**
 * Does the work while watchers report what the failover should act on. They only ever report: one that fails is told
 * and ends nothing. `stepNow` is the step that runs, when one does.
 */
export async function attended<T>(
  failover: Failover,
  stepNow: () => StepSpec | undefined,
  work: () => Promise<T>,
): Promise<T> {
  const beside = new CancellationScope();
  const watching = [() => watchHealth(failover), () => watchPools(failover), () => watchMarket(failover, stepNow)].map(
    (watch) =>
      beside.run<unknown>(watch).catch((error: unknown) => {
        if (!wasCancelled(error)) failover.provisioning.onEvent(`a watch ended: ${causeOf(error).message}`);
      }),
  );
  try {
    return await work();
  } finally {
    beside.cancel();
    await Promise.all(watching);
  }
}
