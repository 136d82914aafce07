/** What does the result folder say about an experiment that no worker answers for? */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExperimentStatus } from '../contracts/messages';

/** The last status that was written; undefined when there is no folder. */
export async function keptStatus(home: string, id: string): Promise<ExperimentStatus | undefined> {
  try {
    return JSON.parse(await readFile(join(home, 'experiments', id, 'experiment.json'), 'utf8')) as ExperimentStatus;
  } catch {
    return undefined;
  }
}
