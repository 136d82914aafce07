/** What of an experiment is kept outside of Temporal? */
import type { ResultStore } from '../results/port';
import { beating } from './beating';

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
      const text = `${JSON.stringify(input.content, undefined, 2)}\n`;
      return beating(() => results.put(input.experimentId, input.name, text));
    },
  };
}

export type RecordActivities = ReturnType<typeof createRecordActivities>;
