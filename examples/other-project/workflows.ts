/** How does a workflow of another project run an experiment as its child, and use what comes of it? */
import { executeChild } from '@temporalio/workflow';
import { resultIn, type ExperimentInput, type ExperimentResult } from 'holdfast/nexus';

interface Night {
  build: string;
  /** Queue of Holdfast's workers. */
  taskQueue: string;
}

interface Report {
  experiment: string;
  phase: ExperimentResult['phase'];
  /** Messages per second and node. */
  rates: number[];
  /** Why there is less than was asked for. */
  problem?: string;
  spentUsd: number;
  isClean: boolean;
}

/** Measures a build on a cluster of its own. One build is one experiment: its id is made of it. */
export async function nightly({ build, taskQueue }: Night): Promise<Report> {
  const spec: ExperimentInput = {
    name: 'nightly',
    lease: '30m',
    settle: '2s',
    instanceProfile: 'holdfast-node',
    components: { worker: { count: 2, instanceTypes: ['t3.micro'], widerTypes: ['t3a.micro'] } },
    steps: [{ name: 'measure', on: 'worker', run: `measure --build ${build}`, result: { output: 'json' } }],
  };
  try {
    return reportOf(
      await executeChild<(spec: ExperimentInput) => Promise<ExperimentResult>>('experiment', {
        taskQueue,
        workflowId: `nightly-${build}`,
        args: [spec],
        // By default it would be terminated with its parent, and nobody but the reaper would end its nodes.
        parentClosePolicy: 'REQUEST_CANCEL',
        // A cancelled parent waits until everything is torn down.
        cancellationType: 'WAIT_CANCELLATION_COMPLETED',
      }),
    );
  } catch (error) {
    const result = resultIn(error);
    if (result === undefined) throw error;
    return reportOf(result);
  }
}

function reportOf({ experimentId, phase, message, steps, cost, certificate }: ExperimentResult): Report {
  return {
    experiment: experimentId,
    phase,
    rates: steps.flatMap(({ result }) => (isMeasured(result) ? [result.rate] : [])),
    ...(message === undefined ? {} : { problem: message }),
    spentUsd: cost.spentUsd,
    isClean: certificate.verdict === 'clean',
  };
}

function isMeasured(result: unknown): result is { rate: number } {
  return typeof result === 'object' && result !== null && 'rate' in result && typeof result.rate === 'number';
}
