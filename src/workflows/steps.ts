/** How does the work run? Steps in order, each on all nodes of its components at once. */
import { CancellationScope } from '@temporalio/workflow';
import type { Collected, Reported } from '../activities/step-outputs';
import type { StepEnd, StepInput } from '../activities/steps';
import type { Target } from '../activities/target';
import type { Node, StepOutcome } from '../contracts/messages';
import type { ExperimentSpec, StepSpec } from '../schemas/experiment';
import { looks, mutations, transfers } from './activity-proxies';
import { failure, settleAll, wasCancelled } from './failure';
import { inOwnScope } from './scope';

/** What the steps work on and tell. */
export interface Work {
  target: Target;
  experimentId: string;
  /** The run that first issued a step's token; a reset repeats it and so attaches to what already runs. */
  firstRunId: string;
  spec: ExperimentSpec;
  /** The nodes as they are now: failovers go on beside the steps. */
  nodes: () => Node[];
  /** Slots replaced so far, once for each time. */
  replaced: () => string[];
  /** Waits until no failover is under way. */
  whole: () => Promise<void>;
  /** Waits until none of these instances holds a slot any more. */
  taken: (instances: Set<string>) => Promise<void>;
  /** Of the steps before. */
  outcomes: () => readonly StepOutcome[];
  onStep: (outcome: StepOutcome) => void;
  onEvent: (text: string) => void;
}

/** What sending a script to nodes needs, be it a step's or a person's. */
export type Sending = Pick<Work, 'target' | 'experimentId' | 'nodes' | 'outcomes' | 'onEvent'> & {
  /** Bytes of each node's outputs that are wanted back; none when absent. */
  headBytes?: number;
};

/** Teardown ends the nodes right after: one try of three seconds is courtesy to the step, not its only end. */
const KILL_ONCE = { startToCloseTimeout: '3s', retry: { maximumAttempts: 1 } } as const;
/** Longest pause between two looks at a long step. */
const POLL_MS = 15_000;

/** Runs the steps one after another; the first that fails ends them with `Workload`, `Timeout` or `Interrupted`. */
export async function runSteps(work: Work): Promise<void> {
  for (const [index, step] of work.spec.steps.entries()) {
    const token = `${work.firstRunId}-${String(index)}-${step.name}`;
    for (const outcome of await inOwnScope(() => runUndisturbed(work, step, token))) {
      work.onStep(outcome);
      assertWell(step, outcome);
    }
  }
}

function assertWell(step: StepSpec, { slot, exitCode, outputs }: StepOutcome): void {
  if (exitCode === 0) return;
  if (exitCode === 124) throw failure('Timeout', `step ${step.name} on ${slot} ran over its ${String(step.timeout)} s`);
  throw failure(
    'Workload',
    `step ${step.name} on ${slot} exited ${String(exitCode)}; its output is in ${outputs.stderr}`,
  );
}

/** How often a step is begun again because nodes were replaced under it, before the experiment gives up. */
const DISTURBED_RUNS = 5;

/** The step's outcomes, with the policy for nodes that were replaced while it ran. */
async function runUndisturbed(work: Work, step: StepSpec, token: string): Promise<StepOutcome[]> {
  for (let run = 1; ; run += 1) {
    const before = work.replaced().length;
    const outcomes = await runStep(work, step, run === 1 ? token : `${token}-${String(run)}`);
    const disturbed = work.replaced().slice(before);
    if (disturbed.length === 0) return outcomes;
    if (step.onDisturbed === 'fail')
      throw failure('Interrupted', `${disturbed.join(', ')} went while step ${step.name} ran`);
    if (step.onDisturbed === 'keep' || run === DISTURBED_RUNS)
      return outcomes.map((outcome) => ({ ...outcome, disturbed }));
    work.onEvent(`step ${step.name} runs again: ${disturbed.join(', ')} went while it ran`);
    await work.whole();
  }
}

