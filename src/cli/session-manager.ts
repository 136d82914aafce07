/** Is what a session through AWS's Session Manager needs on this machine, and how does one get it? */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Node } from '../contracts/messages';
import { EXIT } from './exit';
import { Problem } from './problem';

/** Its name on PATH. */
export const PLUGIN = 'session-manager-plugin';

export const PLUGIN_HELP =
  'https://docs.aws.amazon.com/systems-manager/latest/userguide/session-manager-working-with-install-plugin.html';

/** The first file of that name in the folders. */
export function findProgram(name: string, folders: readonly string[]): string | undefined {
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** Path of the AWS CLI; throws when it or its plugin is missing, `instead` being what works without. */
export function sessionCli(folders: readonly string[], instead: string): string {
  const aws = findProgram('aws', folders);
  if (aws === undefined) {
    throw new Problem('the AWS CLI is not on this machine', {
      exitCode: EXIT.refused,
      next: 'https://docs.aws.amazon.com/cli/latest/userguide/getting-started-install.html',
    });
  }
  if (findProgram(PLUGIN, folders) !== undefined) return aws;
  const message = 'the Session Manager plugin of the AWS CLI is not on this machine';
  throw new Problem(message, { exitCode: EXIT.refused, next: `${PLUGIN_HELP}, or: ${instead}` });
}

/** What is said when a name is none of the nodes. */
export function noSuchNode(wanted: string, experiment: string, nodes: readonly Node[]): Problem {
  const lines = nodes.map(({ slot, instanceId }) => `${slot} ${instanceId}`);
  return new Problem(`${wanted} is no node of ${experiment}`, { exitCode: EXIT.refused, lines });
}
