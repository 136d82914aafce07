/** How do tests take nodes away, and see what became of the slots? */
import type { WorkflowHandle } from '@temporalio/client';
import type { InterruptionRecord } from '../../src/contracts/failover';
import type { InterruptionKind } from '../../src/contracts/interruptions';
import type { ExperimentStatus } from '../../src/contracts/messages';
import { eventually } from './lab';
import { statusOf } from './outcomes';

/** A notice as the sentinel, a policy or a person sends it. */
export function noticeOf(instanceId: string, kind: InterruptionKind = 'reclaim'): object {
  const at = new Date().toISOString();
  // A code that says nothing of the pool: one that does puts the siblings there at risk, and they are replaced too.
  const reason = kind === 'reclaim' ? 'instance-terminated-by-schedule' : kind;
  return { instanceId, region: 'us-west-2', kind, source: 'policy', reason, noticeAt: at, detectedAt: at };
}

/** Tells the experiment about the nodes of slots, all at once; answers with the ids of their instances. */
export async function lose(handle: WorkflowHandle, slots: string[], kind?: InterruptionKind): Promise<string[]> {
  const { nodes } = await statusOf(handle);
  const ids = slots.map((slot) => nodes.find((node) => node.slot === slot)?.instanceId ?? '');
  await handle.signal(
    'interruption',
    ids.map((id) => noticeOf(id, kind)),
  );
  return ids;
}

/** Waits until so many losses have been made good or given up, and nothing is under way. */
export async function settled(handle: WorkflowHandle, losses: number, limitMs = 30_000): Promise<ExperimentStatus> {
  return eventually(async () => {
    const now = await statusOf(handle);
    const over = now.interruptions.filter((one) => one.promotedAt !== undefined || one.missed !== undefined);
    return over.length >= losses && now.phase !== 'Recovering' ? now : undefined;
  }, limitMs);
}

/** Slots with their generation, in order. */
export function generations({ nodes }: Pick<ExperimentStatus, 'nodes'>, component: string): [string, number][] {
  return nodes
    .filter((node) => node.component === component)
    .map((node): [string, number] => [node.slot, node.generation])
    .sort();
}

/** The times of a record in the order in which they have to lie. */
export function timesOf(record: InterruptionRecord | undefined): number[] {
  const { noticeAt, detectedAt, askedAt, runningAt, readyAt, promotedAt } = record ?? {};
  return [noticeAt, detectedAt, askedAt, runningAt, readyAt, promotedAt].map((at) => Date.parse(at ?? ''));
}
