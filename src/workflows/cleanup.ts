/** How does an experiment leave AWS? By its tags alone, looked for and deleted until two looks in a row find nothing. */
import { CancellationScope, defineQuery, setCurrentDetails, setHandler, sleep } from '@temporalio/workflow';
import type { CleanupAdmission } from '../activities/cleanup';
import type { Certificate } from '../contracts/inventory';
import { QUERY, type CleanupResult, type CleanupStatus } from '../contracts/messages';
import { assembleCertificate, carried, unreadable } from '../policy/certificate';
import { cleanupDetails, cleanupStatus, type CleanupView } from '../policy/cleanup-details';
import { alive } from '../policy/deletion';
import { mutations, reads } from './activity-proxies';
import { clearRegion, look, type Sweep } from './cleanup-sweep';
import { admitted, causeOf, failure, settleAll, wasCancelled } from './failure';

/** Before a region that was throttled or broken is read again: EC2's read bucket refills in five seconds. */
const UNREAD_PAUSE_MS = 5000;

const cleanupStatusQuery = defineQuery<CleanupStatus>(QUERY.status);

/**
 * Deletes everything that carries an experiment's two ownership tags, and certifies that nothing is left.
 *
 * Completes only with the verdict `clean`, and after a dry run; otherwise fails with `CleanupIncomplete`, what is left
 * in message and details. Needs the experiment's id and nothing that any workflow remembers. Never deletes what lacks
 * a tag. When cancelled it stops where it is and says what it saw.
 */
export async function cleanup(input: unknown): Promise<CleanupResult> {
  let view: CleanupView = { experimentId: '', regions: [], doing: 'checking', entries: {}, cells: {}, left: [] };
  setHandler(cleanupStatusQuery, () => cleanupStatus(view), {
    description: 'What lives, what is ending, what is gone',
  });
  const summary = 'check the input, list the regions';
  const plan = await admitted(() => reads.admitCleanup.executeWithOptions({ summary }, [input]));
  const sweep = begin(plan, (now) => {
    view = now;
    setCurrentDetails(cleanupDetails(now));
  });
  let stopped = false;
  try {
    await sweepAll(sweep);
  } catch (error) {
    if (!wasCancelled(error)) throw error;
    stopped = true;
  }
  return CancellationScope.nonCancellable(() => conclude(sweep, stopped));
}

function begin(plan: CleanupAdmission, show: (view: CleanupView) => void): Sweep {
  const startedAt = Date.now();
  const sweep: Sweep = {
    plan,
    entries: {},
    cells: {},
    confirmed: false,
    doing: 'looking',
    startedAt,
    deadline: startedAt + plan.limitSeconds * 1000,
    publish: () => {
      show(viewOf(sweep));
    },
  };
  const { regionsUnreadable } = plan;
  if (regionsUnreadable !== undefined) {
    const cell = { region: '*', subject: 'regions', api: 'DescribeRegions', pages: 0, live: 0 };
    sweep.cells['*/regions'] = { ...cell, at: new Date(startedAt).toISOString(), unreadable: regionsUnreadable };
  }
  return sweep;
}

function viewOf(sweep: Sweep): CleanupView {
  const { plan, entries, cells, doing } = sweep;
  const left = doing === 'done' ? documentOf(sweep).left : [];
  return { experimentId: plan.experimentId, regions: plan.regions, doing, entries, cells, left };
}

/** Looks, deletes what it found, and looks again, until two looks far enough apart found nothing or nothing moves. */
async function sweepAll(sweep: Sweep): Promise<void> {
  const settleMs = sweep.plan.settleSeconds * 1000;
  let quietSince: number | undefined;
  for (;;) {
    const lookedAt = Date.now();
    await lookEverywhere(sweep, quietSince !== undefined);
    if (alive(sweep.entries).length > 0) {
      quietSince = undefined;
      if (sweep.plan.dryRun || Date.now() >= sweep.deadline || !(await clearAll(sweep))) return;
      continue;
    }
    sweep.confirmed = sweep.plan.dryRun || (quietSince !== undefined && lookedAt - quietSince >= settleMs);
    if (sweep.confirmed && !mayYetBeRead(sweep)) return;
    quietSince ??= Date.now();
    await settle(sweep, quietSince + settleMs - Date.now());
  }
}

async function settle(sweep: Sweep, leftMs: number): Promise<void> {
  tell(sweep, 'settling');
  const pauseMs = Math.max(sweep.confirmed ? UNREAD_PAUSE_MS : 1, leftMs);
  await sleep(pauseMs, { summary: 'nothing found; look again after the indexes had time to catch up' });
}

/** Something was throttled or broken and not refused: a verdict before the limit would be given too early. */
function mayYetBeRead(sweep: Sweep): boolean {
  return Date.now() < sweep.deadline && unreadable(sweep.cells).some((cell) => cell.transient === true);
}

async function lookEverywhere(sweep: Sweep, confirming: boolean): Promise<void> {
  tell(sweep, confirming ? 'settling' : 'looking');
  await settleAll(sweep.plan.regions.map((region) => look(sweep, region, confirming)));
}

/** Clears all regions beside each other; false when nothing moved anywhere. */
async function clearAll(sweep: Sweep): Promise<boolean> {
  tell(sweep, 'deleting');
  const moved = await settleAll(sweep.plan.regions.map((region) => clearRegion(sweep, region)));
  return moved.includes(true);
}

function tell(sweep: Sweep, doing: CleanupStatus['doing']): void {
  sweep.doing = doing;
  sweep.publish();
}

function documentOf(sweep: Sweep): Certificate {
  const { plan, startedAt } = sweep;
  const head = { experimentId: plan.experimentId, account: plan.target.account, regions: plan.regions };
  const times = { startedAt: new Date(startedAt).toISOString(), finishedAt: new Date(Date.now()).toISOString() };
  return assembleCertificate({ ...head, ...times }, sweep);
}

/** Keeps the certificate and turns its verdict into the end of the workflow. */
async function conclude(sweep: Sweep, stopped: boolean): Promise<CleanupResult> {
  tell(sweep, 'done');
  const certificate = documentOf(sweep);
  const { experimentId, verdict, left, resources } = certificate;
  const result: CleanupResult = {
    experimentId,
    verdict,
    resources: resources.length,
    left: carried(left),
    ...(await keep(certificate)),
    ...(sweep.plan.dryRun ? { dryRun: true } : {}),
  };
  if (verdict === 'clean' || (sweep.plan.dryRun && !stopped)) return result;
  const headline = `${stopped ? 'stopped on request; ' : ''}${verdict}: ${String(left.length)} left of ${experimentId}`;
  throw failure('CleanupIncomplete', [headline, ...result.left].join('\n'), result);
}

/** A disk that refuses ten times in a row needs a person, and cleanup must still end. */
const KEEPING = { retry: { maximumAttempts: 10 } } as const;

/** A certificate that cannot be kept does not change what is true of AWS; the result says why there is none. */
async function keep(certificate: Certificate): Promise<{ document: string; digest: string }> {
  try {
    return await mutations.saveCertificate.executeWithOptions(
      { summary: `keep the certificate: ${certificate.verdict}`, ...KEEPING },
      [{ certificate }],
    );
  } catch (error) {
    return { document: `not kept: ${causeOf(error).message}`, digest: '' };
  }
}
