/** What is the life of an experiment? Admission, work under the lease, a hold when wanted, and always teardown. */
import { CancellationScope, allHandlersFinished, condition, sleep, workflowInfo } from '@temporalio/workflow';
import type { Admission } from '../activities/admission';
import type { CleanupResult, ExperimentResult } from '../contracts/messages';
import { reads } from './activity-proxies';
import { announcePhases } from './announce';
import { earlierResult, listenForClaim } from './claim';
import { listen } from './controls';
import { conclude, endingOf, keep, resultOf, type Ending } from './ending';
import { causeOf, failure, reasonOf, wasCancelled } from './failure';
import { holdIfWanted } from './hold';
import { listenForExtensions } from './lease';
import { listenForReplacements } from './replace-node';
import { begin, type Run } from './run';
import { listenForCommands } from './run-command';
import { announce, newRunState, setNodes, setPhase, type RunState } from './run-state';
import { tearDown } from './teardown';
import { isTemplate, showTemplate } from './template';
import { labour } from './work';

/**
 * Runs an experiment. The workflow id is the experiment id and the value of the `ExperimentID` tag.
 *
 * Completes with the result when its work is done and nothing is left; otherwise fails with a type of the closed
 * table and the result in the details. Cleanup is part of every way out but termination, and it is owed from the
 * moment before the first creation.
 */
export async function experiment(input: unknown): Promise<ExperimentResult> {
  // Nobody waits for what a template gives: it stands in a form, and in no list of ours.
  if (isTemplate()) return showTemplate(input) as Promise<never>;
  const { workflowId } = workflowInfo();
  const state = newRunState(workflowId, Date.now());
  const work = new CancellationScope();
  const controls = listen(state, work);
  listenForReplacements(state, controls);
  let run: Run | undefined = undefined;
  listenForExtensions(state, () => run);
  listenForClaim(state);
  announce(state);
  const admission = await admit(state, input);
  const earlier = await earlierResult(state);
  if (earlier !== undefined) return earlier;
  run = begin(admission, state, controls);
  listenForCommands(run);
  const announced = announcePhases(run);
  const ending = await live(run, work);
  await holdIfWanted(run, ending);
  const certificate = await CancellationScope.nonCancellable(() => end(run, ending));
  await CancellationScope.nonCancellable(announced);
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
    // An extension only lengthens, so it is early enough to see it then. A condition with a limit would hold 15 KiB.
    await sleep(leftMs, { summary: `the lease ends at ${until} unless it is extended` });
  }
  run.controls.expired = true;
  work.cancel();
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
  setNodes(state, [], []);
  const phase = certificate.verdict === 'clean' ? ending.phase : 'Failed';
  setPhase(state, phase, ending.reason, ending.message);
  await keep(run, 'experiment.json', { ...resultOf(run, ending, certificate), timeline: state.status.timeline });
  return certificate;
}
