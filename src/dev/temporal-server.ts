/** How is a Temporal server of our own started, known to serve, and certainly ended? */
import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { pickPorts } from './free-ports';
import { waitUntilItServes } from './temporal-ready';

const run = promisify(execFile);

const LOOPBACK = '127.0.0.1';
/** A free port can be taken between looking and starting; three in a row is no coincidence. */
const ATTEMPTS = 3;
/** How many of its last lines an error shows. */
const LINES_KEPT = 10;

export interface TemporalServerOptions {
  /** Path of the Temporal CLI. */
  cli: string;
  /** Port of the gRPC frontend; absent: a free one. */
  port?: number;
  /** Port of the web UI; absent: a free one. */
  uiPort?: number;
  /** Database file that outlives the server; absent: everything is forgotten at its end. */
  dbFilename?: string;
  /** Name and Temporal type, registered before it serves. */
  searchAttributes: Readonly<Record<string, string>>;
  /** Default: `default`. */
  namespace?: string;
  /** Receives what the server prints, one line each. */
  log: (line: string) => void;
}

export interface TemporalServer {
  /** `127.0.0.1:port` of the gRPC frontend. */
  address: string;
  uiUrl: string;
  namespace: string;
  /** Ends the server and resolves when it is gone. May be called twice. */
  stop: () => Promise<void>;
  /** Resolves when the server ended, whoever ended it. */
  ended: Promise<void>;
}

/**
 * Between us and the server: starts it and ends it when our end of the pipe closes, which the system does even when
 * we are killed. It runs in a session of its own, so that Ctrl-C reaches us alone and workers stop before the server.
 */
const SUPERVISOR = `
const server = require('node:child_process').spawn(process.argv[1], process.argv.slice(2), { stdio: ['ignore', 'inherit', 'inherit'] });
const end = () => { server.kill('SIGTERM'); setTimeout(() => server.kill('SIGKILL'), 5000); };
server.on('error', (error) => { console.error(error.message); process.exit(127); });
server.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGTERM' ? 0 : 1)));
for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(signal, end);
process.stdin.on('end', end).on('error', end).resume();
`;

/** Starts a server on loopback and resolves when it serves namespace, search attributes and UI. */
export async function startTemporalServer(options: TemporalServerOptions): Promise<TemporalServer> {
  if (options.dbFilename !== undefined) await mkdir(dirname(options.dbFilename), { recursive: true });
  const extra = await optionalFlags(options.cli);
  for (let attempt = 1; ; attempt += 1) {
    const [port, uiPort] = await pickPorts(options.port, options.uiPort);
    const outcome = await startOnce(options, port, uiPort, extra);
    if ('address' in outcome) return outcome;
    const collided = outcome.lines.some((line) => /address already in use|port .*(in use|taken)/i.test(line));
    if (!collided || attempt === ATTEMPTS) throw new Error(['Temporal did not start:', ...outcome.lines].join('\n  '));
  }
}

async function startOnce(
  options: TemporalServerOptions,
  port: number,
  uiPort: number,
  extra: string[],
): Promise<TemporalServer | { lines: string[] }> {
  const namespace = options.namespace ?? 'default';
  const address = `${LOOPBACK}:${String(port)}`;
  const uiUrl = `http://${LOOPBACK}:${String(uiPort)}`;
  const { child, lines, ended, quiet } = supervise(
    options,
    serverArguments(options, { port, uiPort, namespace, extra }),
  );
  const stop = async (): Promise<void> => {
    quiet();
    child.stdin?.end();
    await ended;
  };
  const serves = waitUntilItServes({ address, uiUrl, namespace, attributes: Object.keys(options.searchAttributes) });
  if (await Promise.race([serves.done, ended.then(() => false)])) return { address, uiUrl, namespace, stop, ended };
  serves.giveUp();
  await stop();
  return { lines };
}

interface Placement {
  port: number;
  uiPort: number;
  namespace: string;
  extra: string[];
}

function serverArguments(options: TemporalServerOptions, { port, uiPort, namespace, extra }: Placement): string[] {
  return [
    ...['server', 'start-dev', '--ip', LOOPBACK, '--port', String(port), '--ui-port', String(uiPort)],
    ...['--namespace', namespace, '--log-level', 'error'],
    // The server asks the vendor for news of its version otherwise.
    ...['--dynamic-config-value', 'frontend.enableServerVersionCheck=false'],
    ...(options.dbFilename === undefined ? [] : ['--db-filename', options.dbFilename]),
    ...Object.entries(options.searchAttributes).flatMap(([name, type]) => ['--search-attribute', `${name}=${type}`]),
    ...extra,
  ];
}

/** Flags that only newer CLIs know: no calls home from the UI, no client configuration of the user's. */
async function optionalFlags(cli: string): Promise<string[]> {
  const { stdout } = await run(cli, ['server', 'start-dev', '--help'], { timeout: 20_000 });
  return ['--ui-disable-news-fetch', '--disable-config-file', '--disable-config-env'].filter((flag) =>
    stdout.includes(flag),
  );
}

function supervise(
  { cli, log }: TemporalServerOptions,
  args: string[],
): { child: ChildProcess; lines: string[]; ended: Promise<void>; quiet: () => void } {
  const lines: string[] = [];
  let listening = true;
  const child = spawn(process.execPath, ['-e', SUPERVISOR, '--', cli, ...args], { detached: true, stdio: 'pipe' });
  const keep = (line: string): void => {
    if (line.trim() === '' || !listening) return;
    lines.push(line);
    if (lines.length > LINES_KEPT) lines.shift();
    log(line);
  };
  createInterface(child.stdout).on('line', keep);
  createInterface(child.stderr).on('line', keep);
  // Writing to a supervisor that is gone is no news: `ended` tells.
  child.stdin.on('error', () => undefined);
  // The group outlives its leader only when the supervisor was killed: then nobody else ends the server.
  child.once('exit', () => endGroup(child.pid));
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  // A server that is told to end complains about its own unfinished calls.
  return { child, lines, ended, quiet: () => (listening = false) };
}

function endGroup(leader: number | undefined): void {
  try {
    if (leader !== undefined) process.kill(-leader, 'SIGKILL');
  } catch {
    // Nobody was left.
  }
}
