/** How do experiments share what a region's pools answered? They tell and ask the region's `capacity` workflow. */
import type { CapacityNews, PoolMemory } from '../contracts/capacity';
import { QUERY, SIGNAL } from '../contracts/messages';
import { capacityWorkflowId } from '../contracts/names';
import { blocksIn } from '../policy/capacity-input';
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
  return {
    /** What all experiments learnt; nothing is blocked where nobody has told anything. */
    async readCapacity({ target, region }: ReadCapacityInput): Promise<PoolMemory> {
      return { blocks: blocksIn(await temporal.query(capacityWorkflowId(target, region), QUERY.memory)) };
    },

    /** Tells what one launch request taught; telling it twice says no more than once. */
    async tellCapacity({ target, region, news }: TellCapacityInput): Promise<void> {
      await temporal.signalWithStart('capacity', capacityWorkflowId(target, region), {}, SIGNAL.told, news);
    },
  };
}

export type CapacityActivities = ReturnType<typeof createCapacityActivities>;
