/** Who delivers the webhooks of an experiment? A workflow of their own, so that a dead receiver holds nothing up. */
import { condition, defineSignal, setHandler } from '@temporalio/workflow';
import { WEBHOOK_SIGNAL, type WebhookEvent, type WebhookTarget } from '../contracts/webhooks';
import { deliveries } from './activity-proxies';
import { causeOf, failure, wasCancelled } from './failure';

const eventSignal = defineSignal<[unknown]>(WEBHOOK_SIGNAL);

/** Sends each event to each receiver, in order, and ends when nothing is left; the next event starts it again. */
export async function webhooks(input: unknown): Promise<{ delivered: number; missed: string[] }> {
  const targets = targetsIn(input);
  const events: WebhookEvent[] = [];
  const missed: string[] = [];
  const done = targets.map(() => 0);
  setHandler(
    eventSignal,
    (event) => {
      if (isEvent(event) && !events.some(({ id }) => id === event.id)) events.push(event);
    },
    { description: 'Hands it an event to deliver' },
  );
  await Promise.all(
    targets.map(async (target, index) => {
      for (let at = 0; ; at += 1) {
        done[index] = at;
        await condition(() => at < events.length || done.every((count) => count >= events.length));
        const event = events[at];
        if (event === undefined) return;
        await deliver(target, event).catch((error: unknown) => {
          if (wasCancelled(error)) throw error;
          missed.push(`${event.id} to receiver ${String(index + 1)}: ${causeOf(error).message}`);
        });
      }
    }),
  );
  return { delivered: events.length * targets.length - missed.length, missed };
}

function targetsIn(input: unknown): WebhookTarget[] {
  const { targets } = { ...(input as { targets?: unknown } | null | undefined) };
  const isTarget = (one: unknown): boolean =>
    typeof one === 'object' && one !== null && 'url' in one && 'format' in one;
  if (Array.isArray(targets) && targets.every(isTarget)) return targets as WebhookTarget[];
  const form = '{"targets": [{"url": "https://...", "format": "event"}]}';
  throw failure('InvalidInput', `targets: must be a list of receivers: ${form}`);
}

/** What is no event is nobody's news, and must not stop those that are. */
function isEvent(value: unknown): value is WebhookEvent {
  return typeof value === 'object' && value !== null && 'id' in value && 'phase' in value;
}

function deliver(target: WebhookTarget, event: WebhookEvent): Promise<void> {
  return deliveries.deliverWebhook.executeWithOptions({ summary: `${event.phase} of ${event.experimentId}` }, [
    { target, event },
  ]);
}
