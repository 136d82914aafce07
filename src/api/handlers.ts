/** What does each operation of the HTTP door do? It asks the client, and says the answer in HTTP. */
import { createHash } from 'node:crypto';
import type { CleanupInput, ExperimentStatus } from '../contracts/messages';
import type { ExperimentInput, Holdfast } from '../client';
import type { Ask } from './ask';
import { openApiDocument } from './openapi';
import type { OPERATIONS, OperationName } from './operations';
import { HttpProblem } from './problem';
import type { EventStreams } from './streams';

/** What is sent; a stream has sent it already. */
export type Answer = { status: number; body?: unknown; headers?: Record<string, string> } | { status: 'streamed' };

type Handlers = { [K in OperationName]: (ask: Ask<(typeof OPERATIONS)[K]>) => Promise<Answer> };

/** One handler per operation. */
export function createHandlers(holdfast: Holdfast, streams: EventStreams): Handlers {
  return {
    async startExperiment({ body, headers, caller }) {
      const requestId = unquoted(headers['Idempotency-Key']);
      const options = requestId === undefined ? {} : { requestId };
      const { id, url } = await holdfast.start(ownedBy(caller, body), options);
      const status = pathOf(id);
      return { status: 202, body: { id, url, status, events: `${status}/events` }, headers: { location: status } };
    },
    async planExperiment({ body, caller }) {
      const { refused, ...plan } = await holdfast.plan(ownedBy(caller, body));
      if (refused === undefined) return ok(plan);
      throw new HttpProblem('refused', `nothing would come of it now: ${refused.reason}`, refused.lines);
    },
    listExperiments: async ({ query }) => ok(await holdfast.page(query)),
    async getExperiment({ params, headers }) {
      const status = await holdfast.get(params.id).status();
      const etag = etagOf(status);
      const known = (headers['If-None-Match'] ?? '').split(',').map((tag) => tag.trim());
      if (known.includes(etag)) return { status: 304, headers: { etag } };
      return { status: 200, body: status, headers: { etag } };
    },
    async getResult({ params }) {
      const experiment = holdfast.get(params.id);
      if (await experiment.isRunning()) throw new HttpProblem('running', `experiment ${params.id} is not over`);
      return ok(await experiment.result());
    },
    streamEvents: ({ params, query, headers, reply, isAllowed }) => {
      const after = query.after ?? Number(headers['Last-Event-ID'] ?? 0);
      return streams.serve(holdfast.get(params.id), { after, reply, isAllowed });
    },
    extendExperiment: async ({ params, body }) => ok({ expiresAt: await holdfast.get(params.id).extend(body.by) }),
    holdExperiment: ({ params }) => done(holdfast.get(params.id).hold()),
    releaseExperiment: ({ params }) => done(holdfast.get(params.id).release()),
    stopExperiment: ({ params }) => done(holdfast.get(params.id).stop()),
    replaceNode: async ({ params, body }) => ok(await holdfast.get(params.id).replaceNode(body.node)),
    async startCleanup({ params, body }) {
      if (await isRunning(holdfast, params.id))
        throw new HttpProblem('running', `experiment ${params.id} runs and cleans up at its end: stop it instead`);
      await holdfast.startCleanup(cleanupOf(params.id, body));
      return { status: 202, headers: { location: `${pathOf(params.id)}/cleanup` } };
    },
    getCleanup: async ({ params }) => ok(await holdfast.cleanupState(params.id)),
    planCleanup: async ({ params, body }) => ok(await holdfast.planCleanup(cleanupOf(params.id, body))),
    findLeaks: async ({ query: { regions, others } }) =>
      ok(await holdfast.reap({ others, ...(regions === undefined ? {} : { regions }) })),
    acceptAwsEvent: async ({ body }) => ({ status: 202, body: { workflowId: await holdfast.acceptAwsEvent(body) } }),
    health: () => Promise.resolve(ok({ status: 'ok' })),
    ready: async () => ok({ status: 'ok', workers: await holdfast.workers() }),
    openApi: () => Promise.resolve(ok(openApiDocument())),
  };
}

type Submitted = Ask<(typeof OPERATIONS)['startExperiment']>['body'];

/** The spec with the caller as its owner when it names none; with or without components: the client checks the whole. */
function ownedBy(caller: string | undefined, spec: Submitted): ExperimentInput {
  return { ...spec, ...(spec.owner === undefined && caller !== undefined ? { owner: caller } : {}) } as ExperimentInput;
}

function ok(body: unknown): Answer {
  return { status: 200, body };
}

async function done(call: Promise<void>): Promise<Answer> {
  await call;
  return { status: 204 };
}

/** What came as JSON holds no `undefined`. */
function cleanupOf(experimentId: string, body: object): CleanupInput {
  return { ...body, experimentId };
}

function pathOf(id: string): string {
  return `/experiments/${encodeURIComponent(id)}`;
}

/** The draft of the header has it as a quoted string; many send it bare. */
function unquoted(key: string | undefined): string | undefined {
  return key === undefined ? undefined : (/^"(.+)"$/.exec(key)?.[1] ?? key);
}

/** Weak: what is spent goes up with every look, and counts by the cent. */
function etagOf({ cost, ...status }: ExperimentStatus): string {
  const cents = [cost.spentUsd, cost.usdPerHour, cost.atExpiryUsd].map((usd) => usd.toFixed(2));
  return `W/"${createHash('sha256')
    .update(JSON.stringify([status, cents]))
    .digest('base64url')
    .slice(0, 27)}"`;
}

async function isRunning(holdfast: Holdfast, id: string): Promise<boolean> {
  return holdfast
    .get(id)
    .isRunning()
    .catch((error: unknown) => {
      if ((error as { kind?: string }).kind === 'not-found') return false;
      throw error;
    });
}
