import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { Client, Connection } from '@temporalio/client';
import { startTemporalServer, type TemporalServer, type TemporalServerOptions } from '../../src/dev/temporal-server';
import { sharedTemporal } from '../support/temporal';

describe('startTemporalServer', () => {
  const { cli } = sharedTemporal();
  const started: TemporalServer[] = [];
  let folder: string;

  const start = async (options: Partial<TemporalServerOptions> = {}): Promise<TemporalServer> => {
    const server = await startTemporalServer({ cli, searchAttributes: {}, log: () => undefined, ...options });
    started.push(server);
    return server;
  };

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'holdfast-server-'));
  });

  afterAll(async () => {
    await Promise.all(started.map((server) => server.stop()));
    await rm(folder, { recursive: true, force: true });
  });

  it('serves namespace, search attributes and UI on loopback as soon as it resolves', async () => {
    const server = await start({ namespace: 'lab', searchAttributes: { HoldfastOwner: 'Keyword', Nodes: 'Int' } });

    expect(server.address).toMatch(/^127\.0\.0\.1:\d+$/);
    await withConnection(server, async (connection) => {
      const { namespaceInfo } = await connection.workflowService.describeNamespace({ namespace: 'lab' });
      const { customAttributes } = await connection.operatorService.listSearchAttributes({ namespace: 'lab' });
      expect(namespaceInfo?.name).toBe('lab');
      expect(Object.keys(customAttributes).sort()).toEqual(['HoldfastOwner', 'Nodes']);
    });
    expect((await fetch(server.uiUrl)).status).toBe(200);
  });

  it('leaves no process when it is stopped, and may be stopped twice', async () => {
    const server = await start();
    expect(processesWith(portOf(server))).not.toEqual([]);

    await server.stop();
    await server.stop();

    expect(processesWith(portOf(server))).toEqual([]);
  });

  it('keeps what it knew in the database file', async () => {
    const options = { dbFilename: join(folder, 'dev', 'temporal.sqlite'), searchAttributes: { Nodes: 'Int' } };
    const before = await start(options);
    await withConnection(before, (connection) =>
      new Client({ connection }).workflow.start('nobody', { taskQueue: 'nowhere', workflowId: 'remember-me' }),
    );
    await before.stop();

    const after = await start(options);

    await withConnection(after, async (connection) => {
      const description = await new Client({ connection }).workflow.getHandle('remember-me').describe();
      expect(description.status.name).toBe('RUNNING');
    });
  });

  it('uses the ports that were asked for', async () => {
    const first = await start();
    await first.stop();

    const second = await start({ port: portOf(first), uiPort: Number(new URL(first.uiUrl).port) });

    expect(second.address).toBe(first.address);
    expect(second.uiUrl).toBe(first.uiUrl);
  });

  it('never takes another server that listens on the wanted port for its own', async () => {
    const other = sharedTemporal();
    const port = Number(other.address.split(':')[1]);

    await expect(start({ port })).rejects.toThrow(`Port ${port} of 127.0.0.1 cannot be used`);
    await expect(start({ uiPort: Number(new URL(other.uiUrl).port) })).rejects.toThrow('cannot be used');
  });

  it('tells what the server said when it does not start', async () => {
    const broken = join(folder, 'broken');
    await writeFile(broken, '#!/bin/sh\n[ "$3" = --help ] && exit 0\necho "disk is made of cheese" >&2\nexit 3\n');
    await chmod(broken, 0o755);

    await expect(start({ cli: broken })).rejects.toThrow(/did not start:\s+disk is made of cheese/);
  });

  it('ends when the process that started it is killed', async () => {
    const parent = spawn(process.execPath, ['--require', 'tsx/cjs', '-e', PARENT, cli], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [address] = (await once(createInterface(parent.stdout), 'line')) as [string];
    const port = Number(address.split(':')[1]);
    expect(processesWith(port).length).toBeGreaterThanOrEqual(2); // the server and its supervisor

    parent.kill('SIGKILL');

    await until(() => processesWith(port).length === 0);
  });

  it('ends when its supervisor is killed, and says that it ended', async () => {
    const server = await start();
    const supervisor = processesWith(portOf(server)).find(({ command }) => command.includes('spawn'));
    expect(supervisor).toBeDefined();

    process.kill(supervisor?.pid ?? 0, 'SIGKILL');

    await server.ended;
    expect(processesWith(portOf(server))).toEqual([]);
  });
});

const PARENT = `
const { startTemporalServer } = require(${JSON.stringify(require.resolve('../../src/dev/temporal-server'))});
startTemporalServer({ cli: process.argv[1], searchAttributes: {}, log: () => {} }).then((s) => console.log(s.address));
`;

function portOf(server: TemporalServer): number {
  return Number(server.address.split(':')[1]);
}

async function withConnection<T>(server: TemporalServer, use: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await Connection.connect({ address: server.address });
  return use(connection).finally(() => connection.close());
}

/** Every process that was started with `--port <port>`. */
function processesWith(port: number): { pid: number; command: string }[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => ({ pid: Number(name), command: commandOf(name) }))
    .filter(({ command }) => command.includes(`--port\0${String(port)}\0`));
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // it ended between the listing and the look
  }
}

async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await pause(50);
}
