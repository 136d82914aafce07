/**
 * Does one request stay one experiment for a service that calls twice, dies, and comes back through another door, and
 * does everybody who is told hear the same?
 */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect, type ExperimentInput, type ExperimentResult, type Holdfast } from '../../src/client';
import type { WebhookEvent } from '../../src/contracts/webhooks';
import { startedSchema } from '../../src/schemas/http';
import { resultSchema } from '../../src/schemas/http-status';
import { openDoor, type Door, type Reply } from '../api/door';
import type { Told } from '../nexus/caller-workflows';
import { startCaller } from '../support/calling';
import { eventually, startLab, uniqueId, type Lab } from '../support/lab';
import { startOtherNamespace, type OtherNamespace } from '../support/other-namespace';
import { expectNoTrace, launchCalls } from '../support/outcomes';
import { sharedTemporal } from '../support/temporal';

const PHASES = ['Provisioning', 'Configuring', 'Ready', 'Running', 'Collecting', 'TearingDown', 'Done'];
const LIMIT_MS = 180_000;

let lab: Lab;
let holdfast: Holdfast;
let door: Door;
let elsewhere: OtherNamespace;
let receiver: Server;
const heard: WebhookEvent[] = [];
beforeAll(async () => {
  lab = await startLab();
  const { address, namespace } = sharedTemporal();
  holdfast = await connect({ connection: { address }, namespace, taskQueue: lab.taskQueue });
  door = await openDoor(holdfast);
  elsewhere = await startOtherNamespace(lab.taskQueue, require.resolve('../nexus/caller-workflows'));
  receiver = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => (body += chunk.toString()));
    request.on('end', () => {
      heard.push(JSON.parse(body) as WebhookEvent);
      response.writeHead(204).end();
    });
  });
  await new Promise<void>((resolve) => receiver.listen(0, '127.0.0.1', resolve));
}, LIMIT_MS);
afterAll(async () => {
  receiver.close();
  await door.close();
  await holdfast.close();
  await elsewhere.close();
  await lab.close();
});

function specWith(lease: string): ExperimentInput {
  const { port } = receiver.address() as AddressInfo;
  return {
    name: 'called',
    lease,
    poll: '50ms',
    settle: '300ms',
    instanceProfile: 'holdfast-node',
    components: { a: { instanceTypes: ['t3.micro'] } },
    steps: [{ name: 'measure', on: 'a', run: 'true' }],
    webhooks: [{ url: `http://127.0.0.1:${String(port)}/hook`, secret: { env: 'HOLDFAST_SECRET_TEST' } }],
  };
}

function post(body: ExperimentInput, key: string): Promise<Reply> {
  return door.ask('POST', '/experiments', { body, headers: { 'idempotency-key': key } });
}

async function overNexus(spec: ExperimentInput, requestId: string): Promise<Told> {
  const { client, taskQueue, endpoint } = elsewhere;
  const args = [endpoint, { spec, requestId }];
  return (await client.workflow.execute('run', { taskQueue, workflowId: uniqueId('caller'), args })) as Told;
}

it(
  'does: one id for two requests, events in order, one typed outcome for all, and another spec is a conflict',
  async () => {
    const key = uniqueId('service-call');
    const spec = specWith('10m');
    const caller = startCaller({ door: door.url, taskQueue: lab.taskQueue, requestId: key, spec });
    const id = await caller.started;
    await caller.kill();
    const again = await post(spec, key);
    const other = await post(specWith('11m'), key);
    const elsewhereToo = overNexus(spec, key);
    const otherElsewhere = await overNexus(specWith('11m'), key);

    const outcome = (await elsewhereToo).result;
    const reply = await door.ask('GET', `/experiments/${id}/result`);
    await eventually(() => Promise.resolve(heard.length >= PHASES.length || undefined));
    report({ id, again, other, otherElsewhere, outcome, reply });

    expect(again.status).toBe(202);
    expect(startedSchema.parse(again.body).id).toBe(id);
    expect(other).toMatchObject({ status: 409, body: { failure: 'conflict' } });
    expect(otherElsewhere.failures?.[1]).toMatchObject({ type: 'CONFLICT', message: other.body['detail'] });
    expect(outcome).toMatchObject({ experimentId: id, phase: 'Done', certificate: { verdict: 'clean' } });
    expect(resultSchema.parse(reply.body)).toEqual(outcome);
    expect(heard.map(({ phase }) => phase)).toEqual(PHASES);
    expect(new Set(heard.map((event) => event.id)).size).toBe(PHASES.length);
    expect(new Set(heard.map(({ experimentId }) => experimentId))).toEqual(new Set([id]));
    expect(heard.map(({ seq }) => seq)).toEqual(heard.map(({ seq }) => seq).sort((a, b) => a - b));
    expect(launchCalls(await lab.ledger())).toHaveLength(1);
    await expectNoTrace(lab, id);
  },
  LIMIT_MS,
);

interface Seen {
  id: string;
  again: Reply;
  other: Reply;
  otherElsewhere: Told;
  outcome: ExperimentResult | undefined;
  reply: Reply;
}

function report({ id, again, other, otherElsewhere, outcome, reply }: Seen): void {
  const lines = [
    `POST, then its sender was killed   ${id}`,
    `POST again, same key               ${again.status} ${String(again.body['id'])}`,
    `POST, same key, other spec         ${other.status} ${String(other.body['detail'])}`,
    `Nexus, same request                ${outcome?.experimentId ?? 'nothing'} ${outcome?.phase ?? ''}`,
    `Nexus, same request, other spec    ${otherElsewhere.failures?.[1]?.type ?? 'nothing'}`,
    `GET result                         ${reply.status} ${String(reply.body['phase'])}`,
    ...heard.map((event) => `webhook ${event.id}  ${String(event.seq)} ${event.phase}`),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
