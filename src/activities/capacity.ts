/** How do experiments share what a region's pools answered? They tell and ask the region's `capacity` workflow. */
import type { CapacityNews, CapacityView } from '../contracts/capacity';
import { QUERY, SIGNAL } from '../contracts/messages';
import { capacityWorkflowId } from '../contracts/names';
import { blocksIn, openIn } from '../policy/capacity-input';
import type { Target } from './target';
import type { TemporalPort } from './temporal-port';

export interface ReadCapacityInput {
  target: Target;
  region: string;
}

export interface TellCapacityInput extends ReadCapacityInput {
  news: CapacityNews;
}

export function createCapacityActivities({ temporal }: { temporal: TemporalPort }) {
  const underWay = new Map<string, Promise<unknown>>();
  return {
    /**
     * What all experiments learnt; nothing is blocked where nobody has told anything. Who reads at the same moment
     * shares one query: Temporal refuses further ones to a workflow that is about to run (BusyWorkflow).
     */
    async readCapacity({ target, region }: ReadCapacityInput): Promise<Pick<CapacityView, 'blocks' | 'open'>> {
      const id = capacityWorkflowId(target, region);
      const query = underWay.get(id) ?? temporal.query(id, QUERY.memory).finally(() => underWay.delete(id));
      underWay.set(id, query);
      const answer = await query;
      return { blocks: blocksIn(answer), open: openIn(answer) };
    },

    /** Tells what one launch request taught; telling it twice says no more than once. */
    async tellCapacity({ target, region, news }: TellCapacityInput): Promise<void> {
      await temporal.signalWithStart('capacity', capacityWorkflowId(target, region), {}, SIGNAL.told, news);
    },
  };
}

export type CapacityActivities = ReturnType<typeof createCapacityActivities>;