/** Runs the step once on every slot; where its own node is taken away, on the replacement instead. */
async function runStep(work: Work, step: StepSpec, token: string): Promise<StepOutcome[]> {
  const outcomes: StepOutcome[] = [];
  let slots = new Set(nodesOf(work, step).map((node) => node.slot));
  for (let generation = 1; slots.size > 0; generation += 1) {
    const nodes = nodesOf(work, step).filter((node) => slots.has(node.slot));
    const { done, lost } = await runOn(work, step, generation === 1 ? token : `${token}-g${String(generation)}`, nodes);
    outcomes.push(...done);
    if (lost.length === 0) return outcomes;
    if (step.onDisturbed === 'fail') throw failure('Interrupted', lost.map(lostText(step)).join('; '));
    for (const end of lost) work.onEvent(lostText(step)(end));
    slots = new Set(lost.map((end) => end.node.slot));
    const gone = new Set(lost.map((end) => end.node.instanceId));
    await work.taken(gone);
  }
  return outcomes;
}

export interface LostNode {
  node: Node;
  lost: string;
}

function lostText(step: StepSpec): (end: LostNode) => string {
  return ({ node, lost }) => `step ${step.name} lost ${node.slot} (${node.instanceId}): ${lost}`;
}

function nodesOf(work: Work, step: StepSpec): Node[] {
  return work.nodes().filter((node) => step.on.includes(node.component));
}

/** Runs a script once on each of the nodes and brings its outputs home. */
export async function runOn(
  work: Sending,
  step: StepSpec,
  token: string,
  nodes: Node[],
): Promise<{ done: Collected['outcomes']; lost: LostNode[] }> {
  const startedAt = Date.now();
  work.onEvent(`step ${step.name} starts on ${String(nodes.length)} nodes`);
  const regions = [...new Set(nodes.map((node) => node.region))];
  const ends = (await settleAll(regions.map((region) => runInRegion(work, step, token, region, nodes)))).flat();
  const seconds = (Date.now() - startedAt) / 1000;
  const reported = nodes.flatMap(({ instanceId, slot, region }) => {
    const end = ends.find((entry) => entry.instanceId === instanceId);
    return end !== undefined && 'report' in end ? [{ region, end: { instanceId, slot, report: end.report } }] : [];
  });
  const collected = await settleAll(
    [...new Set(reported.map(({ region }) => region))].map((region) => {
      const here = reported.filter((entry) => entry.region === region).map(({ end }) => end);
      return collect(work, step, token, region, here, seconds);
    }),
  );
  const lost = [...ends, ...collected.flatMap((part) => part.lost)].flatMap((end) => {
    const node = nodes.find((entry) => entry.instanceId === end.instanceId);
    return 'lost' in end && node !== undefined ? [{ node, lost: end.lost }] : [];
  });
  return { done: collected.flatMap((part) => part.outcomes), lost };
}

/** Runs the step on a region's nodes; when cancelled, ends it on the nodes before the cancellation goes on. */
async function runInRegion(
  work: Sending,
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
    peers: work.nodes(),
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

/** Brings the outputs of a region's nodes home, in one activity. */
async function collect(
  work: Sending,
  step: StepSpec,
  token: string,
  region: string,
  ends: Reported[],
  seconds: number,
): Promise<Collected> {
  const { target, experimentId, headBytes } = work;
  const resultBytes = resultBytesEach(work.outcomes(), ends.length);
  const whose = ends.length === 1 ? (ends[0]?.slot ?? '') : `${String(ends.length)} nodes`;
  const summary = `collect ${step.name} of ${whose}`;
  return transfers.collectStep.executeWithOptions({ summary }, [
    {
      target,
      experimentId,
      region,
      step,
      token,
      ends,
      seconds,
      resultBytes,
      ...(headBytes === undefined ? {} : { headBytes }),
    },
  ]);
}

/** The server warns of payloads above 512 KiB and takes none above 2 MiB; all results end in that of the workflow. */
const RESULTS_BYTES = 524_288;
/** A larger result is data and no answer. */
const RESULT_BYTES = 65_536;

/** How large the results of so many more nodes may be, each. */
function resultBytesEach(before: readonly StepOutcome[], nodes: number): number {
  const used = before.reduce((sum, { result }) => sum + (result === undefined ? 0 : JSON.stringify(result).length), 0);
  return Math.min(RESULT_BYTES, Math.floor(Math.max(0, RESULTS_BYTES - used) / nodes));
}
