/**
 * Does a cleanup of ten thousand objects in seventeen regions stay small? Events of the longest run, the largest
 * payload in any history, and what the worker holds after a full collection, before and after.
 */
import type { Client } from '@temporalio/client';
import { cleaned, leftOf } from '../cleanups';
import { S10K_CELLS } from '../loads/s1k';
import type { Bench } from '../metric';

export const cleanupLarge: Bench = {
  name: 'cleanup-large',
  goals: [
    { name: '10,000 objects: history events of the longest run', goal: 10_000, unit: 'events' },
    { name: '10,000 objects: largest payload', goal: 256, unit: 'KiB' },
    { name: '10,000 objects: left behind', goal: 0, unit: 'objects' },
    { name: '10,000 objects: worker heap after over before', goal: 1.5, unit: 'times' },
  ],
  async run(stack) {
    // The heap of a worker that has done everything once: what is measured is growth by size, not first use.
    const small = await cleaned(stack, 'small', { 'us-west-2': 1 }, ['us-west-2']);
    const before = (await small.world.memory()).heapBytes;
    await small.world.close();
    const done = await cleaned(stack, 's10k', S10K_CELLS);
    const after = (await done.world.memory()).heapBytes;
    await done.world.close();
    const runs = await runsOf(stack.client, done.id);
    const payloads = await Promise.all(runs.map(({ runId }) => largestPayload(stack.client, done.id, runId)));
    const events = runs.map(({ length }) => length);
    const note = `${String(done.made.length)} objects, verdict ${done.result.verdict}, ${String(runs.length)} runs`;
    return [
      { value: Math.max(...events), note },
      {
        value: Math.max(...payloads) / 1024,
        note: `${String(events.reduce((sum, one) => sum + one, 0))} events in all`,
      },
      { value: leftOf(done).length, note: `${String(done.calls.length)} calls` },
      { value: after / before, note: `${mebibytes(after)} against ${mebibytes(before)}` },
    ];
  },
};

async function runsOf(client: Client, workflowId: string): Promise<{ runId: string; length: number }[]> {
  const runs: { runId: string; length: number }[] = [];
  for await (const { runId, historyLength } of client.workflow.list({ query: `WorkflowId = '${workflowId}'` }))
    runs.push({ runId, length: historyLength });
  return runs;
}

/** In small pages: a history of many large payloads is more than one answer may hold. */
async function largestPayload(client: Client, workflowId: string, runId: string): Promise<number> {
  let largest = 0;
  let token = new Uint8Array();
  do {
    const page = await client.workflowService.getWorkflowExecutionHistory({
      namespace: client.options.namespace,
      execution: { workflowId, runId },
      maximumPageSize: 50,
      nextPageToken: token,
    });
    largest = Math.max(largest, largestIn(page.history?.events));
    token = new Uint8Array(page.nextPageToken);
  } while (token.length > 0);
  return largest;
}

/** Bytes of the largest `data` of a payload anywhere in a message. */
function largestIn(value: unknown): number {
  if (value instanceof Uint8Array) return value.byteLength;
  if (Array.isArray(value)) return Math.max(0, ...value.map(largestIn));
  return typeof value === 'object' && value !== null ? Math.max(0, ...Object.values(value).map(largestIn)) : 0;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}
