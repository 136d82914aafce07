/** What is the life of an experiment? Provision, prove ready, run the steps, collect, and always tear down. */
import {
  CancellationScope,
  CancelledFailure,
  allHandlersFinished,
  condition,
  workflowInfo,
  type ApplicationFailure,
} from '@temporalio/workflow';
import type { Admission } from '../activities/admission';
import type { CleanupResult, ExperimentResult, Node, Phase, Reason } from '../contracts/messages';
import type { FailureType } from '../contracts/failures';
import type { Ownership } from '../contracts/names';
import { looks, mutations, reads } from './activity-proxies';
import { listen, type Controls } from './controls';
import { causeOf, failure, reasonOf, wasCancelled } from './failure';
import { guarded, isWhole, type Failover } from './failover';
import type { Provisioning } from './fill';
import { provisionNodes, replaceNodes, type Provisioned } from './provision';
import { proveReady, type Cascade } from './readiness';
import { announce, describeRun, newRunState, setNodes, setPhase, tell, publish, type RunState } from './run-state';
import { runSteps } from './steps';
import { tearDown } from './teardown';
import { knowVolumes } from './volumes';

/** How it ended, before teardown has had its say. */
interface Ending {
  phase: Phase;
  reason?: Reason;
  message?: string;
  /** The failure type to end the workflow with; absent when it completes. */
  failsWith?: FailureType;
}

interface Run {
  admission: Admission;
  state: RunState;
  controls: Controls;
  ownership: Ownership;
}

/**
 * Runs an experiment. The workflow id is the experiment id and the value of the `ExperimentID` tag.
 *
 * Completes with the result when its work is done and nothing is left; otherwise fails with a type of the closed
 * table and the result in the details. Cleanup is part of every way out but termination, and it is owed from the
 * moment before the first creation.
 */
export async function experiment(input: unknown): Promise<ExperimentResult> {
  const { workflowId } = workflowInfo();
  const state = newRunState(workflowId, Date.now());
  const work = new CancellationScope();
  const controls = listen(state, work);
  announce(state);
  const admission = await admit(state, input);
  const run = begin(admission, state, controls);
  const ending = await live(run, work);
  await holdIfWanted(run, ending);
  const certificate = await CancellationScope.nonCancellable(() => end(run, ending));
  await CancellationScope.nonCancellable(() => condition(allHandlersFinished));
  return conclude(run, ending, certificate);
}

/** Terminal mistakes of the input become the workflow's own failure, so that the UI shows their lines first. */
async function admit(state: RunState, input: unknown): Promise<Admission> {
  try {
    return await reads.admitExperiment.executeWithOptions({ summary: 'check the spec' }, [input]);
  } catch (error) {
    if (wasCancelled(error)) throw error;
    const { type, message } = causeOf(error);
    setPhase(state, 'Failed', reasonOf(type), message);
    throw failure(type, message);
  }
}

function begin(admission: Admission, state: RunState, controls: Controls): Run {
  const { spec, installation, owner } = admission;
  const { status } = state;
  status.expiresAt = new Date(Date.now() + spec.lease * 1000).toISOString();
  status.name = spec.name;
  status.owner = owner;
  status.desired = Object.fromEntries(Object.entries(spec.components).map(([name, part]) => [name, part.count]));
  const isScheduled = workflowInfo()
    .typedSearchAttributes.getAll()
    .some((pair) => pair.key.name === 'TemporalScheduledById');
  describeRun(state, isScheduled ? 'schedule' : 'start');
  const ownership: Ownership = {
    experimentId: status.experimentId,
    installation,
    project: spec.project,
    owner,
    expiresAt: status.expiresAt,
    extra: spec.tags,
  };
  return { admission, state, controls, ownership };
}

/** The work under the lease: whichever ends first. Never throws. */
async function live(run: Run, work: CancellationScope): Promise<Ending> {
  const watch = new CancellationScope();
  const lease = watch.run(() => watchLease(run, work)).catch(() => undefined);
  try {
    await work.run(() => labour(run));
    return { phase: 'Done' };
  } catch (error) {
    work.cancel(); // naming may still go on beside the work that failed
    return endingOf(run, error);
  } finally {
    watch.cancel();
    await CancellationScope.nonCancellable(() => lease);
  }
}

async function watchLease(run: Run, work: CancellationScope): Promise<void> {
  const { status } = run.state;
  for (;;) {
    const until = status.expiresAt;
    const leftMs = Date.parse(until) - Date.now();
    if (leftMs <= 0) break;
    await condition(() => status.expiresAt !== until, leftMs, { summary: `the lease ends at ${until}` });
  }
  run.controls.expired = true;
  work.cancel();
}

