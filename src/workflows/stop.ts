/** How does a schedule end what another one began? The evening half of office hours. */
import { reads } from './activity-proxies';
import { admitted } from './failure';

/**
 * Stops the running experiments of a schedule, each as its own update `stop` does: teardown and proof follow there, and
 * nobody waits for them here.
 */
export async function stop(input: unknown): Promise<{ stopped: string[] }> {
  const ids = await admitted(() => reads.admitStop.executeWithOptions({ summary: 'whose runs are to end' }, [input]));
  if (ids.length === 0) return { stopped: [] };
  const summary = `stop ${ids.join(' ')}`.slice(0, 200);
  return { stopped: await reads.stopExperiments.executeWithOptions({ summary }, [{ ids }]) };
}
