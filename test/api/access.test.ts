/** Who gets in, and what is refused at the door? Nothing here needs Temporal. */
import { readFile, stat } from 'node:fs/promises';
import { connect as openSocket } from 'node:net';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { request } from 'node:http';
import { tokenFile } from '../../src/api';
import { openApiDocument } from '../../src/api/openapi';
import { OPERATIONS } from '../../src/api/operations';
import { HoldfastError, type Holdfast } from '../../src/client';
import { problemSchema } from '../../src/schemas/http';
import { openDoor, type Door } from './door';

const started: unknown[] = [];
/** Nothing ever happens to it. */
const endless = {
  status: () => Promise.resolve({ phase: 'Ready', timeline: [] }),
  async *events({ signal }: { signal: AbortSignal }) {
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
    yield* [];
  },
};
const holdfast = {
  page: () => Promise.resolve({ experiments: [] }),
  workers: () => Promise.reject(new HoldfastError('unreachable', 'Temporal does not answer')),
  start: (spec: unknown) => {
    started.push(spec);
    return Promise.resolve({ id: 'one', url: 'http://ui' });
  },
  get: (id: string) => (id === 'endless' ? endless : { status: () => Promise.reject(new TypeError('secret detail')) }),
} as unknown as Holdfast;
const spec = { components: { a: {} } };
const HEAD = 'POST /experiments HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n';

let door: Door;
beforeEach(async () => {
  door = await openDoor(holdfast);
});
afterEach(() => door.close());

describe('tokens', () => {
  it('are needed as soon as there is one, and a revoked one counts no more', async () => {
    expect(await door.ask('GET', '/experiments')).toMatchObject({ status: 200 });

    const token = await door.tokens.create('ci', 'full', 'now');

    for (const wrong of [undefined, 'hf_wrong', `${token}x`, token.slice(0, -1)]) {
      const reply = await door.ask('GET', '/experiments', wrong === undefined ? {} : { token: wrong });
      expect(reply).toMatchObject({ status: 401, body: { failure: 'unauthorized' } });
      expect(reply.header('www-authenticate')).toBe('Bearer');
    }
    expect(await door.ask('GET', '/experiments', { token })).toMatchObject({ status: 200 });
    await door.tokens.revoke('ci');
    await door.tokens.create('other', 'full', 'now');
    expect(await door.ask('GET', '/experiments', { token })).toMatchObject({ status: 401 });
  });

  it.each(Object.entries(OPERATIONS))(
    'let nobody in to %s without one, with a wrong one, or with one for less',
    async (name, operation) => {
      const { method, access } = operation;
      const path = operation.path.replace('{id}', 'one');
      const reader = await door.tokens.create('reader', 'read', 'now');
      const gone = await door.tokens.create('gone', 'full', 'now');
      await door.tokens.revoke('gone');
      const before = started.length;

      const ask = async (options: object): Promise<number> => (await door.ask(method, path, options)).status;
      const strangers = [{}, { token: 'hf_wrong' }, { token: gone }, { headers: { authorization: `Basic ${reader}` } }];
      const statuses = await Promise.all(strangers.map(ask));

      expect({ name, refused: statuses.filter((status) => status === 401).length }).toEqual({
        name,
        refused: access === 'open' ? 0 : strangers.length,
      });
      if (access === 'full') expect(await ask({ token: reader })).toBe(403);
      expect(started).toHaveLength(before);
    },
  );

  it('that are revoked end what their holders still read', async () => {
    const token = await door.tokens.create('watcher', 'read', 'now');
    await door.tokens.create('other', 'read', 'now');
    const stream = await fetch(`${door.url}/experiments/endless/events`, {
      headers: { authorization: `Bearer ${token}` },
    });
    expect(stream.status).toBe(200);

    await door.tokens.revoke('watcher');

    expect(await stream.text()).toBe('retry: 2000\n\n');
  });

  it('that may only read change nothing', async () => {
    const token = await door.tokens.create('dashboard', 'read', 'now');
    const before = started.length;

    expect(await door.ask('GET', '/experiments', { token })).toMatchObject({ status: 200 });
    expect(await door.ask('POST', '/experiments', { token, body: spec })).toMatchObject({
      status: 403,
      body: { failure: 'forbidden', detail: 'the token dashboard may only read' },
    });
    expect(started).toHaveLength(before);
  });

  it('own what their holders start, unless the spec says who does', async () => {
    const token = await door.tokens.create('ci', 'full', 'now');

    await door.ask('POST', '/experiments', { token, body: spec });
    await door.ask('POST', '/experiments', { token, body: { ...spec, owner: 'ada' } });

    expect(started.slice(-2)).toMatchObject([{ owner: 'ci' }, { owner: 'ada' }]);
  });

  it('are nowhere but with their holder: not in the file, not in the log', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'holdfast-tokens-'));
    const path = join(folder, 'tokens.json');
    const kept = await tokenFile(path).create('ci', 'full', 'now');
    const token = await door.tokens.create('ci', 'full', 'now');
    await door.ask('GET', '/experiments', { token, headers: { 'x-request-id': 'named-by-caller' } });

    expect(await readFile(path, 'utf8')).not.toContain(kept.slice(3));
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(door.log()).toContain('named-by-caller');
    expect(door.log()).not.toContain(token);
    await expect(tokenFile(path).create('ci', 'read', 'now')).rejects.toThrow('there is a token called ci');
  });

  it('are asked for before anybody else can reach the door', async () => {
    await expect(openDoor(holdfast, { host: '0.0.0.0' })).rejects.toThrow('make a token first');
  });
});

