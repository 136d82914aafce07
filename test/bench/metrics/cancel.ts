/**
 * How soon after a cancel are the nodes told to end, whatever the experiment was doing?
 *
 * One experiment per phase in which it can own nodes, cancelled as the Temporal UI cancels. The time runs from the
 * cancel call until EC2 was asked to terminate the first of its instances (their end in the ledger, less the drawn
 * time it takes). In Provisioning the cancel comes a second into a launch call of about five: nothing can be
 * terminated before its answer. Collecting is held open by slow CreateTags calls, which it waits for. In Planning there are no
 * nodes, and TearingDown begins with that call.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import type { ExperimentInput } from '../../../src/schemas/experiment';
import type { LedgerDocument, ScenarioPatch } from '../../../src/simulator';
import { instancesOf, launchesOf, type LedgerResource } from '../ledger';
import { notMeasured, type Bench, type Measured } from '../metric';
import { cluster } from '../specs';
import type { World } from '../stack';
import { pendingActivities, until, untilPhase } from '../watch';

const COUNTS = { zookeeper: 2, bookkeeper: 2, broker: 2, client: 1 };
const LIMIT_MS = 240_000;
/** Termination takes 25 to 40 s in the scenario: a node asked before the first that ended has ended by then. */
const LONGER_MS = 16_000;
/** A launch call that is refused for its form is answered sooner. */
const LAUNCHING_MS = 1000;

const SCENARIO: ScenarioPatch = {
  nodes: {
    default: {
      steps: [
        { match: 'long', seconds: 600 },
        { match: 'broken', exitCode: 1 },
        { match: 'short', seconds: 1 },
      ],
    },
  },
  // 7 nodes at 3 s each: names are still being written when the short step has ended.
  faults: [{ operation: 'CreateTags', effect: { delayMs: 3000 } }],
};

interface Case {
  phase: string;
  spec: ExperimentInput;
  /** Resolves when it is time to cancel. */
  moment: (handle: WorkflowHandle) => Promise<unknown>;
}

const CASES: Case[] = [
  {
    phase: 'Provisioning',
    spec: cluster(COUNTS),
    moment: (handle) =>
      until('a launch', LIMIT_MS, async () => {
        const launches = (await pendingActivities(handle)).filter(({ type }) => type === 'launch');
        return launches.find(({ isRunning, startedAt }) => isRunning && Date.now() - startedAt > LAUNCHING_MS);
      }),
  },
  { phase: 'Configuring', spec: cluster(COUNTS), moment: (handle) => inside(handle, 'Configuring') },
  { phase: 'Ready', spec: cluster(COUNTS), moment: (handle) => inside(handle, 'Ready') },
  { phase: 'Running', spec: withStep('long'), moment: (handle) => inside(handle, 'Running') },
  { phase: 'Collecting', spec: withStep('short'), moment: (handle) => untilPhase(handle, ['Collecting'], LIMIT_MS) },
  { phase: 'Held', spec: { ...withStep('broken'), onFailure: 'hold' }, moment: (handle) => inside(handle, 'Held') },
];

export const cancel: Bench = {
  name: 'cancel',
  goals: CASES.map(({ phase }) => ({ name: `cancel to first TerminateInstances, ${phase}`, goal: 5, unit: 's' })),
  async run(stack) {
    const world = await stack.world(SCENARIO);
    const results = await Promise.all(CASES.map((one) => measure(world, one).catch(notMeasured)));
    await world.close();
    return results;
  },
};

function withStep(run: string): ExperimentInput {
  return cluster(COUNTS, { steps: [{ name: 'work', on: 'client', run }] });
}

/** Some seconds into the phase, when what it does is under way. */
async function inside(handle: WorkflowHandle, phase: 'Configuring' | 'Ready' | 'Running' | 'Held'): Promise<void> {
  await untilPhase(handle, [phase], LIMIT_MS);
  await pause(4000);
}

async function measure(world: World, { phase, spec, moment }: Case): Promise<Measured> {
  const handle = await world.start(phase, spec);
  await moment(handle);
  const cancelledAt = Date.now();
  await handle.cancel();
  const endedNow = (ledger: LedgerDocument): LedgerResource[] =>
    instancesOf(ledger, handle.workflowId).filter(({ endedAt }) => endedAt !== undefined);
  await until('the end of the first node', LIMIT_MS, async () =>
    endedNow(await world.ledger()).length > 0 ? true : undefined,
  );
  await pause(LONGER_MS);
  const ledger = await world.ledger();
  const ended = endedNow(ledger);
  const asked = ended.map(({ endedAt = 0, draws }) => endedAt - (draws['terminate'] ?? 0));
  const answered = Math.max(...launchesOf(ledger, handle.workflowId).map(({ answeredAt }) => answeredAt));
  const launching = Math.max(0, answered - cancelledAt) / 1000;
  await handle.terminate('measured').catch(() => undefined); // it may have ended meanwhile
  const nodes = instancesOf(ledger, handle.workflowId).length;
  const late = launching === 0 ? '' : `; the launch call answered ${launching.toFixed(2)} s after the cancel`;
  const note = `${ended.length} of ${nodes} nodes had ended when this was read${late}`;
  return { value: (Math.min(...asked) - cancelledAt) / 1000, note };
}
