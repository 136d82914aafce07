/** How are provisioning and readiness started alone, by callers who orchestrate themselves? */
import { CancellationScope, CancelledFailure, workflowInfo } from '@temporalio/workflow';
import type { Attempt } from '../contracts/capacity';
import type { Node } from '../contracts/messages';
import { isStandby, TAG } from '../contracts/names';
import type { NodeProgress } from '../contracts/readiness';
import { reads } from './activity-proxies';
import { admitted, causeOf, failure, wasCancelled } from './failure';
import { provisionNodes } from './provision';
import { proveReady } from './readiness';
import { tearDown } from './teardown';
import { nameNodes } from './upkeep';

/** What `provision` alone leaves running: it ends by its `ExpiresAt` tag or by `cleanup`. */
export interface ProvisionResult {
  experimentId: string;
  expiresAt: string;
  nodes: Node[];
  attempts: Attempt[];
  events: string[];
}

/** Buys the nodes of a spec and leaves them running; when it fails or is cancelled, nothing is left. */
export async function provision(input: unknown): Promise<ProvisionResult> {
  const experimentId = workflowInfo().workflowId;
  const { spec, target, installation, owner } = await admitted(() => reads.admitExperiment(input));
  const expiresAt = new Date(Date.now() + spec.lease * 1000).toISOString();
  const ownership = {
    experimentId,
    installation,
    project: spec.project,
    owner,
    expiresAt,
    extra: { ...spec.tags, [TAG.alone]: 'provision' },
  };
  const attempts: Attempt[] = [];
  const events: string[] = [];
  try {
    const onAttempt = (attempt: Attempt): void => {
      attempts.push(attempt);
    };
    const onEvent = (text: string): void => {
      events.push(text);
    };
    const { nodes, spares } = await provisionNodes({ target, ownership, spec, onAttempt, onEvent });
    await nameNodes({ target, experimentId, onEvent }, [...nodes, ...spares]);
    // A launch under way is waited for and then succeeds, so the cancellation is seen by nobody else.
    if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('cancelled while launching');
    return { experimentId, expiresAt, nodes: [...nodes, ...spares], attempts, events };
  } catch (error) {
    await CancellationScope.nonCancellable(() =>
      tearDown({ experimentId, regions: spec.regions, settleSeconds: spec.settle, target }),
    );
    if (wasCancelled(error)) throw error;
    const { type, message } = causeOf(error);
    throw failure(type, message, { attempts, events });
  }
}

/** Proves the existing nodes of an experiment ready; it neither ends nor replaces any. */
export async function readiness(input: unknown): Promise<{ nodes: Node[]; progress: NodeProgress[] }> {
  const { spec, target, experimentId } = await admitted(() => reads.admitReadiness(input));
  const found = await reads.findNodes({ target, experimentId, regions: spec.regions });
  const nodes = found.filter((node) => node.component in spec.components && !isStandby(node));
  const missing = Object.entries(spec.components).filter(
    ([name, part]) => nodes.filter((node) => node.component === name).length < (part.minReady ?? part.count),
  );
  if (missing.length > 0) {
    const lines = missing.map(
      ([name, part]) =>
        `components.${name}: fewer than ${String(part.minReady ?? part.count)} nodes carry the tags of ${experimentId}`,
    );
    throw failure('InvalidInput', lines.join('\n'));
  }
  let progress: NodeProgress[] = [];
  const onProgress = (now: NodeProgress[]): void => {
    progress = now;
  };
  const ready = await proveReady(
    { target, experimentId, spec, onProgress, onEvent: () => undefined, endMissed: false },
    nodes,
  );
  return { nodes: ready, progress };
}
