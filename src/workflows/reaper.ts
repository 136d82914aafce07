/** Who ends what everybody else forgot? One round: find experiments by tags, judge them, start cleanups. */
import {
  ChildWorkflowCancellationType,
  getExternalWorkflowHandle,
  ParentClosePolicy,
  setCurrentDetails,
  startChild,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';
import type { HoldingsReply, ReaperPlan } from '../activities/reaper';
import { SIGNAL, type CleanupInput } from '../contracts/messages';
import { cleanupWorkflowId } from '../contracts/names';
import type { FoundExperiment, ReaperGroup, ReaperReport, ReaperRow, WorkflowStanding } from '../contracts/reaper';
import { actions, isOurs, joined, judge, REAPED, sharedIds } from '../policy/reaper';
import { reaperDetails } from '../policy/reaper-details';
import { looks, reads } from './activity-proxies';
import { admitted, causeOf, settleAll, wasCancelled } from './failure';
import { cleanup } from './cleanup';

/** Groups in the order in which they want something. */
const ORDER: readonly ReaperGroup[] = ['expired', 'orphaned', 'malformed', 'warn', 'good', 'foreign'];

/**
 * Finds every experiment of its installation by tags alone, in all regions, and says of each whether it is good, near
 * its end, expired, orphaned or malformed. With `apply` it starts the cleanup of what is expired or orphaned and does
 * not wait for it: the next round sees what is still there. Never touches what another installation made.
 */
export async function reaper(input: unknown): Promise<ReaperReport> {
  const summary = 'check the input, list the regions';
  const plan = await admitted(() => reads.admitReaper.executeWithOptions({ summary }, [input]));
  const found = await settleAll(plan.regions.map((region) => look(plan, region)));
  const experiments = joined(found.flatMap((one) => one.experiments));
  const rows = await judged(plan, experiments);
  const report: ReaperReport = {
    installation: plan.installation,
    account: plan.target.account,
    apply: plan.apply,
    at: new Date(Date.now()).toISOString(),
    regions: plan.regions,
    experiments: plan.others ? rows : rows.filter((row) => row.group !== 'foreign'),
    unread: found.flatMap((one) => one.unread),
  };
  await act(plan, report.experiments);
  setCurrentDetails(reaperDetails(report));
  return report;
}

/** A region that fails as a whole is named and keeps nothing else from being reaped. */
async function look({ target }: ReaperPlan, region: string): Promise<HoldingsReply> {
  try {
    return await looks.findExperiments.executeWithOptions({ summary: `what lives in ${region}` }, [{ target, region }]);
  } catch (error) {
    if (wasCancelled(error)) throw error;
    return { experiments: [], unread: [`${region}: ${causeOf(error).message}`] };
  }
}

async function judged(plan: ReaperPlan, experiments: FoundExperiment[]): Promise<ReaperRow[]> {
  const ids = experiments.filter((one) => isOurs(one, plan.installation)).map((one) => one.experimentId);
  const workflows = await standings(ids, `what runs the ${String(ids.length)} experiments`);
  const rules = {
    contested: sharedIds(experiments),
    installation: plan.installation,
    nowMs: Date.now(),
    graceMs: plan.grace * 1000,
    orphanGraceMs: plan.orphanGrace * 1000,
    warnMs: plan.warn * 1000,
  };
  return experiments
    .map((one): ReaperRow => ({ ...one, ...judge(one, workflows[one.experimentId], rules) }))
    .sort((a, b) => ORDER.indexOf(a.group) - ORDER.indexOf(b.group) || (a.experimentId < b.experimentId ? -1 : 1));
}

async function standings(ids: string[], summary: string): Promise<Record<string, WorkflowStanding>> {
  return ids.length === 0 ? {} : looks.standingsOf.executeWithOptions({ summary }, [{ ids }]);
}

async function act(plan: ReaperPlan, rows: ReaperRow[]): Promise<void> {
  const due = rows.filter((row) => REAPED.includes(row.group)).map(({ experimentId }) => experimentId);
  const known = await standings(due.map(cleanupWorkflowId), `cleanups of ${String(due.length)} experiments`);
  const cleanups = Object.fromEntries(
    due.flatMap((id) => {
      const one = known[cleanupWorkflowId(id)];
      return one === undefined ? [] : [[id, one]];
    }),
  );
  const decided = actions(rows, cleanups, plan);
  for (const row of rows) {
    const action = decided[row.experimentId];
    if (action === undefined || !REAPED.includes(row.group)) continue;
    row.action = action === 'started' ? await startCleanup(plan, row) : action;
  }
}

/** A cleanup that somebody else started meanwhile does the same work. It goes on after this round. */
async function startCleanup(plan: ReaperPlan, row: ReaperRow): Promise<'started' | 'under way'> {
  const { experimentId } = row;
  const input: CleanupInput = {
    experimentId,
    target: plan.target,
    ...(plan.everywhere ? {} : { regions: plan.regions }),
    ...(plan.settle === undefined ? {} : { settleSeconds: plan.settle }),
  };
  await tellWorkflow(row);
  try {
    await startChild(cleanup, {
      workflowId: cleanupWorkflowId(experimentId),
      args: [input],
      parentClosePolicy: ParentClosePolicy.ABANDON,
      cancellationType: ChildWorkflowCancellationType.ABANDON,
      staticSummary: `reap ${experimentId}: ${row.reason}`.slice(0, 200),
    });
    return 'started';
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'under way';
    throw error;
  }
}

/**
 * A workflow that outlived its lease reads in its timeline what happens to its nodes. It is not terminated: whatever it
 * still makes carries the same end of lease, and goes with the next round.
 */
async function tellWorkflow({ experimentId, group, reason }: ReaperRow): Promise<void> {
  if (group !== 'expired') return;
  try {
    await getExternalWorkflowHandle(experimentId).signal(SIGNAL.note, `the reaper deletes what is left: ${reason}`);
  } catch (error) {
    if (wasCancelled(error)) throw error; // otherwise nobody is there to be told
  }
}
