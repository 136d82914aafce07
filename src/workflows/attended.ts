/** What is watched beside the work, of nodes that are well so far? */
import { CancellationScope } from '@temporalio/workflow';
import { causeOf, wasCancelled } from './failure';
import type { Failover } from './failover';
import { watchHealth } from './liveness';

/** Does the work while watchers report what a failover should act on; a watcher that fails is told and ends nothing. */
export async function attended<T>(failover: Failover, work: () => Promise<T>): Promise<T> {
  const beside = new CancellationScope();
  const watching = WATCHERS.map(({ what, watch }) =>
    beside
      .run(() => watch(failover))
      .catch((error: unknown) => {
        if (!wasCancelled(error)) failover.provisioning.onEvent(`${what} is not watched: ${causeOf(error).message}`);
      }),
  );
  try {
    return await work();
  } finally {
    beside.cancel();
    await Promise.all(watching);
  }
}

const WATCHERS = [{ what: 'the health of services', watch: watchHealth }];
