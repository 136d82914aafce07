/** How do the shims on a node ask the simulator? An HTTP listener on loopback, one per world that executes. */
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { shutdown } from '../../world/lifecycle';
import type { World } from '../../world/state';
import { regionState } from '../../world/world';
import { nodeOf, type SimNode } from '../node';
import { systemctl } from './systemctl';

export interface Door {
  port: number;
  close(): Promise<void>;
}

export interface ShimAnswer {
  exitCode: number;
  text: string;
}

/** Opens on a free port; resolves when it listens. */
export async function openDoor(world: World): Promise<Door> {
  const server = createServer((request, response) => {
    const { exitCode, text } = answer(world, request.url ?? '');
    response.writeHead(200, { Connection: 'close' }).end(`${exitCode}\n${text}`);
  });
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve));
  server.unref();
  return { port: (server.address() as AddressInfo).port, close: () => closed(server) };
}

function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  if (!server.listening) return Promise.resolve();
  return new Promise((resolve) => server.close(() => resolve()));
}

function answer(world: World, url: string): ShimAnswer {
  const match = /^\/(i-[0-9a-f]+)\/([a-z]+)\?(.*)$/.exec(url);
  const node = match ? findNode(world, match[1] ?? '') : undefined;
  if (!match || !node) return { exitCode: 1, text: 'no such node\n' };
  const args = Buffer.from(match[3] ?? '', 'base64')
    .toString('utf8')
    .split('\0')
    .slice(0, -1);
  const powerOff = match[2] !== 'systemctl' || ['poweroff', 'halt', 'shutdown'].includes(args[0] ?? '');
  return powerOff ? powerDown(node) : systemctl(node, args, Date.now());
}

function findNode(world: World, instanceId: string): SimNode | undefined {
  for (const region of world.regions.values()) {
    const instance = region.instances.get(instanceId);
    if (instance) return nodeOf(world, instance);
  }
  return undefined;
}

/** The machine goes down once its own command has had the answer. */
function powerDown({ world, instance }: SimNode): ShimAnswer {
  const ctx = { world, region: instance.region, account: instance.account };
  setImmediate(() => shutdown(world, regionState(ctx), instance));
  return { exitCode: 0, text: '' };
}
