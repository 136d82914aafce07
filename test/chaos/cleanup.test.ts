/** A share of the seeds of `npm run chaos -- cleanup`: is nothing left, nothing foreign gone, and no certificate untrue? */
import { repeatCleanup, runCleanupSeeds } from './cleanup/run';

/** Two storms, and one that stays blind. */
const SEEDS = [1, 3, 4];

it('cleanups in a seeded storm leave nothing of theirs and touch nothing of others, and blind ones say so', async () => {
  const outcomes = await runCleanupSeeds(SEEDS, 2, () => undefined);

  const failed = outcomes.filter(({ wrongs }) => wrongs.length > 0);
  expect(failed.map(({ seed, wrongs }) => [repeatCleanup(seed), ...wrongs])).toEqual([]);
  expect(outcomes).toHaveLength(SEEDS.length);
}, 900_000);
