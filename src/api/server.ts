/** How is the HTTP door opened? Every operation of the table becomes a route, and every failure a problem document. */
import { METHODS } from 'node:http';
import { randomUUID } from 'node:crypto';
import rateLimit from '@fastify/rate-limit';
import fastify, { type FastifyBaseLogger, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Holdfast } from '../client';
import { callerOf, isLoopback } from './access';
import { askOf, type Ask } from './ask';
import { createHandlers, type Answer } from './handlers';
import { OPERATIONS, type Operation, type OperationName } from './operations';
import { HttpProblem, PROBLEM_TYPE, problemOf } from './problem';
import { eventStreams } from './streams';
import type { TokenFile } from './tokens';

export interface ServerSettings {
  holdfast: Holdfast;
  tokens: TokenFile;
  host: string;
  /** 0: a free one. */
  port: number;
  logger: FastifyBaseLogger;
  /** Requests of one address in a minute; 1,200 when absent: twenty experiments looked at every second. */
  requestsPerMinute?: number;
}

export interface RunningServer {
  url: string;
  close(): Promise<void>;
}

/** A spec is at most some ten KiB; scripts in it may make it more. Temporal takes 2 MiB. */
const BODY_BYTES = 512 * 1024;
/** A request has to have come whole by then: slow ones hold a connection. */
const REQUEST_MS = 10_000;
/** Node looks for slow requests only so often, every 30 s when not told. */
const CHECK_MS = 1000;
/** Longer than every wait of the client for an answer, but those for a worker that is not there. */
const ANSWER_MS = 30_000;
/** What a caller may name its request: it stands in the log. */
const REQUEST_ID = /^[A-Za-z0-9._-]{1,64}$/;

/** Listens; rejects when it would listen to others than this machine without a token. */
export async function startServer(settings: ServerSettings): Promise<RunningServer> {
  const { host, port, tokens } = settings;
  if (!isLoopback(host) && (await tokens.list()).length === 0) {
    throw new Error(`${host} is reached by others: make a token first, with holdfast token create NAME`);
  }
  const server = await createServer(settings);
  const url = await server.listen({ host, port });
  return { url, close: () => server.close() };
}

async function createServer(settings: ServerSettings): Promise<FastifyInstance> {
  const server: FastifyInstance = fastify({
    loggerInstance: settings.logger,
    bodyLimit: BODY_BYTES,
    requestTimeout: REQUEST_MS,
    // Node takes the longer of both limits for the whole request.
    http: { headersTimeout: REQUEST_MS, connectionsCheckingInterval: CHECK_MS },
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 1000 },
    genReqId: ({ headers }) => {
      const given = headers['x-request-id'];
      return typeof given === 'string' && REQUEST_ID.test(given) ? given : randomUUID();
    },
    frameworkErrors: (error, request, reply) => void fail(error, request as FastifyRequest, reply as FastifyReply),
  });
  const streams = eventStreams();
  server.addHook('preClose', () => {
    streams.close();
    return Promise.resolve();
  });
  server.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    done();
  });
  server.setErrorHandler(fail);
  acceptJsonOnly(server);
  await server.register(rateLimit, { max: settings.requestsPerMinute ?? 1200, timeWindow: 60_000 });
  server.setNotFoundHandler({ preHandler: server.rateLimit() }, () => {
    throw new HttpProblem('no-route', 'there is nothing at this path');
  });
  const handlers = createHandlers(settings.holdfast, streams) as unknown as Record<OperationName, Handler>;
  for (const [name, operation] of Object.entries(OPERATIONS) as [OperationName, Operation][]) {
    register(server, settings, operation, handlers[name]);
  }
  refuseOtherMethods(server);
  return server;
}

type Handler = (ask: Ask) => Promise<Answer>;

function register(server: FastifyInstance, settings: ServerSettings, operation: Operation, handle: Handler): void {
  const allowed = (request: FastifyRequest): Promise<string | undefined> =>
    callerOf(request, operation.access, settings);
  server.route({
    method: operation.method,
    url: routeOf(operation.path),
    // Known before the body is read: who may not ask need not send it.
    onRequest: async (request) => {
      callers.set(request, await allowed(request));
    },
    handler: async (request, reply) => {
      const isAllowed = (): Promise<boolean> =>
        allowed(request).then(
          () => true,
          () => false,
        );
      const ask = askOf(operation, request, reply, { caller: callers.get(request), isAllowed });
      const streams = operation.answer.type === 'text/event-stream';
      const answer = await (streams ? handle(ask) : within(handle(ask)));
      if (answer.status === 'streamed') return reply;
      void reply.code(answer.status).headers(answer.headers ?? {});
      return answer.body === undefined ? reply.send() : reply.type('application/json').send(answer.body);
    },
  });
}

/** Names of tokens by request, for as long as a request lives. */
const callers = new WeakMap<FastifyRequest, string | undefined>();

/** An update waits for a worker for as long as it takes; who asks over HTTP is told sooner. */
async function within(answer: Promise<Answer>): Promise<Answer> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new HttpProblem('no-worker', 'no worker has answered yet; what was asked for may still be done'));
    }, ANSWER_MS);
  });
  return Promise.race([answer, late]).finally(() => {
    clearTimeout(timer);
  });
}

function fail(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const problem = problemOf(error, request.id);
  if (problem.status >= 500) request.log.error({ err: error }, problem.detail);
  if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
  return reply.code(problem.status).type(PROBLEM_TYPE).send(JSON.stringify(problem));
}

/** Browsers send other types without asking first; an empty body with the type of JSON is a body left out. */
function acceptJsonOnly(server: FastifyInstance): void {
  const parse = server.getDefaultJsonParser('error', 'error');
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body === '') done(null, undefined);
    else void parse(request, body as string, done);
  });
}

function refuseOtherMethods(server: FastifyInstance): void {
  const all = Object.values(OPERATIONS) as Operation[];
  for (const method of METHODS) if (!server.supportedMethods.includes(method)) server.addHttpMethod(method);
  for (const path of new Set(all.map((operation) => operation.path))) {
    const allowed = all.filter((operation) => operation.path === path).map(({ method }) => method as string);
    server.route({
      method: METHODS.filter((method) => !allowed.includes(method)),
      url: routeOf(path),
      onRequest: (_request, reply, done) => {
        void reply.header('allow', allowed.join(', '));
        done(new HttpProblem('method', `${path} takes ${allowed.join(' and ')}`));
      },
      handler: () => undefined,
    });
  }
}

/** `{id}` of the document is `:id` of the server. */
function routeOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1');
}
