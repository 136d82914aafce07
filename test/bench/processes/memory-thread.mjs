/**
 * How much does a thread of the worker hold? Workflows live in a thread with a heap of its own, so this is loaded into
 * every thread (`--import`; plain JavaScript, since threads do not inherit the TypeScript loader) and collects and
 * reports when memory.ts asks.
 */
import { BroadcastChannel, isMainThread } from 'node:worker_threads';

if (!isMainThread) {
  const channel = new BroadcastChannel('holdfast-bench-memory');
  channel.onmessage = ({ data }) => {
    if (data !== 'collect') return;
    globalThis.gc();
    const { heapUsed, external } = process.memoryUsage();
    channel.postMessage({ heapBytes: heapUsed + external });
  };
  channel.unref();
}
