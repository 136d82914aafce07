/** Is this the first experiment under its request id? Temporal forgets closed workflows, the result store does not. */
import type { ExperimentResult } from '../contracts/messages';
import type { ResultStore } from '../results/port';

export interface ClaimInput {
  experimentId: string;
  /** SHA-256 of the spec as it was given. */
  specDigest: string;
  /** The first run of this execution: a reset keeps it, a later start under the same id has another. */
  firstRunId: string;
}

/**
 * `first`: go on. `repeated`: an earlier run did it, and left this result. `other-spec`: the request id was used for
 * another spec, with this digest. `unfinished`: an earlier run began and left no result; doing it again might do it
 * twice.
 */
export type Claim =
  | { verdict: 'first' }
  | { verdict: 'repeated'; result: ExperimentResult }
  | { verdict: 'other-spec' | 'unfinished'; at: string };

type Kept = Omit<ClaimInput, 'experimentId'> & { at: string };

const CLAIM = 'request.json';

export function createClaimActivities({ results }: { results: ResultStore }) {
  return {
    /** Writes down which run a request id belongs to, or says what came of it before. */
    async claimRequest({ experimentId, specDigest, firstRunId }: ClaimInput): Promise<Claim> {
      const text = await results.get(experimentId, CLAIM);
      if (text === undefined) {
        const kept: Kept = { specDigest, firstRunId, at: new Date().toISOString() };
        await results.put(experimentId, CLAIM, `${JSON.stringify(kept, undefined, 2)}\n`);
        return { verdict: 'first' };
      }
      const kept = JSON.parse(text) as Kept;
      if (kept.firstRunId === firstRunId) return { verdict: 'first' };
      if (kept.specDigest !== specDigest) return { verdict: 'other-spec', at: kept.at };
      const result = await results.get(experimentId, 'experiment.json');
      if (result === undefined) return { verdict: 'unfinished', at: kept.at };
      return { verdict: 'repeated', result: withoutTimeline(result) };
    },
  };
}

export type ClaimActivities = ReturnType<typeof createClaimActivities>;

/** The document holds the timeline too, which is no part of a result. */
function withoutTimeline(document: string): ExperimentResult {
  const kept = JSON.parse(document) as ExperimentResult & { timeline?: unknown };
  delete kept.timeline;
  return kept;
}
