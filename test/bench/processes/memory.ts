/** How much memory does the worker process hold after a full collection in all of its threads? */
import { setTimeout as pause } from 'node:timers/promises';
import { BroadcastChannel } from 'node:worker_threads';

export interface WorkerMemory {
  /** Of the whole process, native parts included. */
  rssBytes: number;
  /** JavaScript heaps of all threads after collection, with what they hold outside; the least of several looks. */
  heapBytes: number;
  threads: number;
}

/** Where memory-thread.mjs listens. */
const CHANNEL = 'holdfast-bench-memory';
/** Every thread collects within this time; the workflow thread may be in the middle of an activation. */
const COLLECT_MS = 3000;

const ROUNDS = 4;

interface Report {
  heapBytes: number;
}

/** Collects in every thread and adds up. */
export async function memoryOf(): Promise<WorkerMemory> {
  const channel = new BroadcastChannel(CHANNEL);
  let reports: Report[] = [];
  let heapBytes = Infinity;
  channel.onmessage = (event: unknown) => {
    reports.push((event as { data: Report }).data);
  };
  // What the first collection lets finalizers free goes with the next; what a poll holds just now is gone in one of them.
  for (let round = 0; round < ROUNDS; round += 1) {
    reports = [];
    channel.postMessage('collect');
    reports.push(collected());
    await pause(COLLECT_MS);
    heapBytes = Math.min(
      heapBytes,
      reports.reduce((sum, report) => sum + report.heapBytes, 0),
    );
  }
  channel.close();
  return {
    rssBytes: process.memoryUsage.rss(),
    heapBytes,
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