describe('a door without tokens', () => {
  it('serves no name but its own machine, so that no page of another site gets in', async () => {
    const status = await new Promise((resolve, reject) => {
      const headers = { host: 'evil.example' };
      request(`${door.url}/experiments`, { headers }, (reply) => resolve(reply.statusCode))
        .on('error', reject)
        .end();
    });

    expect(status).toBe(403);
  });

  it.each(['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x'])(
    'takes no %s, which a page may send without asking',
    async (type) => {
      const reply = await door.ask('POST', '/experiments', {
        body: JSON.stringify(spec),
        headers: { 'content-type': type },
      });

      expect(reply).toMatchObject({ status: 415, body: { failure: 'unsupported' } });
    },
  );
});

describe('what is wrong at the door', () => {
  it.each<[string, string, object, number, string]>([
    ['a path that is not there', 'GET', {}, 404, 'no-route'],
    ['a broken body', 'POST', { body: '{"components": ' }, 400, 'invalid'],
    ['an empty body', 'POST', { body: '' }, 422, 'refused'],
    ['a body that is no object', 'POST', { body: '[1]' }, 422, 'refused'],
    ['a poisoned body', 'POST', { body: '{"__proto__": {"a": 1}}' }, 400, 'invalid'],
    ['a body that is too large', 'POST', { body: { name: 'x'.repeat(600_000) } }, 413, 'too-large'],
    ['an endless key', 'POST', { body: spec, headers: { 'idempotency-key': 'x'.repeat(300) } }, 400, 'invalid'],
    ['a body that is null', 'POST', { body: 'null' }, 422, 'refused'],
    ['another method', 'DELETE', {}, 405, 'method'],
    ['a method that few know', 'PROPFIND', {}, 405, 'method'],
  ])('%s is said in a problem document', async (_what, method, options, status, failure) => {
    const path = failure === 'no-route' ? '/nothing' : '/experiments';

    const reply = await door.ask(method, path, options);

    expect(reply.status).toBe(status);
    expect(problemSchema.parse(reply.body)).toMatchObject({ status, failure, requestId: reply.header('x-request-id') });
    expect(reply.header('content-type')).toContain('application/problem+json');
  });

  it.each(['/experiments?limit=0', '/experiments?limit=x', '/experiments?nothing=1', '/experiments?phase=Flying'])(
    'a query that is no query is refused: %s',
    async (path) => {
      expect(await door.ask('GET', path)).toMatchObject({ status: 400, body: { failure: 'invalid' } });
    },
  );

  it.each(['/experiments/a%2Fb', '/experiments/%20', `/experiments/${'x'.repeat(200)}`, '/experiments/%'])(
    'an id that is none is refused: %s',
    async (path) => {
      expect([400, 404]).toContain((await door.ask('GET', path)).status);
    },
  );

  it('a defect is logged under the request and not shown', async () => {
    const reply = await door.ask('GET', '/experiments/one');

    expect(reply).toMatchObject({ status: 500, body: { failure: 'internal' } });
    expect(JSON.stringify(reply.body)).not.toContain('secret detail');
    expect(door.log()).toContain('secret detail');
  });

  it('without Temporal the door is alive and not ready', async () => {
    expect(await door.ask('GET', '/health')).toMatchObject({ status: 200 });
    expect(await door.ask('GET', '/ready')).toMatchObject({ status: 503, body: { failure: 'unreachable' } });
  });

  it('too many requests are told when to come back', async () => {
    const busy = await openDoor(holdfast, { requestsPerMinute: 3 });
    const statuses = [];
    for (let count = 0; count < 4; count += 1) statuses.push((await busy.ask('GET', '/health')).status);
    const refused = await busy.ask('GET', '/health');

    expect(statuses).toEqual([200, 200, 200, 429]);
    expect(problemSchema.parse(refused.body).failure).toBe('too-many');
    expect(Number(refused.header('retry-after'))).toBeGreaterThan(0);
    await busy.close();
  });

  it('a body without an announced length is cut off as well', async () => {
    const half = new Uint8Array(300_000).fill(32);
    const body = new ReadableStream({
      start: (controller) => {
        controller.enqueue(half);
        controller.enqueue(half);
        controller.close();
      },
    });
    const headers = { 'content-type': 'application/json' };

    const reply = await fetch(`${door.url}/experiments`, { method: 'POST', headers, body, duplex: 'half' });

    expect(reply.status).toBe(413);
  });

  it('what comes too slowly is cut off after ten seconds: no body, a body in drops, a head in drops', async () => {
    const startedAt = Date.now();

    const answers = await Promise.all([
      sendSlowly(`${HEAD}Content-Length: 100\r\n\r\n{`, ''),
      sendSlowly(`${HEAD}Content-Length: 100000\r\n\r\n{`, ' '),
      sendSlowly(HEAD, 'X-More: 1\r\n'),
    ]);

    expect(answers.map((answer) => answer.split(' ')[1])).toEqual(['408', '408', '408']);
    expect(Date.now() - startedAt).toBeGreaterThan(9000);
    // Node looks once a second, and this machine may be busy.
    expect(Date.now() - startedAt).toBeLessThan(15_000);
  });

  it.each([
    ['named-by-caller', true],
    ['two words', false],
    ['x'.repeat(65), false],
    ['{"json":1}', false],
  ])('a request is found in the log by the id of its answer: %s', async (given, isTaken) => {
    const reply = await door.ask('GET', '/experiments', { headers: { 'x-request-id': given } });

    const id = reply.header('x-request-id') ?? '';
    expect(id === given).toBe(isTaken);
    const lines = door
      .log()
      .split('\n')
      .filter((line) => line.includes(`"reqId":"${id}"`));
    expect(lines.map((line) => (JSON.parse(line) as { msg: string }).msg)).toEqual([
      'incoming request',
      'request completed',
    ]);
  });
});

