/** Can another service run an experiment over HTTP, from start to certificate, without knowing Temporal? */
import { connect, type ExperimentInput, type Holdfast } from '../../src/client';
import { cleanupPlanSchema, cleanupSchema, leaksSchema, pageSchema, startedSchema } from '../../src/schemas/http';
import { eventSchema, resultSchema, statusSchema } from '../../src/schemas/http-status';
import { expectNoTrace, launchCalls } from '../support/outcomes';
import { eventually, startLab, uniqueId, type Lab } from '../support/lab';
import { sharedTemporal } from '../support/temporal';
import { openDoor, type Door } from './door';

const spec: ExperimentInput = {
  name: 'over-http',
  owner: 'ada',
  lease: '10m',
  poll: '50ms',
  settle: '300ms',
  instanceProfile: 'holdfast-node',
  components: { a: { count: 2, instanceTypes: ['t3.micro'] } },
  steps: [{ name: 'work', on: 'a', run: 'true' }],
};
const endless: ExperimentInput = { ...spec, steps: [] };

let lab: Lab;
let holdfast: Holdfast;
let door: Door;
beforeAll(async () => {
  lab = await startLab();
  const { address, namespace, uiUrl } = sharedTemporal();
  holdfast = await connect({ connection: { address }, namespace, uiUrl, taskQueue: lab.taskQueue });
  door = await openDoor(holdfast);
});
afterAll(async () => {
  await door.close();
  await holdfast.close();
  await lab.close();
});

async function start(input: ExperimentInput, key?: string): Promise<string> {
  const headers = key === undefined ? {} : { 'idempotency-key': key };
  const reply = await door.ask('POST', '/experiments', { body: input, headers });
  expect(reply).toMatchObject({ status: 202 });
  return startedSchema.parse(reply.body).id;
}

describe('starting over HTTP', () => {
  it('answers 202 with where to look, and the same for the same key; another spec is a conflict', async () => {
    const key = uniqueId('key');
    const headers = { 'idempotency-key': `"${key}"` };
    const launches = launchCalls(await lab.ledger()).length;

    const replies = await Promise.all(
      Array.from({ length: 10 }, () => door.ask('POST', '/experiments', { body: spec, headers })),
    );
    const other = await door.ask('POST', '/experiments', { body: { ...spec, lease: '11m' }, headers });

    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 202));
    const [first] = replies.map(({ body }) => startedSchema.parse(body));
    expect(new Set(replies.map(({ body }) => body['id']))).toEqual(new Set([first?.id]));
    expect(replies[0]?.header('location')).toBe(`/experiments/${String(first?.id)}`);
    expect(other).toMatchObject({ status: 409, body: { failure: 'conflict', title: 'Conflict' } });
    await holdfast.get(first?.id ?? '').result();
    expect(launchCalls(await lab.ledger()).length - launches).toBe(1);
    await expectNoTrace(lab, first?.id ?? '');
  });

  it('says every mistake of a spec in one line, and starts nothing', async () => {
    const reply = await door.ask('POST', '/experiments', { body: { leese: '1h', components: { a: { count: 0 } } } });

    expect(reply.status).toBe(422);
    expect(reply.header('content-type')).toContain('application/problem+json');
    expect(reply.body).toMatchObject({
      failure: 'refused',
      problems: [expect.stringContaining('components.a.count'), 'leese: is no known field; did you mean "lease"?'],
    });
  });
});

