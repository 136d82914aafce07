/** Which of these nodes can answer no more? */
import type { Cloud } from '../aws/ports';

/** Those that ended, with EC2's word on each. They were visible before, so absence means an end. */
export async function goneNodes(
  cloud: Cloud,
  region: string,
  ids: string[],
  signal: AbortSignal,
): Promise<Map<string, string>> {
  const seen = await cloud.compute(region).instances(ids, { signal });
  const views = new Map(seen.map((view) => [view.instanceId, view]));
  const gone = new Map<string, string>();
  for (const id of ids) {
    const view = views.get(id);
    if (view?.state === 'running' || view?.state === 'pending') continue;
    const end =
      view === undefined ? 'no longer known to EC2' : `${view.state} (${view.stateReason ?? 'no reason given'})`;
    gone.set(id, end);
  }
  return gone;
}
