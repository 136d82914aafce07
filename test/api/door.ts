/** What does a test of the HTTP door stand on? A server on a free port in front of a client. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import pino from 'pino';
import { startServer, tokenFile, type ServerSettings } from '../../src/api';
import type { Holdfast } from '../../src/client';

export interface Door {
  url: string;
  tokens: ReturnType<typeof tokenFile>;
  /** Everything that was logged. */
  log(): string;
  ask(method: string, path: string, options?: AskOptions): Promise<Reply>;
  close(): Promise<void>;
}

interface AskOptions {
  body?: unknown;
  headers?: Record<string, string>;
  token?: string;
}

export interface Reply {
  status: number;
  body: Record<string, unknown>;
  header(name: string): string | undefined;
}

export async function openDoor(holdfast: Holdfast, more: Partial<ServerSettings> = {}): Promise<Door> {
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-door-'));
  const tokens = tokenFile(join(folder, 'tokens.json'));
  const lines: string[] = [];
  const sink = new Writable({
    write: (chunk: Buffer, _encoding, done) => {
      lines.push(chunk.toString());
      done();
    },
  });
  const logger = pino({ level: 'info' }, sink);
  const server = await startServer({ holdfast, tokens, host: '127.0.0.1', port: 0, logger, ...more });
  return {
    url: server.url,
    tokens,
    log: () => lines.join(''),
    ask: (method, path, options) => ask(`${server.url}${path}`, method, options),
    async close() {
      await server.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function ask(url: string, method: string, { body, headers = {}, token }: AskOptions = {}): Promise<Reply> {
  const response = await fetch(url, {
    method,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return {
    status: response.status,
    body: (text === '' ? {} : JSON.parse(text)) as Record<string, unknown>,
    header: (name) => response.headers.get(name) ?? undefined,
  };
}