describe('an experiment over HTTP', () => {
  it('is followed by its ETag and its events, resumed where a reader left off, to its result', async () => {
    const id = await start(spec);
    const whole = await readEvents(`/experiments/${id}/events`);

    const status = await door.ask('GET', `/experiments/${id}`);
    const etag = status.header('etag') ?? '';
    const same = await door.ask('GET', `/experiments/${id}`, { headers: { 'if-none-match': etag } });
    const rest = await readEvents(`/experiments/${id}/events`, { 'last-event-id': '5' });
    const over = await fetch(`${door.url}/experiments/${id}/events`, {
      headers: { 'last-event-id': String(whole.at(-1)?.id) },
    });
    const result = await door.ask('GET', `/experiments/${id}/result`);

    expect(whole.map((event) => event.id)).toEqual(whole.map((_event, index) => index + 1));
    expect(whole.filter((event) => event.name === 'phase').at(-1)?.data.phase).toBe('Done');
    expect(rest).toEqual(whole.slice(5));
    expect(over.status).toBe(204);
    expect(statusSchema.parse(status.body)).toMatchObject({ phase: 'Done', experimentId: id });
    expect(etag).toMatch(/^W\/".{20,}"$/);
    expect(same.status).toBe(304);
    expect(resultSchema.parse(result.body)).toMatchObject({ phase: 'Done', certificate: { verdict: 'clean' } });
  });

  it('changes its ETag when something happens', async () => {
    const id = await start(endless);
    await holdfast.get(id).wait('Ready');
    const before = await door.ask('GET', `/experiments/${id}`);

    await door.ask('POST', `/experiments/${id}/extend`, { body: { by: '1h' } });
    const headers = { 'if-none-match': before.header('etag') ?? '' };
    const after = await door.ask('GET', `/experiments/${id}`, { headers });

    expect(after.status).toBe(200);
    expect(after.body['expiresAt']).not.toBe(before.body['expiresAt']);
    await door.ask('POST', `/experiments/${id}/stop`);
  });

  it('takes every action, and says what it refuses', async () => {
    const id = await start(endless);
    const path = `/experiments/${id}`;
    await holdfast.get(id).wait('Ready');

    expect(await door.ask('GET', `${path}/result`)).toMatchObject({ status: 409, body: { failure: 'running' } });
    expect(await door.ask('POST', `${path}/cleanup`)).toMatchObject({ status: 409, body: { failure: 'running' } });
    expect(await door.ask('POST', `${path}/hold`)).toMatchObject({ status: 204 });
    expect(await door.ask('POST', `${path}/replace`, { body: { node: 'a-0' } })).toMatchObject({
      status: 200,
      body: { slot: 'a-0' },
    });
    expect(await door.ask('POST', `${path}/replace`, { body: { node: 'z-9' } })).toMatchObject({
      status: 422,
      body: { failure: 'refused', detail: expect.stringContaining('z-9') },
    });
    expect(await door.ask('POST', `${path}/extend`, { body: { by: 'soon' } })).toMatchObject({
      status: 422,
      body: { problems: [expect.stringContaining('by: is no duration')] },
    });
    expect(await door.ask('POST', `${path}/release`)).toMatchObject({ status: 204 });
    const stopped = await door.ask('POST', `${path}/stop`, { headers: { 'content-type': 'application/json' } });
    expect([204, 404, 422]).toContain(stopped.status); // the release may have been quicker
    expect((await holdfast.get(id).result()).phase).toMatch(/Done|Cancelled/);
    expect(await door.ask('POST', `${path}/stop`)).toMatchObject({ status: 404, body: { failure: 'not-found' } });
    await expectNoTrace(lab, id);
  });

  it('is cleaned up after a termination, with a certificate', async () => {
    const id = await start(endless);
    await holdfast.get(id).wait('Ready');
    await lab.client.workflow.getHandle(id).terminate('test');

    const regions = ['us-west-2'];
    const leaks = await door.ask('GET', '/leaks?regions=us-west-2');
    expect(leaksSchema.parse(leaks.body).experiments).toContainEqual(
      expect.objectContaining({ experimentId: id, group: 'warn', resources: expect.any(Number) }),
    );
    const plan = cleanupPlanSchema.parse(
      (await door.ask('POST', `/experiments/${id}/cleanup/plan`, { body: { regions } })).body,
    );
    expect(plan.rows).toContainEqual(expect.objectContaining({ type: 'instance', count: 2 }));
    const begun = await door.ask('POST', `/experiments/${id}/cleanup`, { body: { regions, apply: plan.digest } });
    expect(begun).toMatchObject({ status: 202 });
    expect(begun.header('location')).toBe(`/experiments/${id}/cleanup`);
    const running = await door.ask('GET', `/experiments/${id}/cleanup`);
    expect(cleanupSchema.parse(running.body).state).toBe('running');
    const other = { regions, apply: '0'.repeat(12) };
    expect(await door.ask('POST', `/experiments/${id}/cleanup`, { body: other })).toMatchObject({
      status: 409,
      body: { failure: 'exists' },
    });
    expect(await door.ask('GET', `/experiments/${id}/result`)).toMatchObject({
      status: 404,
      body: { failure: 'no-result' },
    });
    await lab.client.workflow.getHandle(`${id}/cleanup`).cancel();
  });

  it('is not there when nobody started it', async () => {
    for (const path of ['', '/result', '/events', '/cleanup']) {
      const reply = await door.ask('GET', `/experiments/nobody-knows${path}`);
      expect(reply).toMatchObject({ status: 404, body: { failure: 'not-found' } });
    }
  });
});