async function labour(run: Run): Promise<void> {
  const { state, admission } = run;
  await keep(run, 'spec.json', admission.spec);
  setPhase(state, 'Provisioning');
  const provisioning = provisioningOf(run);
  const provisioned = await provisionNodes(provisioning);
  setNodes(state, provisioned.nodes);
  state.status.region = provisioned.nodes[0]?.region ?? '';
  void keepSentinel(run, provisioned.nodes);
  setPhase(state, 'Configuring');
  const cascade = cascadeOf(run, provisioning, provisioned);
  const nodes = await knowVolumes(provisioning, await proveReady(cascade, provisioned.nodes));
  setNodes(state, nodes);
  setPhase(state, 'Ready');
  const naming = nameNodes(run, nodes);
  const failover = failoverOf(run, { provisioning, provisioned, cascade });
  await guarded(failover, () => workOn(run, failover));
  await naming;
}

async function workOn(run: Run, failover: Failover): Promise<void> {
  const { state, admission } = run;
  const { spec, target } = admission;
  const { status } = state;
  if (spec.steps.length === 0) {
    await condition(() => run.controls.released);
    return;
  }
  setPhase(state, 'Running');
  await runSteps({
    target,
    experimentId: status.experimentId,
    firstRunId: workflowInfo().firstExecutionRunId,
    spec,
    nodes: () => status.nodes,
    replaced: () =>
      status.interruptions.filter((record) => record.newInstance !== undefined).map((record) => record.slot),
    whole: () => condition(() => isWhole(failover)),
    taken: (gone) => condition(() => !status.nodes.some((node) => gone.has(node.instanceId))),
    onStep: (outcome) => {
      status.steps = [...status.steps, outcome];
      tell(state, `step ${outcome.name} on ${outcome.slot} exited ${String(outcome.exitCode)}`);
    },
    onEvent: (text) => {
      tell(state, text);
    },
  });
  setPhase(state, 'Collecting');
}

function failoverOf(run: Run, parts: Pick<Failover, 'provisioning' | 'provisioned' | 'cascade'>): Failover {
  const { state, controls } = run;
  const { status } = state;
  return {
    ...parts,
    reported: controls.reported,
    records: status.interruptions,
    nodes: () => status.nodes,
    progress: () => status.progress,
    promote: (nodes) => {
      setNodes(state, nodes);
      void nameNodes(
        run,
        nodes.filter((node) => node.generation > 1),
      );
    },
    onChange: () => {
      publish(state);
    },
  };
}

function provisioningOf(run: Run): Provisioning {
  const { state, admission, ownership } = run;
  return {
    target: admission.target,
    spec: admission.spec,
    ownership,
    onAttempt: (attempt) => {
      state.status.attempts = [...state.status.attempts, attempt];
      publish(state);
    },
    onEvent: (text) => {
      tell(state, text);
    },
  };
}

function cascadeOf(run: Run, provisioning: Provisioning, provisioned: Provisioned): Cascade {
  const { state, admission } = run;
  return {
    target: admission.target,
    experimentId: state.status.experimentId,
    spec: admission.spec,
    onProgress: (progress) => {
      state.status.progress = progress;
      publish(state);
    },
    onEvent: (text) => {
      tell(state, text);
    },
    replace: async (lost) => {
      const fresh = await replaceNodes(provisioning, provisioned, lost);
      const lostIds = new Set(lost.map(({ node }) => node.instanceId));
      setNodes(state, [...state.status.nodes.filter((node) => !lostIds.has(node.instanceId)), ...fresh]);
      return fresh;
    },
  };
}

/** Between two checks that the region's sentinel runs: a sentinel that was ended costs no more than this. */
const SENTINEL_CHECK_MS = 30_000;

/** Has the nodes watched for as long as the work goes on. */
async function keepSentinel(run: Run, nodes: Node[]): Promise<void> {
  const regions = [...new Set(nodes.map((node) => node.region))];
  const { target } = run.admission;
  const summary = `have ${regions.join(', ')} watched`;
  await looks.ensureSentinel
    .executeWithOptions({ summary }, [{ target, regions, pollMs: SENTINEL_CHECK_MS }])
    .catch((error: unknown) => {
      if (!wasCancelled(error)) tell(run.state, `nobody watches for interruptions: ${causeOf(error).message}`);
    });
}

/** Names follow at their own pace, and an experiment that ends earlier does without. */
async function nameNodes(run: Run, nodes: Node[]): Promise<void> {
  const { target } = run.admission;
  const { experimentId } = run.state.status;
  for (const region of new Set(nodes.map((node) => node.region))) {
    const names = nodes
      .filter((node) => node.region === region)
      .map(({ instanceId, slot, volumes = [] }) => ({
        instanceId,
        slot,
        name: `${experimentId} ${slot}`.slice(0, 256),
        ...(volumes.length === 0 ? {} : { volumes: volumes.map(({ volumeId }) => volumeId) }),
      }));
    const summary = `name ${String(names.length)} nodes in ${region}`;
    await mutations.nameNodes
      .executeWithOptions({ summary, ...NAMING }, [{ target, region, names }])
      .catch((error: unknown) => {
        if (!wasCancelled(error)) tell(run.state, `names are missing: ${causeOf(error).message}`);
      });
  }
}