/** Sends the beginning, then the same again every half second; answers with what came back before the end. */
function sendSlowly(first: string, then: string): Promise<string> {
  const { hostname, port } = new URL(door.url);
  return new Promise((resolve, reject) => {
    const socket = openSocket(Number(port), hostname);
    const trickle = setInterval(() => socket.write(then), 500);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    socket.on('error', reject);
    socket.on('close', () => {
      clearInterval(trickle);
      resolve(text);
    });
    socket.write(first);
  });
}

describe('the OpenAPI document', () => {
  it('is served as it is published, and every reference in it leads somewhere', async () => {
    const { body } = await door.ask('GET', '/openapi.json');
    const published: unknown = JSON.parse(await readFile(join(__dirname, '../../docs/openapi.json'), 'utf8'));
    const { components } = openApiDocument() as { components: Record<string, Record<string, unknown>> };
    const references = [...JSON.stringify(body).matchAll(/"\$ref":"#\/components\/(\w+)\/(\w+)"/g)];

    expect(body).toEqual(published);
    expect(references.length).toBeGreaterThan(50);
    expect(references.filter(([, kind = '', name = '']) => components[kind]?.[name] === undefined)).toEqual([]);
    expect(JSON.stringify(body)).not.toContain('#/$defs');
  });

  it('names each parameter of a path', () => {
    const { paths } = openApiDocument() as {
      paths: Record<string, Record<string, { parameters: { name: string }[] }>>;
    };
    for (const [path, methods] of Object.entries(paths)) {
      const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
      for (const { parameters } of Object.values(methods))
        expect(parameters.map(({ name }) => name)).toEqual(expect.arrayContaining(names));
    }
  });
});
