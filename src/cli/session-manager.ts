/** Is AWS's Session Manager plugin on this machine, and how does one get it? */
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** Its name on PATH. */
export const PLUGIN = 'session-manager-plugin';

export const PLUGIN_HELP =
  'https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html';

/** The first file of that name in the folders. */
export function findProgram(name: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}
