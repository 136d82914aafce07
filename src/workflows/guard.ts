/** How does an experiment survive the loss of nodes? Losses are gathered and acted on beside the work. */
import { CancellationScope, condition, sleep } from '@temporalio/workflow';
import { isOpen, type InterruptionRecord } from '../contracts/failover';
import { PLANNED_KINDS, type Interruption } from '../contracts/interruptions';
import { isStandby } from '../contracts/names';
import type { Loss } from '../policy/failover';
import { failure } from './failure';
import { failOver, type Failover } from './failover';
import { drain } from './hooks';
import { keepStandbys, loseStandby } from './standby';

/** Losses this close together are one request per component: over 92 % of a pool's siblings fall within minutes. */
const WINDOW_MS = 2000;

/** Does the work while losses are acted on beside it; whichever fails first ends both. */
export async function guarded<T>(failover: Failover, work: () => Promise<T>): Promise<T> {
  const guard = new CancellationScope();
  const watching = guard.run(() => guardNodes(failover));
  const tending = guard.run(() => keepStandbys(failover));
  try {
    return await Promise.race([work(), watching, tending]);
  } finally {
    guard.cancel();
    // Nothing is still launching when teardown begins to look.
    await Promise.allSettled([watching, tending]);
  }
}

/** Acts on reported losses until it is cancelled; throws `Interrupted` or `Capacity` when it cannot go on. */
async function guardNodes(failover: Failover): Promise<never> {
  const under = new Set<Promise<void>>();
  // A failover may wait for the nodes of another, so none outlives the first that cannot go on.
  const acts = new CancellationScope();
  let fatal: Error | undefined;
  const beside = (act: () => Promise<void>): void => {
    const settled = acts
      .run(act)
      .catch((error: unknown) => {
        fatal ??= error instanceof Error ? error : failure('Internal', String(error));
        acts.cancel();
      })
      .finally(() => under.delete(settled));
    under.add(settled);
  };
  try {
    for (;;) {
      await condition(() => failover.reported.length > 0 || fatal !== undefined);
      if (fatal !== undefined) throw fatal;
      await sleep(WINDOW_MS, { summary: 'gathering losses of the same moment' });
      const { group, doomed } = takeReported(failover);
      for (const { node, notice } of doomed) beside(() => drain(failover, node, notice));
      if (group.length > 0) beside(() => failOver(failover, group));
    }
  } finally {
    await Promise.all(under);
  }
}

/** Whether every loss so far has its replacement, or gets none. */
export function isWhole({ reported, records }: Failover): boolean {
  return reported.length === 0 && !records.some(isOpen);
}

/** Members to act on, and members that go while they are being replaced by our own choice. */
interface Taken {
  group: Loss[];
  doomed: Loss[];
}

/** Each lost node once. What concerns a node that has no slot yet waits; what concerns none of ours is told. */
function takeReported(failover: Failover): Taken {
  const taken: Taken = { group: [], doomed: [] };
  const seen = new Set<string>();
  // Of two notices about a node, the one that leaves no choice decides.
  const notices = failover.reported.splice(0).sort((a, b) => Number(isChoice(a)) - Number(isChoice(b)));
  for (const notice of notices) {
    if (!seen.has(notice.instanceId)) place(failover, notice, taken);
    seen.add(notice.instanceId);
  }
  return taken;
}

function place(failover: Failover, notice: Interruption, { group, doomed }: Taken): void {
  const isIt = ({ instanceId }: { instanceId: string }): boolean => instanceId === notice.instanceId;
  const member = failover.nodes().find(isIt);
  const spare = failover.spares().find(isIt);
  if (member !== undefined) {
    const open = failover.records.find((record) => record.oldInstance === notice.instanceId && isOpen(record));
    if (open === undefined) group.push({ node: member, notice });
    else if (isByChoice(open) && !isChoice(notice)) {
      failover.waiting.push(notice);
      doomed.push({ node: member, notice });
    }
  } else if (spare !== undefined && isStandby(spare)) {
    if (!isChoice(notice)) loseStandby(failover, spare, notice);
  } else if (spare !== undefined || failover.active > 0) {
    failover.waiting.push(notice);
  } else if (!failover.records.some((record) => record.oldInstance === notice.instanceId)) {
    failover.provisioning.onEvent(`${notice.instanceId} holds no slot here: ${notice.kind} changes nothing`);
  }
}

function isChoice({ kind }: Interruption): boolean {
  return PLANNED_KINDS.includes(kind);
}

function isByChoice({ kind }: InterruptionRecord): boolean {
  return PLANNED_KINDS.some((planned) => planned === kind);
}
