/** Do others hear of every phase, in order and signed, whatever their receiver does, and without holding anything up? */
import { createHmac } from 'node:crypto';
import { createServer, type IncomingHttpHeaders, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';
import type { WebhookEvent } from '../../src/contracts/webhooks';
import { eventually, startLab, uniqueId, type Lab } from '../support/lab';
import { resultOf } from '../support/outcomes';
import { smallSpec } from '../support/specs';

const KEY = 'a key that only the test knows';
const PHASES = ['Provisioning', 'Configuring', 'Ready', 'Running', 'Collecting', 'TearingDown', 'Done'];
const secret = { env: 'HOLDFAST_SECRET_TEST' };
const spec = smallSpec({ components: { a: { instanceTypes: ['t3.micro'] } }, settle: '300ms', owner: 'ada <ada@x>' });

interface Post {
  headers: IncomingHttpHeaders;
  body: string;
  at: number;
}

let lab: Lab;
const receivers: Server[] = [];
beforeAll(async () => {
  lab = await startLab();
});
afterAll(async () => {
  for (const one of receivers) one.close();
  await lab.close();
});

/** A receiver that answers with what `answer` says for the number of the post. */
async function receiver(answer: (count: number) => number): Promise<{ url: string; posts: Post[] }> {
  const posts: Post[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      posts.push({ headers: request.headers, body, at: Date.now() });
      response.writeHead(answer(posts.length)).end();
    });
  });
  receivers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${String((server.address() as AddressInfo).port)}/hook`, posts };
}

const eventOf = ({ body }: Post): WebhookEvent => JSON.parse(body) as WebhookEvent;

it('tells every phase, in order, signed so that the receiver can check it', async () => {
  const { url, posts } = await receiver(() => 204);
  const steps = [{ name: 'work', on: 'a', run: 'true' }];
  const id = uniqueId('told');

  await resultOf(await lab.start('experiment', { ...spec, steps, webhooks: [{ url, secret }] }, id));
  await eventually(() => Promise.resolve(posts.length >= PHASES.length || undefined));

  const events = posts.map(eventOf);
  expect(events.map(({ phase }) => phase)).toEqual(PHASES);
  expect(new Set(events.map((event) => event.id)).size).toBe(PHASES.length);
  expect(events.map(({ seq }) => seq)).toEqual(events.map(({ seq }) => seq).sort((a, b) => a - b));
  expect(events.at(-1)).toMatchObject({
    type: 'experiment.phase',
    experimentId: id,
    owner: 'ada <ada@x>',
    name: 'small',
  });
  for (const { headers, body } of posts) {
    const stamp = String(headers['webhook-timestamp']);
    const mac = createHmac('sha256', KEY)
      .update(`${String(headers['webhook-id'])}.${stamp}.${body}`)
      .digest('base64');
    expect(headers['webhook-signature']).toBe(`v1,${mac}`);
    expect(Math.abs(Number(stamp) - Date.now() / 1000)).toBeLessThan(60);
  }
  const history = await lab.client.workflow.getHandle(id).fetchHistory();
  const payloads = [...historyToJSON(history).matchAll(/"data": ?"([^"]+)"/g)];
  const data = payloads.map(([, text = '']) => Buffer.from(text, 'base64').toString()).join('\n');
  expect(data).toContain('HOLDFAST_SECRET_TEST');
  expect(data).not.toContain(KEY);
});

it('sends again what was not taken, in order, and a dead receiver holds up neither the experiment nor another', async () => {
  const flaky = await receiver((count) => (count <= 2 ? 503 : 200));
  const slack = await receiver(() => 200);
  const webhooks = [
    { url: flaky.url, secret },
    { url: slack.url, format: 'slack' as const },
    { url: 'http://127.0.0.1:1/', secret },
  ];
  const id = uniqueId('flaky');
  const steps = [{ name: 'work', on: 'a', run: 'true' }];

  const result = await resultOf(await lab.start('experiment', { ...spec, steps, webhooks }, id));
  await eventually(() => Promise.resolve(flaky.posts.length >= PHASES.length + 2 || undefined));

  expect(result.phase).toBe('Done');
  const events = flaky.posts.map(eventOf);
  expect(events.slice(0, 3).map((event) => event.id)).toEqual(Array(3).fill(events[0]?.id));
  expect(events.slice(2).map(({ phase }) => phase)).toEqual(PHASES);
  await eventually(() => Promise.resolve(slack.posts.length >= PHASES.length || undefined));
  const texts = slack.posts.map(({ body }) => JSON.parse(body) as { text: string });
  expect(texts[0]).toEqual({ text: `*${id}* (ada <ada@x>) Provisioning` });
  expect((await lab.client.workflow.getHandle(`${id}/webhooks`).describe()).status.name).toBe('RUNNING');
  await lab.client.workflow.getHandle(`${id}/webhooks`).terminate('nobody will ever answer');
});
