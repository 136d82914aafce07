/** How do events reach a reader as they happen? As server-sent events, resumed by the number of the last one. */
import type { ExperimentHandle } from '../client';
import { FINAL_PHASES, type TimelineEntry } from '../contracts/messages';
import type { Ask } from './ask';
import { HttpProblem, problemOf } from './problem';

/** Each stream looks at its experiment once a second. */
const MOST_STREAMS = 200;
/** Proxies cut what is silent for a minute. */
const BEAT_MS = 15_000;
/** So long may a reader go on whose token was revoked. */
const ACCESS_MS = 5000;
/** A reader that lost the connection comes back after this. */
const RETRY_MS = 2000;

interface Stream extends Pick<Ask, 'reply' | 'isAllowed'> {
  /** Number of the last event that the reader knows. */
  after: number;
}

export interface EventStreams {
  /** Sends events after the given one until the experiment is over, or the reader has gone or may not read any more. */
  serve(experiment: ExperimentHandle, stream: Stream): Promise<{ status: 204 } | { status: 'streamed' }>;
  /** Ends all of them. */
  close(): void;
}

export function eventStreams(): EventStreams {
  const open = new Set<AbortController>();
  return {
    async serve(experiment, asked) {
      if (open.size >= MOST_STREAMS) throw new HttpProblem('too-many', 'too many event streams are open');
      const { phase, timeline } = await experiment.status();
      // 204 tells an EventSource to stop coming back (https://html.spec.whatwg.org/multipage/server-sent-events.html).
      if (FINAL_PHASES.includes(phase) && (timeline.at(-1)?.seq ?? 0) <= asked.after) return { status: 204 };
      const reader = new AbortController();
      open.add(reader);
      try {
        await stream(experiment, asked, reader);
      } finally {
        open.delete(reader);
      }
      return { status: 'streamed' };
    },
    close() {
      for (const reader of open) reader.abort();
    },
  };
}

async function stream(
  experiment: ExperimentHandle,
  { after, reply, isAllowed }: Stream,
  reader: AbortController,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  raw.once('close', () => {
    reader.abort();
  });
  const headers = { 'content-type': 'text/event-stream', 'cache-control': 'no-store', 'x-accel-buffering': 'no' };
  raw.writeHead(200, { ...headers, 'x-request-id': reply.request.id });
  raw.write(`retry: ${String(RETRY_MS)}\n\n`);
  const beat = setInterval(() => raw.write(':\n\n'), BEAT_MS);
  const guard = setInterval(() => {
    void isAllowed().then((may) => {
      if (!may) reader.abort();
    });
  }, ACCESS_MS);
  try {
    for await (const event of experiment.events({ after, signal: reader.signal })) raw.write(frame(event));
  } catch (error) {
    reply.request.log.warn({ err: error }, 'event stream ended');
    raw.write(`event: problem\ndata: ${JSON.stringify(problemOf(error, reply.request.id))}\n\n`);
  } finally {
    clearInterval(beat);
    clearInterval(guard);
    raw.end();
  }
}

function frame(event: TimelineEntry): string {
  const name = event.phase === undefined ? '' : 'event: phase\n';
  return `id: ${String(event.seq)}\n${name}data: ${JSON.stringify(event)}\n\n`;
}
