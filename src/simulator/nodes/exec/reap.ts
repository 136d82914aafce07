/** How do all processes of a node end? Whatever session they moved to, they carry the node's folder in their environment. */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { NodeFolder } from './folder';

/** Rounds of looking and killing: enough for a process that starts others while it is hunted. */
const ROUNDS = 20;

/** Kills by force everything that runs on these nodes; when it returns nothing is left that can be found. */
export function reap(folders: readonly NodeFolder[]): void {
  if (folders.length === 0) return;
  for (let round = 0; round < ROUNDS; round += 1) {
    const found = [...byEnvironment(folders), ...(round === 0 ? folders.flatMap(byGroupFile) : [])];
    if (found.length === 0) return;
    for (const pid of found) killQuietly(pid);
  }
}

function byEnvironment(folders: readonly NodeFolder[]): number[] {
  if (!existsSync('/proc/self/environ')) return [];
  const marks = folders.map(({ state }) => `HOLDFAST_STATE_DIR=${state}\0`);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      const environment = readQuietly(`/proc/${name}/environ`);
      return environment !== '' && marks.some((mark) => environment.includes(mark)) && !isZombie(name);
    })
    .map(Number);
}

/** Process groups of steps, for processes that threw their environment away. Negative: a group. */
function byGroupFile({ state }: NodeFolder): number[] {
  const steps = join(state, 'steps');
  if (!existsSync(steps)) return [];
  return readdirSync(steps).flatMap((token) => {
    if (existsSync(join(steps, token, 'exit'))) return [];
    const pid = Number(readQuietly(join(steps, token, 'group')).split(' ')[1]);
    return pid > 1 ? [-pid] : [];
  });
}

function isZombie(pid: string): boolean {
  return /^State:\s+[ZX]/m.test(readQuietly(`/proc/${pid}/status`));
}

function readQuietly(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone between the look and the kill, which is what was wanted.
  }
}
