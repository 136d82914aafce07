/** How does a cleanup end? Its certificate is kept, a later look is arranged, and the verdict is its result or failure. */
import { ParentClosePolicy, startChild, workflowInfo, ChildWorkflowCancellationType } from '@temporalio/workflow';
import type { Kept } from '../activities/certificate';
import type { CleanupInput, CleanupResult } from '../contracts/messages';
import { recheckWorkflowId } from '../contracts/names';
import { carried, certificateEntries, certificateFrame, leftOf, type CertificateFrame } from '../policy/certificate';
import type { CleanupView } from '../policy/cleanup-details';
import { inPayloads } from '../policy/sightings';
import { mutations } from './activity-proxies';
import { seenParts, type Sweep } from './cleanup-sweep';
import { causeOf, failure } from './failure';

/** What is shown of a cleanup. */
export function viewOf(sweep: Sweep, end?: CleanupView['end']): CleanupView {
  const { plan, entries, cells, doing } = sweep;
  const left = doing === 'done' ? leftOf(sweep) : [];
  const view = { experimentId: plan.experimentId, regions: plan.regions, doing, entries, cells, left };
  return end === undefined ? view : { ...view, end };
}

/** Keeps the certificate and turns its verdict into the end of the workflow. */
export async function conclude(sweep: Sweep, stopped: boolean): Promise<CleanupResult> {
  sweep.doing = 'done';
  const left = leftOf(sweep);
  const frame = frameOf(sweep);
  const { experimentId, verdict } = frame;
  const kept = await keep(sweep, frame);
  const resources = Object.keys(sweep.entries).length;
  const result: CleanupResult = { experimentId, verdict, resources, left: carried(left), ...kept };
  if (verdict === 'clean') await arrangeRecheck(sweep, result);
  sweep.publish({ verdict, digest: kept.digest, document: kept.document });
  if (verdict === 'clean') return result;
  throw incomplete(
    `${stopped ? 'stopped on request; ' : ''}${verdict}: ${String(left.length)} left of ${experimentId}`,
    result,
  );
}

/** The failure of every cleanup that is not clean: what is left, line by line, and the result as its details. */
export function incomplete(headline: string, result: CleanupResult): Error {
  return failure('CleanupIncomplete', [headline, ...result.left].join('\n'), result);
}

function frameOf(sweep: Sweep): CertificateFrame {
  const { plan, startedAt } = sweep;
  const times = { startedAt: new Date(startedAt).toISOString(), finishedAt: new Date(Date.now()).toISOString() };
  const applied = plan.apply === undefined ? {} : { plan: plan.apply };
  const head = { experimentId: plan.experimentId, account: plan.target.account, regions: plan.regions };
  return certificateFrame({ ...head, ...times, ...applied }, sweep);
}

/** A disk that refuses ten times in a row needs a person, and cleanup must still end. */
export const KEEPING = { retry: { maximumAttempts: 10 } } as const;

/** A certificate that cannot be kept does not change what is true of AWS; the result says why there is none. */
async function keep(sweep: Sweep, frame: CertificateFrame): Promise<Kept> {
  const all = inPayloads(certificateEntries(sweep.entries));
  const last = all.pop() ?? [];
  const { experimentId, verdict } = frame;
  const parts = all.map((_part, index) => `${workflowInfo().runId}-${String(index + 1)}`);
  try {
    for (const [index, resources] of all.entries()) {
      const summary = `keep part ${String(index + 1)} of the certificate`;
      const part = { experimentId, name: parts[index] ?? '', resources };
      await mutations.saveCertificatePart.executeWithOptions({ summary, ...KEEPING }, [part]);
    }
    return await mutations.saveCertificate.executeWithOptions(
      { summary: `keep the certificate: ${verdict}`, ...KEEPING },
      [{ frame, parts, resources: last }],
    );
  } catch (error) {
    return { document: `not kept: ${causeOf(error).message}`, digest: '' };
  }
}

/**
 * Starts the look that comes when AWS has stopped to show what was deleted. It is a workflow of its own, so that the
 * verdict waits for nobody; a later cleanup of the same id takes its place with a later one.
 */
async function arrangeRecheck({ plan, entries }: Sweep, { digest }: CleanupResult): Promise<void> {
  const { experimentId, regions, target, recheckSeconds, limitSeconds } = plan;
  const recheck = { afterSeconds: recheckSeconds, certificate: digest };
  const input: CleanupInput & { recheck: object } = { experimentId, regions, target, limitSeconds, recheck };
  await startChild('cleanup', {
    workflowId: recheckWorkflowId(experimentId),
    args: [input, null, ...seenParts(entries)],
    workflowIdReusePolicy: 'TERMINATE_IF_RUNNING',
    parentClosePolicy: ParentClosePolicy.ABANDON,
    cancellationType: ChildWorkflowCancellationType.ABANDON,
    staticSummary: `look again after ${experimentId}`.slice(0, 200),
  });
}
