/** A caller that can be killed: a process of its own that starts an experiment and then waits for its end. */
import { spawn } from 'node:child_process';
import { connect, type ExperimentInput } from '../../src/client';
import { sharedTemporal } from './temporal';

interface Call {
  /** The door's address; absent: through the typed client. */
  door?: string;
  taskQueue: string;
  requestId: string;
  spec: ExperimentInput;
}

interface Settings extends Call {
  address: string;
  namespace: string;
}

export interface Caller {
  /** The experiment, once the caller knows that it was started. */
  started: Promise<string>;
  /** Ends it as a crash does; nothing of it runs any more when this resolves. */
  kill(): Promise<void>;
}

/** Starts a caller. Loading TypeScript takes it a few seconds. */
export function startCaller(call: Call): Caller {
  const { address, namespace } = sharedTemporal();
  const settings: Settings = { ...call, address, namespace };
  const child = spawn(process.execPath, ['--import', 'tsx', __filename, JSON.stringify(settings)], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  let said = '';
  const started = new Promise<string>((resolve, reject) => {
    const hear = (chunk: Buffer): void => {
      said += chunk.toString();
      const id = /^started (\S+)$/m.exec(said)?.[1];
      if (id !== undefined) resolve(id);
    };
    child.stdout.on('data', hear);
    child.stderr.on('data', hear);
    void ended.then(() => reject(new Error(`the caller ended before it had started anything:\n${said}`)));
  });
  started.catch(() => undefined);
  return {
    started,
    kill: async () => {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

async function main(settings: Settings): Promise<void> {
  await (settings.door === undefined ? throughClient(settings) : overHttp(settings, settings.door));
  process.stdout.write('over\n');
}

async function throughClient({ address, namespace, taskQueue, spec, requestId }: Settings): Promise<void> {
  const holdfast = await connect({ connection: { address }, namespace, taskQueue });
  const experiment = await holdfast.start(spec, { requestId });
  process.stdout.write(`started ${experiment.id}\n`);
  await experiment.result();
}

async function overHttp({ spec, requestId }: Settings, door: string): Promise<void> {
  const response = await fetch(`${door}/experiments`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'idempotency-key': requestId },
    body: JSON.stringify(spec),
  });
  const { id, events } = (await response.json()) as { id: string; events: string };
  process.stdout.write(`started ${id}\n`);
  await (await fetch(`${door}${events}`)).text();
}

if (require.main === module) void main(JSON.parse(process.argv[2] ?? '{}') as Settings);
