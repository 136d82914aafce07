/** What listens on a node's address? Real sockets, open exactly while the unit that declares the port is active. */
import { createServer, type Server, type Socket } from 'node:net';
import type { PortScript } from '../../scenario';
import { pageOf } from '../checks';
import type { SimNode } from '../node';
import { nextChangeOf, portsOf, unitStateAt } from '../units';

export interface Ports {
  close(): void;
}

/** Follows the node's units until it is closed or the machine goes down. */
export function servePorts(node: SimNode): Ports {
  const open = new Map<number, Listener>();
  let timer: NodeJS.Timeout | undefined;
  let over = false;
  const follow = (): void => {
    clearTimeout(timer);
    if (over) return;
    const now = Date.now();
    for (const { unit, script } of portsOf(node)) {
      const up = unitStateAt(node, unit, now) === 'active';
      if (up && !open.has(script.port)) open.set(script.port, listen(node.instance.privateIp, script));
      if (!up) shut(open, script.port);
    }
    const changes = portsOf(node).map(({ unit }) => nextChangeOf(node, unit, now) ?? Infinity);
    const next = Math.min(...changes);
    if (Number.isFinite(next)) timer = setTimeout(follow, Math.max(1, next - now)).unref();
  };
  const close = (): void => {
    over = true;
    clearTimeout(timer);
    for (const port of [...open.keys()]) shut(open, port);
  };
  node.onUnits.push(follow);
  node.down.signal.addEventListener('abort', close);
  follow();
  return { close };
}

interface Listener {
  server: Server;
  sockets: Set<Socket>;
}

function shut(open: Map<number, Listener>, port: number): void {
  const listener = open.get(port);
  if (!listener) return;
  open.delete(port);
  listener.server.close();
  for (const socket of listener.sockets) socket.destroy();
}

function listen(address: string, script: PortScript): Listener {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // A peer that goes away in the middle is its own business.
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => reply(socket, script, data.toString('latin1')));
  });
  // The port is taken by another process: to the node's peers that looks like a service that does not listen.
  server.on('error', () => server.close());
  server.listen(script.port, address).unref();
  return { server, sockets };
}

function reply(socket: Socket, script: PortScript, data: string): void {
  const request = /^(GET|HEAD|POST|PUT) (\S+) HTTP\//.exec(data);
  if (request && script.http) {
    const { status, body = '' } = pageOf(script, request[2] ?? '/');
    const head = `HTTP/1.1 ${status} Scripted\r\nContent-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n`;
    socket.end(request[1] === 'HEAD' ? head : head + body);
    return;
  }
  if (script.tcp) socket.end(script.tcp.replies[data.trim()] ?? '');
}
