/** How are many seeds of cleanup run? On a few lanes beside each other, each seed told as it ends. */
import { startLab } from '../../support/lab';
import { startWorkerProcess } from '../../support/worker-process';
import { drawCleanup } from './draw';
import { undergoCleanup, type CleanupLane, type CleanupOutcome } from './undergo';

export async function runCleanupSeeds(
  seeds: readonly number[],
  lanes: number,
  tell: (outcome: CleanupOutcome) => void,
): Promise<CleanupOutcome[]> {
  const left = [...seeds];
  const outcomes: CleanupOutcome[] = [];
  const work = async (lane: CleanupLane): Promise<void> => {
    for (let seed = left.shift(); seed !== undefined; seed = left.shift()) {
      const outcome = await undergoCleanup(lane, drawCleanup(seed));
      outcomes.push(outcome);
      tell(outcome);
    }
  };
  const open = await Promise.all(Array.from({ length: lanes }, openLane));
  try {
    await Promise.all(open.map(work));
  } finally {
    await Promise.all(open.map(close));
  }
  return outcomes;
}

async function openLane(): Promise<CleanupLane> {
  const lab = await startLab({ worker: false });
  return { lab, worker: await startWorkerProcess(lab) };
}

async function close({ lab, worker }: CleanupLane): Promise<void> {
  await worker.kill();
  await lab.close();
}

/** The one command that repeats a seed. */
export function repeatCleanup(seed: number): string {
  return `npm run chaos -- cleanup --seeds 1 --seed ${String(seed)}`;
}

export function cleanupLine({ seed, kind, seconds, verdict, wrongs }: CleanupOutcome): string {
  const facts = `${kind}, ${seconds.toFixed(0)} s: ${verdict}`;
  if (wrongs.length === 0) return `seed ${String(seed)} ok, ${facts}`;
  return [`seed ${String(seed)} FAILED, ${facts}`, ...wrongs, repeatCleanup(seed)].join('\n    ');
}

export function cleanupSummary(outcomes: readonly CleanupOutcome[]): string {
  const counts = new Map<string, number>();
  for (const { kind, verdict } of outcomes)
    counts.set(`${kind} ${verdict}`, (counts.get(`${kind} ${verdict}`) ?? 0) + 1);
  const ends = [...counts].map(([end, count]) => `${String(count)} ${end}`).join(', ');
  return `cleanups: ${ends}; ${String(outcomes.filter(({ wrongs }) => wrongs.length > 0).length)} seeds failed`;
}
