/** Which loopback ports are free? */
import { createServer, type AddressInfo } from 'node:net';

/**
 * The wanted ports, free ones for those not named. Both are held before either is let go, so they differ. Rejects when a
 * wanted one is taken: whoever answers there would be mistaken for the server that is about to start.
 */
export async function pickPorts(port?: number, uiPort?: number): Promise<[number, number]> {
  const first = await holdPort(port);
  try {
    const second = await holdPort(uiPort);
    await second.release();
    return [first.port, second.port];
  } finally {
    await first.release();
  }
}

async function holdPort(wanted = 0): Promise<{ port: number; release: () => Promise<void> }> {
  const server = createServer();
  await new Promise<void>((done, fail) => server.once('error', fail).listen(wanted, '127.0.0.1', done)).catch(
    (error: unknown) => {
      throw new Error(`Port ${wanted} of 127.0.0.1 cannot be used: ${(error as Error).message}`, { cause: error });
    },
  );
  const release = (): Promise<void> => new Promise((done) => void server.close(() => done()));
  return { port: (server.address() as AddressInfo).port, release };
}
