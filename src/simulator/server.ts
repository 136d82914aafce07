/** What happens to a request? Identified, struck by faults, rated, decoded, handled, encoded, and written into the ledger. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { runControl } from './control';
import { ControlError } from './control/input';
import { AwsError } from './errors';
import { strike, type FaultEffect } from './faults';
import { expiredToken } from './tagging/page-token';
import { takeCall } from './throttle';
import { decodeInput, encodeError, encodeOutput, unknownOperation, type WireAnswer } from './wire/codec';
import { identify, type Identified, type Protocol, type WireRequest } from './wire/identify';
import type { Service } from './wire/services';
import { runDue } from './world/agenda';
import type { Handlers, World } from './world/state';

export type Services = Record<Service, Handlers>;

/** Idle connections live longer than any client keeps them, so that none is closed under a request. */
const KEEP_ALIVE_MS = 120_000;

export function createSimulatorServer(world: World, services: Services): Server {
  const server = createServer((request, response) => {
    void answer(world, services, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : undefined);
    });
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  return server;
}

async function answer(
  world: World,
  services: Services,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const body = await bodyOf(request);
  runDue(world.agenda, Date.now());
  const path = request.url ?? '/';
  if (path.startsWith('/_sim')) return answerControl(world, request, response, path, body);
  const result = await call(world, services, { headers: request.headers, body });
  if (!result) {
    request.socket.destroy();
    return;
  }
  response.writeHead(result.status, { ...result.headers, 'content-length': Buffer.byteLength(result.body) });
  response.end(result.body);
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** The answer, or undefined when the effect happened and the reply is to be lost. */
async function call(world: World, services: Services, request: WireRequest): Promise<WireAnswer | undefined> {
  const requestId = randomUUID();
  const at = Date.now();
  const log = { service: '?', operation: '?', region: '', outcome: 'ok', resources: 0, lost: false };
  let protocol: Protocol = typeof request.headers['x-amz-target'] === 'string' ? 'json' : 'ec2';
  let result: WireAnswer;
  const { ledger } = world;
  try {
    const caller = identify(request, world.account);
    protocol = caller.protocol;
    Object.assign(log, { service: caller.service, operation: caller.operation, region: caller.region });
    refuseRegion(world, caller);
    const effects = strike(world.faults, world.random, caller);
    await applyEffects(effects, protocol);
    const { operation, output } = await handle(world, services, request, caller, effects);
    log.resources = countOf(output);
    log.lost = effects.some((effect) => 'loseReply' in effect);
    result = encodeOutput(caller, operation, output, requestId);
  } catch (error) {
    const refusal = error instanceof AwsError ? error : fault(error);
    log.outcome = refusal.code;
    result = encodeError(protocol, refusal, requestId);
  }
  const { lost, ...facts } = log;
  ledger.calls.push({ at, ...facts, outcome: lost ? 'reply-lost' : log.outcome, requestId, millis: Date.now() - at });
  result.headers = { ...result.headers, 'x-amzn-requestid': requestId };
  return lost ? undefined : result;
}

async function handle(
  world: World,
  services: Services,
  request: WireRequest,
  caller: Identified,
  effects: FaultEffect[],
): Promise<{ operation: Awaited<ReturnType<typeof decodeInput>>['operation']; output: Record<string, unknown> }> {
  const { operation, input } = await decodeInput(caller, request);
  if (effects.some((effect) => 'expireTokens' in effect)) expireToken(caller.service, input);
  const handler = services[caller.service][caller.operation];
  if (!handler) throw unknownOperation(caller.protocol, caller.operation);
  const { service, region, account } = caller;
  const question = {
    scope: `${account}/${region}`,
    service,
    operation: caller.operation,
    uncontrolled: isUncontrolled(input),
    now: Date.now(),
  };
  if (!takeCall(world.buckets, world.scenario.api, question)) throw throttled(caller.protocol);
  return { operation, output: await handler(input, { world, region, account }) };
}

/** What a region answers that the account has not enabled: it does not know the caller's key. */
function refuseRegion(world: World, { region, protocol }: Identified): void {
  if (world.scenario.regions[region]?.notOptedIn !== true) return;
  throw protocol === 'json'
    ? new AwsError('UnrecognizedClientException', 'The security token included in the request is invalid.')
    : new AwsError('AuthFailure', 'AWS was not able to validate the provided access credentials', 401);
}

/** Refuses a token as each service refuses one that is too old; calls for a first page are left alone. */
function expireToken(service: Service, input: Record<string, unknown>): void {
  const token = input[service === 'tagging' ? 'PaginationToken' : 'NextToken'];
  if (typeof token !== 'string' || token === '') return;
  if (service === 'tagging') throw expiredToken();
  throw new AwsError('InvalidNextToken', 'The specified token has expired.');
}

/** Whether a listing names nothing and no page size: AWS rates those more tightly. */
function isUncontrolled(input: Record<string, unknown>): boolean {
  return !Object.entries(input).some(
    ([name, value]) => name === 'MaxResults' || name === 'NextToken' || (Array.isArray(value) && value.length > 0),
  );
}

async function applyEffects(effects: FaultEffect[], protocol: Protocol): Promise<void> {
  for (const effect of effects) {
    if ('delayMs' in effect) await sleep(effect.delayMs);
    if ('throttle' in effect) throw throttled(protocol);
    if ('error' in effect) {
      throw new AwsError(
        effect.error,
        effect.message ?? `${effect.error} (fault plan)`,
        effect.status ?? statusOf(effect.error),
      );
    }
  }
}

function throttled(protocol: Protocol): AwsError {
  return protocol === 'json'
    ? new AwsError('ThrottlingException', 'Rate exceeded')
    : new AwsError('RequestLimitExceeded', 'Request limit exceeded.', 503);
}

/** The HTTP status that AWS sends with a code: 500 and up for what may pass, 4xx else. */
function statusOf(code: string): number {
  if (/^(RequestLimitExceeded|ServiceUnavailable|Unavailable)$/.test(code)) return 503;
  if (/^(Internal|Insufficient(Instance|Host|Reserved|Capacity|Volume|Address))/.test(code)) return 500;
  if (/^(UnauthorizedOperation|AccessDenied|AccessDeniedException|Blocked)$/.test(code)) return 403;
  return code === 'AuthFailure' ? 401 : 400;
}

/** An error that no handler meant: the simulator's own fault, named so that it is seen and not taken for AWS's. */
function fault(error: unknown): AwsError {
  return new AwsError(
    'InternalError',
    `Fault in the simulator: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
    500,
  );
}

/** How many things an answer lists: the members of its lists, reservations by their instances. */
function countOf(output: Record<string, unknown>): number {
  let count = 0;
  for (const [name, value] of Object.entries(output)) {
    if (!Array.isArray(value)) continue;
    if (name === 'Reservations') for (const item of value as { Instances: unknown[] }[]) count += item.Instances.length;
    else count += value.length;
  }
  return count;
}

async function answerControl(
  world: World,
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  body: Buffer,
): Promise<void> {
  let status = 200;
  let result: unknown;
  try {
    const { method = 'GET' } = request;
    const [route = '', query] = path.slice('/_sim'.length).split('?');
    const asked = method === 'GET' ? Object.fromEntries(new URLSearchParams(query)) : undefined;
    const parsed: unknown = body.length > 0 ? JSON.parse(body.toString('utf8')) : asked;
    result = await runControl(world, method, route, parsed);
  } catch (error) {
    status = error instanceof ControlError ? error.status : error instanceof SyntaxError ? 400 : 500;
    result = { error: error instanceof Error ? error.message : String(error) };
  }
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(result ?? null));
}
