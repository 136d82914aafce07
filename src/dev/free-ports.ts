/** Which loopback ports are free? */
import { createServer, type AddressInfo } from 'node:net';

/** The wanted ports, free ones for those not named. Both are held before either is let go, so they differ. */
export async function pickPorts(port?: number, uiPort?: number): Promise<[number, number]> {
  const [first, second] = await Promise.all([holdPort(port), holdPort(uiPort)]);
  await Promise.all([first.release(), second.release()]);
  return [first.port, second.port];
}

async function holdPort(wanted?: number): Promise<{ port: number; release: () => Promise<void> }> {
  if (wanted !== undefined) return { port: wanted, release: () => Promise.resolve() };
  const server = createServer();
  await new Promise<void>((done, fail) => server.once('error', fail).listen(0, '127.0.0.1', done));
  const release = (): Promise<void> => new Promise((done) => void server.close(() => done()));
  return { port: (server.address() as AddressInfo).port, release };
}
