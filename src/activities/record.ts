/** What of an experiment is kept outside of Temporal? */
import type { ResultStore } from '../results/port';

export interface RecordInput {
  experimentId: string;
  /** A path below the experiment's folder, such as `experiment.json`. */
  name: string;
  /** Plain data, written as JSON. */
  content: unknown;
}

export function createRecordActivities({ results }: { results: ResultStore }) {
  return {
    /** Writes one document, over an older one of that name; answers where it is. */
    async record(input: RecordInput): Promise<string> {
      return results.put(input.experimentId, input.name, `${JSON.stringify(input.content, undefined, 2)}\n`);
    },
  };
}

export type RecordActivities = ReturnType<typeof createRecordActivities>;
