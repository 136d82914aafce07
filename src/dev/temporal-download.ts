/** Has the Temporal SDK downloaded a CLI, or can it? */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isExecutable, type Offer } from './executables';

const run = promisify(execFile);

const HOST = 'https://temporal.download/';
/** Long enough for a slow handshake, short enough that a machine without network does not feel it. */
const PROBE_MS = 1500;
/** About 50 MB: two minutes at 3.5 Mbit/s. */
const DOWNLOAD_MS = 120_000;

/**
 * The SDK downloads only while it starts a server, and its native runtime can be set up once per process: a child
 * does it, so that this process can still install its own.
 */
const DOWNLOAD = `
const { TestWorkflowEnvironment } = require(process.argv[1]);
const executable = { type: 'cached-download', downloadDir: process.argv[2] };
TestWorkflowEnvironment.createLocal({ server: { executable, log: { format: 'pretty', level: 'error' } } })
  .then((env) => env.teardown())
  .then(() => process.exit(0), (error) => { console.error(error.message); process.exit(1); });
`;

/** The SDK's cached binary; with `fetch` it is downloaded when absent and the site can be reached. Never throws. */
export async function sdkDownload({ tempDir, fetch: mayFetch, log, host = HOST }: DownloadOptions): Promise<Offer> {
  const path = join(tempDir, fileName());
  if (await isExecutable(path)) return { path };
  if (!mayFetch) return { why: 'the Temporal SDK has downloaded none' };
  if (!(await isReachable(host))) return { why: `${host} cannot be reached` };
  log(`Downloading the Temporal CLI from ${host} (about 50 MB, once)`);
  try {
    const testing = createRequire(__filename).resolve('@temporalio/testing');
    await run(process.execPath, ['-e', DOWNLOAD, testing, tempDir], { timeout: DOWNLOAD_MS });
    return (await isExecutable(path)) ? { path } : { why: `the Temporal SDK left no download at ${path}` };
  } catch (error) {
    return { why: `the Temporal SDK's download failed (${(error as Error).message.trim().split('\n').at(-1) ?? ''})` };
  }
}

interface DownloadOptions {
  tempDir: string;
  fetch: boolean;
  log: (line: string) => void;
  /** The site that is tried first, so that a machine without network fails fast; default: the SDK's. */
  host?: string | undefined;
}

/** As sdk-core names it: `temporal-<sdk>-<version>` in the folder for temporary files. */
function fileName(): string {
  const { version } = createRequire(__filename)('@temporalio/testing/package.json') as { version: string };
  return `temporal-sdk-typescript-${version}${process.platform === 'win32' ? '.exe' : ''}`;
}

async function isReachable(host: string): Promise<boolean> {
  return fetch(host, { method: 'HEAD', signal: AbortSignal.timeout(PROBE_MS) }).then(
    () => true,
    () => false,
  );
}
