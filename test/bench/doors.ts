/** How does a benchmark come in as users do? A client of the typed kind, and the HTTP door in front of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pino from 'pino';
import { startServer, tokenFile } from '../../src/api';
import { connect, type Holdfast } from '../../src/client';
import type { Stack, World } from './stack';

export interface Doors {
  holdfast: Holdfast;
  /** Of the HTTP door. */
  url: string;
  close(): Promise<void>;
}

/** Doors to the workers of a world; everything that a bench can ask for in a minute is let in. */
export async function openDoors(stack: Stack, world: World): Promise<Doors> {
  const { address, uiUrl } = stack;
  const holdfast = await connect({ connection: { address }, uiUrl, taskQueue: world.taskQueue });
  const folder = await mkdtemp(join(tmpdir(), 'holdfast-bench-door-'));
  const server = await startServer({
    holdfast,
    tokens: tokenFile(join(folder, 'tokens.json')),
    host: '127.0.0.1',
    port: 0,
    logger: pino({ level: 'silent' }),
    requestsPerMinute: 1_000_000,
  });
  return {
    holdfast,
    url: server.url,
    close: async () => {
      await server.close();
      await holdfast.close();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** The middle one, or the mean of both in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.slice(Math.ceil(sorted.length / 2) - 1, Math.floor(sorted.length / 2) + 1);
  return middle.reduce((sum, value) => sum + value, 0) / middle.length;
}
