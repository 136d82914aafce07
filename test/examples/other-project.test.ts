/** Does the example of a child workflow work from a project that has the package and nothing else of ours? */
import { execFile } from 'node:child_process';
import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { eventually, startLab, uniqueId, type Lab } from '../support/lab';
import { expectNoTrace, ofExperiment } from '../support/outcomes';
import { installPacked, type Project } from '../support/packed';
import { sharedTemporal } from '../support/temporal';

const EXAMPLE = resolve(__dirname, '../../examples/other-project');
/** What such a project depends on by itself; `tsx` runs it from TypeScript. */
const PACKAGES = ['@temporalio/client', '@temporalio/worker', '@temporalio/workflow', 'nexus-rpc', 'tsx'];
/** A compilation, and a worker that bundles its workflows, on a busy machine. */
const LIMIT_MS = 180_000;

let project: Project;
let lab: Lab;
beforeAll(async () => {
  project = await installPacked(['nexus/index.ts'], PACKAGES);
  await cp(EXAMPLE, project.folder, { recursive: true });
  const steps = [
    { match: 'good', stdout: '{"rate": 12.5}' },
    { match: 'bad', exitCode: 3 },
  ];
  lab = await startLab({ simulator: { scenario: { extends: 'quick', nodes: { default: { steps } } } as never } });
}, LIMIT_MS);
afterAll(async () => {
  await lab.close();
  await project.remove();
});

/** Runs the project's program as a process of its own. */
async function night(build: string): Promise<unknown> {
  const env = { ...process.env, TEMPORAL_ADDRESS: sharedTemporal().address };
  const args = ['--import', 'tsx', join(project.folder, 'main.ts'), build, lab.taskQueue];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: project.folder, env });
  return JSON.parse(stdout);
}

it(
  'reports what an experiment measured, and why another measured nothing',
  async () => {
    const [good, bad] = [uniqueId('good'), uniqueId('bad')];

    const reports = await Promise.all([night(good), night(bad)]);

    expect(reports).toEqual([
      {
        experiment: `nightly-${good}`,
        phase: 'Done',
        rates: [12.5, 12.5],
        spentUsd: expect.any(Number),
        isClean: true,
      },
      {
        experiment: `nightly-${bad}`,
        phase: 'Failed',
        problem: expect.stringContaining('step measure on worker-0 exited 3'),
        rates: [],
        spentUsd: expect.any(Number),
        isClean: true,
      },
    ]);
    await expectNoTrace(lab, `nightly-${good}`, `nightly-${bad}`);
  },
  LIMIT_MS,
);

it(
  'leaves an experiment its teardown when its parent is terminated',
  async () => {
    const build = uniqueId('good');
    const running = night(build).catch(String);
    const experiment = lab.client.workflow.getHandle(`nightly-${build}`);
    await eventually(
      async () => (ofExperiment(await lab.ledger(), `nightly-${build}`).length > 0 ? true : undefined),
      LIMIT_MS,
    );

    await lab.client.workflow.getHandle(`report-${build}`).terminate('the project is gone');

    expect(await running).toContain('Command failed');
    await expect(experiment.result()).rejects.toThrow();
    expect((await experiment.describe()).status.name).toBe('CANCELLED');
    await expectNoTrace(lab, `nightly-${build}`);
  },
  LIMIT_MS,
);
