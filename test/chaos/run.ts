/** How are many seeds run? On a few lanes beside each other, each seed told as it ends. */
import { draw } from './draw';
import { openLane, type Lane } from './lane';
import { undergo, type Outcome } from './ordeal';

export async function runSeeds(
  seeds: readonly number[],
  lanes: number,
  tell: (outcome: Outcome) => void,
): Promise<Outcome[]> {
  const left = [...seeds];
  const outcomes: Outcome[] = [];
  const work = async (lane: Lane): Promise<void> => {
    for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
      const outcome = await undergo(lane, draw(seed));
      outcomes.push(outcome);
      tell(outcome);
    }
  };
  const open = await Promise.all(Array.from({ length: lanes }, openLane));
  try {
    await Promise.all(open.map(work));
  } finally {
    await Promise.all(open.map((lane) => lane.close()));
  }
  return outcomes;
}

/** The one command that repeats a seed. */
export function repeat(seed: number): string {
  return `npm run chaos -- experiment --seeds 1 --seed ${String(seed)}`;
}