/** 500 nodes at the 5 calls a second that CreateTags sustains for one account take 100 s; twice that is enough. */
const NAMING = { startToCloseTimeout: '5m', heartbeatTimeout: '30s', retry: { maximumAttempts: 3 } } as const;

function endingOf(run: Run, error: unknown): Ending {
  if (!wasCancelled(error)) {
    const { type, message } = causeOf(error);
    return { phase: 'Failed', reason: reasonOf(type), message, failsWith: type };
  }
  if (run.controls.expired) return expiry(run);
  return { phase: 'Cancelled', reason: 'User', message: run.controls.stopped ? 'stopped' : 'cancelled' };
}

/** A cluster without steps lives until its lease ends, which is no failure. */
function expiry(run: Run): Ending {
  const message = `the lease ended at ${run.state.status.expiresAt}`;
  const isExpected = run.admission.spec.steps.length === 0;
  return { phase: 'Expired', reason: 'Timeout', message, ...(isExpected ? {} : { failsWith: 'Timeout' }) };
}

/** A failed experiment is kept for a look when its spec says so, for no longer than its hold lasts. */
async function holdIfWanted(run: Run, ending: Ending): Promise<void> {
  const { state, controls, admission } = run;
  const wanted = controls.hold || (ending.phase === 'Failed' && admission.spec.onFailure === 'hold');
  if (!wanted || ending.phase === 'Cancelled' || ending.phase === 'Expired' || state.status.nodes.length === 0) return;
  setPhase(state, 'Held', ending.reason, ending.message ?? 'held on request');
  try {
    const isReleased = await condition(() => controls.released, admission.spec.holdFor * 1000, {
      summary: 'held for a look until released',
    });
    tell(state, isReleased ? 'released' : 'the hold ran out');
  } catch (error) {
    if (!wasCancelled(error)) throw error;
    tell(state, 'released by cancellation');
  }
}

async function end(run: Run, ending: Ending): Promise<CleanupResult> {
  const { state } = run;
  setPhase(state, 'TearingDown', ending.reason, ending.message);
  const { experimentId } = state.status;
  const certificate = await tearDown({
    experimentId,
    regions: run.admission.spec.regions,
    settleSeconds: run.admission.spec.settle,
    target: run.admission.target,
  });
  state.status.cleanup = { verdict: certificate.verdict, left: certificate.left, digest: certificate.digest };
  setNodes(state, []);
  const phase = certificate.verdict === 'clean' ? ending.phase : 'Failed';
  setPhase(state, phase, ending.reason, ending.message);
  await keep(run, 'experiment.json', { ...resultOf(run, ending, certificate), timeline: state.status.timeline });
  return certificate;
}

/** Keeping a document must never stop an experiment: a full disk is told and passed over. */
async function keep(run: Run, name: string, content: unknown): Promise<void> {
  const { experimentId } = run.state.status;
  await mutations.record
    .executeWithOptions({ summary: `keep ${name}`, retry: { maximumAttempts: 5 } }, [{ experimentId, name, content }])
    .catch((error: unknown) => {
      if (wasCancelled(error)) throw error;
      tell(run.state, `${name} could not be kept: ${causeOf(error).message}`);
    });
}

function resultOf(run: Run, ending: Ending, certificate: CleanupResult): ExperimentResult {
  const { status, everyNode } = run.state;
  const { verdict, resources, left, digest, document } = certificate;
  return {
    experimentId: status.experimentId,
    phase: verdict === 'clean' ? ending.phase : 'Failed',
    nodes: everyNode,
    attempts: status.attempts,
    steps: status.steps,
    interruptions: status.interruptions,
    cost: status.cost,
    certificate: { verdict, resources, left, digest, document },
    results: run.admission.results,
    ...(ending.reason === undefined ? {} : { reason: ending.reason }),
    ...(ending.message === undefined ? {} : { message: ending.message }),
  };
}

function conclude(run: Run, ending: Ending, certificate: CleanupResult): ExperimentResult {
  const result = resultOf(run, ending, certificate);
  if (certificate.verdict !== 'clean') throw incomplete(result);
  if (ending.failsWith !== undefined) throw failure(ending.failsWith, ending.message ?? ending.failsWith, result);
  if (ending.phase === 'Cancelled' && !run.controls.stopped)
    throw new CancelledFailure('cancelled and cleaned up', [result]);
  return result;
}

function incomplete(result: ExperimentResult): ApplicationFailure {
  const { verdict, left } = result.certificate;
  return failure('CleanupIncomplete', [`cleanup ended ${verdict}:`, ...left].join('\n'), result);
}
