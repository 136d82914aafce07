/** Which experiments of a schedule run now, and are they told to stop? */
import { UPDATE } from '../contracts/messages';
import { parseWith } from '../schemas/parse';
import { stopSchema } from '../schemas/stop';
import { invalidInput } from './failure';
import type { TemporalPort } from './temporal-port';

export function createStopActivities({ temporal }: { temporal: TemporalPort }) {
  return {
    /** Parses the input of `stop`; answers with the experiments of the schedule that Temporal lists as running. */
    async admitStop(input: unknown): Promise<string[]> {
      const parsed = parseWith(stopSchema, input);
      if (!parsed.ok) throw invalidInput(parsed.problems);
      return temporal.runningOf(parsed.value.schedule);
    },

    /** Has them torn down in order; answers with those that were not over already. */
    async stopExperiments({ ids }: { ids: string[] }): Promise<string[]> {
      const heard = await Promise.all(ids.map((id) => temporal.update(id, UPDATE.stop)));
      return ids.filter((_, index) => heard[index]);
    },
  };
}

export type StopActivities = ReturnType<typeof createStopActivities>;
