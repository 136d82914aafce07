/**
 * How much memory does a worker process hold after a full collection? Workflows live in a thread with a heap of its
 * own, so this file is loaded into every thread (`--import`): each collects and reports when it is asked.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

export interface WorkerMemory {
  /** Of the whole process, native parts included. */
  rssBytes: number;
  /** JavaScript heaps of all threads after collection, with what they hold outside. */
  heapBytes: number;
  threads: number;
}

const CHANNEL = 'holdfast-bench-memory';
/** Every thread collects within this time; the workflow thread may be in the middle of an activation. */
const COLLECT_MS = 3000;

interface Report {
  heapBytes: number;
}

if (!isMainThread) {
  const channel = new BroadcastChannel(CHANNEL) as BroadcastChannel & { unref(): void };
  channel.onmessage = (event: unknown) => {
    if ((event as { data: unknown }).data === 'collect') channel.postMessage(collected());
  };
  channel.unref();
}

/** Collects in every thread and adds up. */
export async function memoryOf(): Promise<WorkerMemory> {
  const channel = new BroadcastChannel(CHANNEL);
  const reports: Report[] = [];
  channel.onmessage = (event: unknown) => {
    const { data } = event as { data: unknown };
    if (typeof data === 'object') reports.push(data as Report);
  };
  // Twice: what the first collection lets finalizers free goes with the second.
  for (let round = 0; round < 2; round += 1) {
    reports.length = 0;
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
