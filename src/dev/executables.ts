/** Which programs are on this machine? */
import { access, constants } from 'node:fs/promises';
import { join } from 'node:path';

/** What one place offers: a binary, or why it has none. */
export type Offer = { path: string } | { why: string };

/** The first executable of this name on the search path. */
export async function onPath(name: string, searchPath: readonly string[]): Promise<Offer> {
  for (const folder of searchPath) {
    const path = join(folder, name);
    if (await isExecutable(path)) return { path };
  }
  return { why: `no ${name} on PATH` };
}

/** Whether this file exists and may be run. */
export async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