describe('the list over HTTP', () => {
  it('is filtered and comes page by page', async () => {
    const owner = uniqueId('owner');
    const ids = await Promise.all([1, 2, 3].map(() => start({ ...spec, owner })));
    await Promise.all(ids.map((id) => holdfast.get(id).result()));
    const seen: string[] = [];

    await eventually(async () => {
      seen.length = 0;
      let next = '';
      do {
        const { body } = await door.ask('GET', `/experiments?owner=${owner}&state=closed&limit=2${next}`);
        const page = pageSchema.parse(body);
        expect(page.experiments.length).toBeLessThanOrEqual(2);
        seen.push(...page.experiments.map(({ id }) => id));
        next = page.next === undefined ? '' : `&page=${page.next}`;
      } while (next !== '');
      return seen.length === 3 ? true : undefined;
    });

    expect(seen.sort()).toEqual([...ids].sort());
    expect((await door.ask('GET', `/experiments?owner=${owner}&phase=Failed`)).body['experiments']).toEqual([]);
    const list = `/experiments?owner=${owner}&state=closed&limit=2`;
    const { next = '' } = pageSchema.parse((await door.ask('GET', list)).body);
    for (const path of [`${list}&page=DW`, `${list}&page=${next.slice(0, -2)}`, `${list}&phase=Done&page=${next}`])
      expect(await door.ask('GET', path)).toMatchObject({
        status: 422,
        body: { problems: ['page: is no page of this list'] },
      });
  });

  it.each([`' OR 'a' = 'a`, '%22', '\\'])('takes a filter as a value, whatever is in it: %s', async (owner) => {
    const reply = await door.ask('GET', `/experiments?owner=${encodeURIComponent(owner)}`);

    expect(reply).toMatchObject({ status: 200, body: { experiments: [] } });
  });
});

describe('an event of EventBridge', () => {
  const event = (instanceId: string): object => ({
    version: '0',
    id: uniqueId('event'),
    source: 'aws.ec2',
    'detail-type': 'EC2 Spot Instance Interruption Warning',
    account: '123456789012',
    time: new Date().toISOString(),
    region: 'us-west-2',
    resources: [],
    detail: { 'instance-id': instanceId, 'instance-action': 'terminate' },
  });

  it('has the node replaced, and counts once however often it comes', async () => {
    const id = await start(endless);
    const { nodes } = await holdfast.get(id).wait('Ready');
    const [node] = nodes.length > 0 ? nodes : (await holdfast.get(id).status()).nodes;
    const body = event(node?.instanceId ?? '');

    const replies = await Promise.all([1, 2, 3].map(() => door.ask('POST', '/events/aws', { body })));

    expect(replies.map(({ status }) => status)).toEqual([202, 202, 202]);
    expect(new Set(replies.map((reply) => reply.body['workflowId'])).size).toBe(1);
    const verdict: unknown = await lab.client.workflow.getHandle(String(replies[0]?.body['workflowId'])).result();
    expect(verdict).toMatchObject({ accepted: true, experimentId: id });
    await eventually(async () => {
      const { interruptions } = await holdfast.get(id).status();
      return interruptions.some(({ kind, promotedAt }) => kind === 'reclaim' && promotedAt !== undefined) || undefined;
    });
    await holdfast.get(id).stop();
    await holdfast.get(id).result();
    await expectNoTrace(lab, id);
  });

  it('is refused when it is about something else', async () => {
    const reply = await door.ask('POST', '/events/aws', { body: { source: 'aws.s3' } });

    expect(reply).toMatchObject({ status: 422, body: { failure: 'refused' } });
  });
});

describe('readiness', () => {
  it('is that Temporal answers and a worker polls', async () => {
    expect(await door.ask('GET', '/health')).toMatchObject({ status: 200, body: { status: 'ok' } });
    expect(await door.ask('GET', '/ready')).toMatchObject({ status: 200, body: { workers: 1 } });
  });

  it('is not given without a worker, which is no reason to restart the door', async () => {
    const { address, namespace } = sharedTemporal();
    const nobody = await connect({ connection: { address }, namespace, taskQueue: uniqueId('nobody') });
    const other = await openDoor(nobody);

    expect(await other.ask('GET', '/ready')).toMatchObject({ status: 503, body: { failure: 'no-worker' } });
    expect(await other.ask('GET', '/health')).toMatchObject({ status: 200 });
    await other.close();
    await nobody.close();
  });
});

interface Sent {
  id: number;
  name: string;
  data: ReturnType<typeof eventSchema.parse>;
}

async function readEvents(path: string, headers: Record<string, string> = {}): Promise<Sent[]> {
  const response = await fetch(`${door.url}${path}`, { headers });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  const blocks = (await response.text()).split('\n\n').filter((block) => block.includes('data: '));
  return blocks.map((block) => {
    const field = (name: string): string | undefined => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
    const data = eventSchema.parse(JSON.parse(field('data') ?? ''));
    return { id: Number(field('id')), name: field('event') ?? 'message', data };
  });
}
