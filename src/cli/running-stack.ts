/** Does `holdfast dev` run on this machine, and where? It leaves a note in the home folder. */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface StackNote {
  pid: number;
  /** Host and port of the Temporal frontend. */
  temporal: string;
  /** Base address of the Temporal UI. */
  ui: string;
  /** Address of the simulator. */
  simulator: string;
}

function notePath(home: string): string {
  return join(home, 'dev.json');
}

/** The stack that runs now; undefined when there is none, or the process of the note is gone. */
export async function runningStack(home: string): Promise<StackNote | undefined> {
  try {
    const note = JSON.parse(await readFile(notePath(home), 'utf8')) as StackNote;
    return isAlive(note.pid) ? note : undefined;
  } catch {
    return undefined;
  }
}

export async function leaveNote(home: string, note: StackNote): Promise<void> {
  await mkdir(home, { recursive: true });
  await writeFile(notePath(home), `${JSON.stringify(note, null, 2)}\n`);
}

export async function removeNote(home: string): Promise<void> {
  await rm(notePath(home), { force: true });
}

/** Signal 0 asks whether the process exists and sends nothing (kill(2)). */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
