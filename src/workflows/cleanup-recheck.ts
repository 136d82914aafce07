/** Does something live again that a certificate calls gone? One look after AWS's ghosts have gone; it never deletes. */
import { sleep } from '@temporalio/workflow';
import type { CleanupAdmission } from '../activities/cleanup-admission';
import type { Recheck } from '../contracts/inventory';
import type { CleanupResult } from '../contracts/messages';
import { carried, leftOf, verdictOf } from '../policy/certificate';
import { mutations } from './activity-proxies';
import { incomplete, KEEPING } from './cleanup-end';
import { look, type Sweep } from './cleanup-sweep';
import { settleAll } from './failure';

/**
 * Looks once at every kind by its tags, at the indexes and at every id that the certificate names. Completes when
 * nothing lives and everything could be read; otherwise fails with `CleanupIncomplete` and the list.
 */
export async function recheck(sweep: Sweep, wanted: NonNullable<CleanupAdmission['recheck']>): Promise<CleanupResult> {
  const { plan } = sweep;
  if (wanted.afterSeconds !== undefined) {
    sweep.doing = 'waiting';
    sweep.publish();
    await sleep(wanted.afterSeconds * 1000, { summary: 'AWS shows what was deleted for an hour; look after it' });
  }
  sweep.doing = 'looking';
  // A worker of the right account may be gone for good by now, so it is not waited for without end.
  const limit = { scheduleToCloseTimeout: plan.limitSeconds * 1000 };
  await settleAll(plan.regions.map((region) => look(sweep, region, false, limit)));
  sweep.doing = 'done';
  sweep.confirmed = true;
  const outcome = outcomeOf(sweep, wanted.certificate ?? '');
  const summary = `keep what was found: ${outcome.verdict}`;
  const kept = await mutations.saveRecheck.executeWithOptions({ summary, ...KEEPING }, [{ outcome }]);
  sweep.publish({ verdict: outcome.verdict, ...kept });
  const { experimentId, verdict, resources, left } = outcome;
  const result: CleanupResult = { experimentId, verdict, resources, left, ...kept };
  if (verdict === 'clean') return result;
  throw incomplete(`after the certificate of ${experimentId}: ${verdict}, ${String(left.length)} left or back`, result);
}

function outcomeOf(sweep: Sweep, certificate: string): Recheck {
  const { plan, entries } = sweep;
  return {
    format: 'holdfast.recheck/1',
    experimentId: plan.experimentId,
    account: plan.target.account,
    verdict: verdictOf(sweep),
    certificate,
    resources: Object.keys(entries).length,
    left: carried(leftOf(sweep)),
    at: new Date(Date.now()).toISOString(),
  };
}
