/** How much memory does the worker process hold after a full collection in all of its threads? */
import { setTimeout as pause } from 'node:timers/promises';
import { BroadcastChannel } from 'node:worker_threads';

export interface WorkerMemory {
  /** Of the whole process, native parts included. */
  rssBytes: number;
  /** JavaScript heaps of all threads after collection, with what they hold outside. */
  heapBytes: number;
  threads: number;
}

/** Where memory-thread.mjs listens. */
const CHANNEL = 'holdfast-bench-memory';
/** Every thread collects within this time; the workflow thread may be in the middle of an activation. */
const COLLECT_MS = 3000;

interface Report {
  heapBytes: number;
}

/** Collects in every thread and adds up. */
export async function memoryOf(): Promise<WorkerMemory> {
  const channel = new BroadcastChannel(CHANNEL);
  let reports: Report[] = [];
  channel.onmessage = (event: unknown) => {
    reports.push((event as { data: Report }).data);
  };
  // Twice: what the first collection lets finalizers free goes with the second.
  for (let round = 0; round < 2; round += 1) {
    reports = [];
    channel.postMessage('collect');
    reports.push(collected());
    await pause(COLLECT_MS);
  }
  channel.close();
  return {
    rssBytes: process.memoryUsage.rss(),
    heapBytes: reports.reduce((sum, report) => sum + report.heapBytes, 0),
    threads: reports.length,
  };
}

function collected(): Report {
  const collect = (globalThis as { gc?: () => void }).gc;
  if (collect === undefined) throw new Error('the worker was started without --expose-gc');
  collect();
  const { heapUsed, external } = process.memoryUsage();
  return { heapBytes: heapUsed + external };
}
