/** How does the work run? Steps in order, each on all nodes of its components at once. */
import { CancellationScope } from '@temporalio/workflow';
import type { StepEnd, StepInput } from '../activities/steps';
import type { Target } from '../activities/target';
import type { Node, StepOutcome } from '../contracts/messages';
import type { ExperimentSpec, StepSpec } from '../schemas/experiment';
import { looks, mutations, transfers } from './activity-proxies';
import { failure, settleAll, wasCancelled } from './failure';

/** What the steps work on and tell. */
export interface Work {
  target: Target;
  experimentId: string;
  /** The run that first issued a step's token; a reset repeats it and so attaches to what already runs. */
  firstRunId: string;
  spec: ExperimentSpec;
  nodes: Node[];
  onStep: (outcome: StepOutcome) => void;
  onEvent: (text: string) => void;
}

/** Teardown ends the nodes right after: one try of three seconds is courtesy to the step, not its only end. */
const KILL_ONCE = { startToCloseTimeout: '3s', retry: { maximumAttempts: 1 } } as const;
/** Longest pause between two looks at a long step. */
const POLL_MS = 15_000;

/** Runs the steps one after another; the first that fails ends them with `Workload` or `Timeout`. */
export async function runSteps(work: Work): Promise<void> {
  for (const [index, step] of work.spec.steps.entries()) {
    const token = `${work.firstRunId}-${String(index)}-${step.name}`;
    const outcomes = await runStep(work, step, token);
    const worst = outcomes.find((outcome) => outcome.exitCode !== 0);
    if (worst === undefined) continue;
    if (worst.exitCode === 124)
      throw failure('Timeout', `step ${step.name} on ${worst.slot} ran over its ${String(step.timeout)} s`);
    throw failure(
      'Workload',
      `step ${step.name} on ${worst.slot} exited ${String(worst.exitCode)}; its output is in ${worst.outputs.stderr}`,
    );
  }
}

async function runStep(work: Work, step: StepSpec, token: string): Promise<StepOutcome[]> {
  const nodes = work.nodes.filter((node) => step.on.includes(node.component));
  const startedAt = Date.now();
  work.onEvent(`step ${step.name} starts on ${String(nodes.length)} nodes`);
  const regions = [...new Set(nodes.map((node) => node.region))];
  const ends = await settleAll(regions.map((region) => runInRegion(work, step, token, region, nodes)));
  const seconds = (Date.now() - startedAt) / 1000;
  const reported = ends.flat().filter((end) => 'report' in end);
  const outcomes = await settleAll(reported.map((end) => collect(work, step, token, end, seconds)));
  for (const outcome of outcomes) work.onStep(outcome);
  assertNoneLost(step, nodes, ends.flat());
  return outcomes;
}

function assertNoneLost(step: StepSpec, nodes: Node[], ends: StepEnd[]): void {
  for (const end of ends) {
    if (!('lost' in end)) continue;
    const slot = nodes.find((node) => node.instanceId === end.instanceId)?.slot ?? end.instanceId;
    throw failure('Interrupted', `step ${step.name} lost ${slot} (${end.instanceId}): ${end.lost}`);
  }
}

/** Runs the step on a region's nodes; when cancelled, ends it on the nodes before the cancellation goes on. */
async function runInRegion(
  work: Work,
  step: StepSpec,
  token: string,
  region: string,
  nodes: Node[],
): Promise<StepEnd[]> {
  const ids = nodes.filter((node) => node.region === region).map((node) => node.instanceId);
  const input: StepInput = {
    target: work.target,
    experimentId: work.experimentId,
    region,
    step,
    token,
    ids,
    peers: work.nodes,
    pollMs: POLL_MS,
  };
  try {
    const summary = `run ${step.name} on ${step.on.join(', ')} (${String(ids.length)} nodes)`;
    return await looks.runStep.executeWithOptions({ summary }, [input]);
  } catch (error) {
    if (wasCancelled(error)) {
      await CancellationScope.nonCancellable(() =>
        mutations.killStep.executeWithOptions({ ...KILL_ONCE, summary: `end ${step.name}` }, [
          { target: work.target, region, token, ids },
        ]),
      ).catch(() => undefined); // teardown ends the nodes themselves next
    }
    throw error;
  }
}

async function collect(
  work: Work,
  step: StepSpec,
  token: string,
  end: Extract<StepEnd, { report: unknown }>,
  seconds: number,
): Promise<StepOutcome> {
  const node = work.nodes.find((entry) => entry.instanceId === end.instanceId);
  if (node === undefined) throw failure('Internal', `${end.instanceId} answered for step ${step.name} but is no node`);
  return transfers.collectStep.executeWithOptions({ summary: `collect ${step.name} of ${node.slot}` }, [
    {
      target: work.target,
      experimentId: work.experimentId,
      region: node.region,
      step,
      token,
      end,
      slot: node.slot,
      seconds,
    },
  ]);
}
