/** Who delivers the webhooks of an experiment? A workflow of their own, so that a dead receiver holds nothing up. */
import { condition, defineSignal, setHandler } from '@temporalio/workflow';
import { WEBHOOK_SIGNAL, type WebhookEvent, type WebhooksInput, type WebhookTarget } from '../contracts/webhooks';
import { deliveries } from './activity-proxies';
import { causeOf, wasCancelled } from './failure';

const eventSignal = defineSignal<[WebhookEvent]>(WEBHOOK_SIGNAL);

/** Sends each event to each receiver, in order, and ends when nothing is left; the next event starts it again. */
export async function webhooks({ targets }: WebhooksInput): Promise<{ delivered: number; missed: string[] }> {
  const events: WebhookEvent[] = [];
  const missed: string[] = [];
  const done = targets.map(() => 0);
  setHandler(
    eventSignal,
    (event) => {
      if (!events.some(({ id }) => id === event.id)) events.push(event);
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

function deliver(target: WebhookTarget, event: WebhookEvent): Promise<void> {
  return deliveries.deliverWebhook.executeWithOptions({ summary: `${event.phase} of ${event.experimentId}` }, [
    { target, event },
  ]);
}
