/** Where is the workflow bundle of this run? Made once, since each test file would spend seconds on its own. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { bundleWorkflowCode } from '@temporalio/worker';
import { WORKFLOW_BUNDLE } from '../../src/workflow-bundle';

const NAME = 'HOLDFAST_TEST_BUNDLE';

/** Bundles the workflows of the source tree and hands the file to the processes jest starts. */
export async function publishBundle(): Promise<void> {
  process.env[NAME] = await writeBundle(WORKFLOW_BUNDLE);
}

/** A bundle of the given workflows; answers its file, which stands in a folder of its own. */
export async function writeBundle(source: { workflowsPath: string; preloadModules?: string[] }): Promise<string> {
  const { code } = await bundleWorkflowCode({
    ...source,
    logger: { log: ignore, trace: ignore, debug: ignore, info: ignore, warn: ignore, error: complain },
  });
  const file = join(mkdtempSync(join(tmpdir(), 'holdfast-bundle-')), 'workflows.js');
  writeFileSync(file, code);
  return file;
}

/** Removes the folder of a bundle; that of this run when none is named. */
export function removeBundle(file = sharedBundle()): void {
  rmSync(dirname(file), { recursive: true, force: true });
}

/** Path of the bundle. */
export function sharedBundle(): string {
  const file = process.env[NAME];
  if (file === undefined) throw new Error('No workflow bundle: run tests through jest, which makes one');
  return file;
}

function complain(message: string): void {
  process.stderr.write(`${message}\n`);
}

function ignore(): void {
  // Bundling is quiet unless it fails.
}
