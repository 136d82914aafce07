/** What is done for the nodes as long as they live? They are watched, and they are named. */
import type { Target } from '../activities/target';
import type { Node } from '../contracts/messages';
import { looks, mutations } from './activity-proxies';
import { causeOf, wasCancelled } from './failure';
import type { Run } from './run';
import { tell } from './run-state';

/** Between two checks that the region's sentinel runs: a sentinel that was ended costs no more than this. */
const SENTINEL_CHECK_MS = 30_000;

/** Has the nodes watched for as long as the work goes on. */
export async function keepSentinel(run: Run, nodes: Node[]): Promise<void> {
  const regions = [...new Set(nodes.map((node) => node.region))];
  const { target } = run.admission;
  const summary = `have ${regions.join(', ')} watched`;
  await looks.ensureSentinel
    .executeWithOptions({ summary }, [{ target, regions, pollMs: SENTINEL_CHECK_MS }])
    .catch((error: unknown) => {
      if (!wasCancelled(error)) tell(run.state, `nobody watches for interruptions: ${causeOf(error).message}`);
    });
}

/** Whose nodes are named, and who hears of trouble. */
interface Naming {
  target: Target;
  experimentId: string;
  onEvent: (text: string) => void;
}

/** Names follow at their own pace, and an experiment that ends earlier does without. */
export async function nameNodes({ target, experimentId, onEvent }: Naming, nodes: Node[]): Promise<void> {
  for (const region of new Set(nodes.map((node) => node.region))) {
    const names = nodes
      .filter((node) => node.region === region)
      .map(({ instanceId, slot, volumes = [] }) => ({
        instanceId,
        slot,
        name: `${experimentId} ${slot}`.slice(0, 256),
        ...(volumes.length === 0 ? {} : { volumes: volumes.map(({ volumeId }) => volumeId) }),
      }));
    const summary = `name ${String(names.length)} nodes in ${region}`;
    await mutations.nameNodes
      .executeWithOptions({ summary, ...NAMING }, [{ target, region, names }])
      .catch((error: unknown) => {
        if (!wasCancelled(error)) onEvent(`names are missing: ${causeOf(error).message}`);
      });
  }
}

/** 500 nodes at the 5 calls a second that CreateTags sustains for one account take 100 s; twice that is enough. */
const NAMING = { startToCloseTimeout: '5m', heartbeatTimeout: '30s', retry: { maximumAttempts: 3 } } as const;
