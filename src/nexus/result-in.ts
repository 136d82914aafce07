/** What did an experiment that failed leave behind? Its result travels in the failure of whoever waited for it. */
import type { ExperimentResult } from '../contracts/messages';

/**
 * The result in a failure that a workflow caught from an operation or a child workflow; undefined when nothing was made,
 * and for a cancellation, whose details Temporal does not keep.
 */
export function resultIn(error: unknown): ExperimentResult | undefined {
  for (let at = error; at instanceof Error; at = at.cause) {
    const [detail] = ('details' in at && Array.isArray(at.details) ? at.details : []) as unknown[];
    if (isResult(detail)) return detail;
  }
  return undefined;
}

function isResult(detail: unknown): detail is ExperimentResult {
  return typeof detail === 'object' && detail !== null && 'experimentId' in detail && 'certificate' in detail;
}
