/** How is the pinned Temporal CLI built where it can be neither found nor downloaded? */
import { spawn } from 'node:child_process';
import { mkdir, open, readFile, rename, rm, stat, utimes } from 'node:fs/promises';
import { readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as pause } from 'node:timers/promises';
import { isExecutable, onPath, type Offer } from './executables';

const MODULE = resolve(__dirname, '../../tools/temporal');
const PACKAGE = 'github.com/temporalio/cli/cmd/temporal';
const VERSION_VARIABLE = 'github.com/temporalio/cli/internal/temporalcli.Version';

/** The builder touches its lock this often; a lock five beats old belongs to a process that died. */
const HEARTBEAT_MS = 2000;
const STALE_MS = 5 * HEARTBEAT_MS;
/** Often enough to see that it lives, rare enough to read. */
const PROGRESS_MS = 10_000;

export interface BuildOptions {
  searchPath: readonly string[];
  cacheDir: string;
  log: (line: string) => void;
  /** Folder of the Go module; default: the one that comes with Holdfast. */
  module?: string;
}

/** The version that tools/temporal pins, without its `v`. */
export function pinnedVersion(module = MODULE): string {
  const version = /^\s*(?:require )?github\.com\/temporalio\/cli v(\S+)/m.exec(
    readFileSync(join(module, 'go.mod'), 'utf8'),
  )?.[1];
  if (version === undefined) throw new Error(`${module}/go.mod pins no Temporal CLI`);
  return version;
}

/** Where the build is kept, and how to get it there. `build` never throws. */
export function goBuild(options: BuildOptions): { path: string; build: () => Promise<Offer> } {
  const path = join(options.cacheDir, 'temporal', pinnedVersion(options.module), 'temporal');
  return { path, build: () => buildOnce(path, options).catch((error: unknown) => ({ why: String(error) })) };
}

/** One process builds, others wait for it; should two build after all, the rename at the end keeps both right. */
async function buildOnce(path: string, options: BuildOptions): Promise<Offer> {
  if (await isExecutable(path)) return { path };
  const go = await onPath('go', options.searchPath);
  if ('why' in go) return { why: `${go.why}, so it cannot be built` };
  await mkdir(dirname(path), { recursive: true });
  const unlock = await lockOrWait(`${path}.lock`, path, options.log);
  if (unlock === undefined) return { path };
  try {
    return (await isExecutable(path)) ? { path } : await compile(go.path, path, options);
  } finally {
    await unlock();
  }
}

/** Resolves with the unlock function, or with undefined when somebody else finished the build meanwhile. */
async function lockOrWait(
  lock: string,
  path: string,
  log: (line: string) => void,
): Promise<(() => Promise<void>) | undefined> {
  let announced = false;
  for (;;) {
    if (await createLock(lock)) return hold(lock);
    if (await isExecutable(path)) return undefined;
    if (await isStale(lock)) await rm(lock, { force: true });
    else {
      if (!announced) log(`Another process is building the Temporal CLI; waiting for it (${await readLock(lock)})`);
      announced = true;
      await pause(HEARTBEAT_MS / 4); // a quarter of a beat: the end of the build is seen at once
    }
  }
}

async function createLock(lock: string): Promise<boolean> {
  try {
    const file = await open(lock, 'wx');
    await file.writeFile(`process ${String(process.pid)}`);
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function hold(lock: string): () => Promise<void> {
  const beat = setInterval(() => void utimes(lock, new Date(), new Date()).catch(() => undefined), HEARTBEAT_MS);
  return async () => {
    clearInterval(beat);
    await rm(lock, { force: true });
  };
}

async function isStale(lock: string): Promise<boolean> {
  const found = await stat(lock).catch(() => undefined);
  return found !== undefined && Date.now() - found.mtimeMs > STALE_MS;
}

async function readLock(lock: string): Promise<string> {
  return readFile(lock, 'utf8').catch(() => 'just finished');
}

async function compile(go: string, path: string, { log, module = MODULE }: BuildOptions): Promise<Offer> {
  const draft = `${path}.${String(process.pid)}.tmp`;
  log(`Building Temporal CLI ${pinnedVersion(module)} with ${go} (about 4 minutes on two cores, once)`);
  try {
    // -s -w leave out symbols: 138 MB in place of 195. -v names each package as it is compiled.
    const flags = `-s -w -X ${VERSION_VARIABLE}=${pinnedVersion(module)}`;
    const args = ['build', '-v', '-trimpath', '-ldflags', flags, '-o', draft, PACKAGE];
    const failure = await runWithProgress(go, args, module, log);
    if (failure !== undefined) return { why: `go build failed: ${failure}` };
    await rename(draft, path);
    return { path };
  } finally {
    await rm(draft, { force: true });
  }
}

/** Runs the compiler and reports every 10 s. Resolves with undefined, or with the last lines of a failed run. */
async function runWithProgress(
  go: string,
  args: string[],
  cwd: string,
  log: (line: string) => void,
): Promise<string | undefined> {
  const started = Date.now();
  const seen: string[] = [];
  const child = spawn(go, args, { cwd, stdio: ['ignore', 'ignore', 'pipe'] });
  createInterface(child.stderr).on('line', (line) => seen.push(line));
  const progress = setInterval(() => {
    const seconds = String(Math.round((Date.now() - started) / 1000));
    log(`  ${seconds} s: ${String(seen.length)} packages, now ${seen.at(-1) ?? 'resolving modules'}`);
  }, PROGRESS_MS);
  try {
    const code = await new Promise<number | null>((done, fail) => child.once('error', fail).once('close', done));
    return code === 0 ? undefined : seen.slice(-3).join(' | ') || `exit ${String(code)}`;
  } finally {
    clearInterval(progress);
  }
}
