/** What does the result folder say about an experiment that no worker answers for? */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExperimentResult } from '../contracts/messages';
import { folderName } from '../results/folder';

/** Folder below the home folder that holds one folder per experiment. */
export function resultsRoot(home: string): string {
  return join(home, 'experiments');
}

/** The result as it was kept at the end, also of `latest`; undefined when there is none on this machine. */
export async function keptResult(home: string, id: string): Promise<ExperimentResult | undefined> {
  try {
    const folder = id === 'latest' ? id : folderName(id);
    const file = join(resultsRoot(home), folder, 'experiment.json');
    return JSON.parse(await readFile(file, 'utf8')) as ExperimentResult;
  } catch {
    return undefined;
  }
}
