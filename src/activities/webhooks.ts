/** How does an event reach who wants to know? Handed to a workflow of its own, and sent signed, as often as it takes. */
import { createHmac } from 'node:crypto';
import { Context } from '@temporalio/activity';
import type { Cloud } from '../aws/ports';
import { Failure } from '../contracts/failures';
import {
  WEBHOOK_SIGNAL,
  webhooksWorkflowId,
  type SecretReference,
  type WebhookEvent,
  type WebhooksInput,
  type WebhookTarget,
} from '../contracts/webhooks';
import type { TemporalPort } from './temporal-port';

/** A receiver that takes longer has a queue to write; the event is sent again. */
const ANSWER_MS = 10_000;
/** What stands before a key in the base64 of the Standard Webhooks specification. */
const BASE64_KEY = /^whsec_/;

interface WebhookPorts {
  temporal: TemporalPort;
  cloud: Cloud;
  /** Value of a variable that may be named in a spec. */
  secret: (name: string) => string | undefined;
}

export function createWebhookActivities({ temporal, cloud, secret }: WebhookPorts) {
  const read = async (reference: SecretReference): Promise<string> => {
    const call = { signal: Context.current().cancellationSignal };
    const value = 'env' in reference ? secret(reference.env) : await cloud.secret(reference.ssmParameter, call);
    if (value !== undefined && value !== '') return value;
    const name = 'env' in reference ? reference.env : reference.ssmParameter;
    throw new Failure('Undelivered', `${name} is not set for this worker`);
  };
  return {
    /** Hands an event on; the delivery goes on by itself, also after the experiment has ended. */
    async tellWebhooks(input: WebhooksInput & { event: WebhookEvent }): Promise<void> {
      const { event, ...rest } = input;
      const id = webhooksWorkflowId(input.experimentId);
      await temporal.signalWithStart('webhooks', id, rest, WEBHOOK_SIGNAL, event);
    },

    /** Sends one event to one receiver; `Undelivered` when it was not taken. Says nothing of what the receiver said. */
    async deliverWebhook({ target, event }: { target: WebhookTarget; event: WebhookEvent }): Promise<void> {
      const url = typeof target.url === 'string' ? target.url : await read(target.url);
      const body = JSON.stringify(target.format === 'slack' ? { text: slackText(event) } : event);
      const signed = target.secret === undefined ? {} : signature(await read(target.secret), event.id, body);
      const status = await post(url, body, signed);
      if (status < 200 || status > 299) throw new Failure('Undelivered', `the receiver answered ${String(status)}`);
    },
  };
}

export type WebhookActivities = ReturnType<typeof createWebhookActivities>;

/** A redirect could lead the event anywhere, so it is an answer like any other. The address may be a secret. */
async function post(url: string, body: string, headers: Record<string, string>): Promise<number> {
  const signal = AbortSignal.any([AbortSignal.timeout(ANSWER_MS), Context.current().cancellationSignal]);
  try {
    const init = { method: 'POST', redirect: 'manual' as const, body, signal };
    const response = await fetch(url, { ...init, headers: { 'content-type': 'application/json', ...headers } });
    await response.body?.cancel();
    return response.status;
  } catch {
    throw new Failure('Undelivered', 'the receiver did not answer');
  }
}

/** https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md */
function signature(secret: string, id: string, body: string): Record<string, string> {
  const timestamp = String(Math.floor(Date.now() / 1000));
  const key = BASE64_KEY.test(secret) ? Buffer.from(secret.replace(BASE64_KEY, ''), 'base64') : Buffer.from(secret);
  const mac = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': timestamp, 'webhook-signature': `v1,${mac}` };
}

/** `*` is bold, and three characters are Slack's own: https://docs.slack.dev/messaging/formatting-message-text */
function slackText({ experimentId, owner, text }: WebhookEvent): string {
  const plain = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  return `*${experimentId}* (${owner}) ${plain}`;
}
