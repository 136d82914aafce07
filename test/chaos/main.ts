/**
 * `npm run chaos`: does every experiment survive, or end as declared, whatever is done to it, and is every certificate
 * of a cleanup true?
 *
 *     npm run chaos -- experiment --seeds 1000            seeds 1 to 1000, some seconds each on every lane
 *     npm run chaos -- experiment --seeds 1 --seed 123    this one again
 *     npm run chaos -- cleanup --seeds 500                two of three in a storm, the third without a permission
 *
 * Ends with 1 when a seed failed; each of those is printed with the command that repeats it.
 */
import { parseArgs } from 'node:util';
import setUp from '../support/global-setup';
import tearDown from '../support/global-teardown';
import { cleanupLine, cleanupSummary, runCleanupSeeds } from './cleanup/run';
import type { Outcome } from './ordeal';
import { repeat, runSeeds } from './run';

/** They mostly wait, so two cores carry several; a kill loads a worker anew, which takes a core for seconds. */
const LANES = 12;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seeds: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
  });
  const [count, first, kind] = [Number(values.seeds), Number(values.seed), positionals.join()];
  const isRight = Number.isInteger(count) && count >= 1 && Number.isInteger(first);
  if (!isRight || (kind !== 'experiment' && kind !== 'cleanup'))
    throw new Error('usage: npm run chaos -- experiment|cleanup --seeds N [--seed S]');
  const seeds = Array.from({ length: count }, (_, index) => first + index);
  const startedAt = Date.now();
  await setUp();
  try {
    const lanes = Math.min(LANES, count);
    const { failed, said } = kind === 'cleanup' ? await cleanups(seeds, lanes) : await experiments(seeds, lanes);
    const minutes = (Date.now() - startedAt) / 60_000;
    say(`${String(count)} seeds in ${minutes.toFixed(1)} min, ${(count / minutes).toFixed(1)} a minute`);
    say(said);
    if (failed) process.exitCode = 1;
  } finally {
    await tearDown();
  }
}

async function experiments(seeds: number[], lanes: number): Promise<{ failed: boolean; said: string }> {
  const outcomes = await runSeeds(seeds, lanes, (outcome) => say(lineOf(outcome)));
  return { failed: outcomes.some(({ wrongs }) => wrongs.length > 0), said: summary(outcomes) };
}

async function cleanups(seeds: number[], lanes: number): Promise<{ failed: boolean; said: string }> {
  const outcomes = await runCleanupSeeds(seeds, lanes, (outcome) => say(cleanupLine(outcome)));
  return { failed: outcomes.some(({ wrongs }) => wrongs.length > 0), said: cleanupSummary(outcomes) };
}

function lineOf({ seed, seconds, ends, taken, promoted, wrongs, story }: Outcome): string {
  const facts = `${seconds.toFixed(0)} s, ${String(taken)} taken, ${String(promoted)} replaced: ${ends.join(', ')}`;
  if (wrongs.length === 0) return `seed ${String(seed)} ok, ${facts}`;
  return [`seed ${String(seed)} FAILED, ${facts}`, ...wrongs, repeat(seed), ...story].join('\n    ');
}

function summary(outcomes: Outcome[]): string {
  const counts = new Map<string, number>();
  for (const end of outcomes.flatMap(({ ends }) => ends)) counts.set(end, (counts.get(end) ?? 0) + 1);
  const ends = [...counts].map(([end, count]) => `${String(count)} ${end}`).join(', ');
  const sum = (field: 'taken' | 'promoted'): string => String(outcomes.reduce((total, one) => total + one[field], 0));
  const failed = outcomes.filter(({ wrongs }) => wrongs.length > 0).length;
  return `experiments: ${ends}; ${sum('taken')} machines taken, ${sum('promoted')} slots filled again; ${String(failed)} seeds failed`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().then(
  () => process.exit(),
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exit(1);
  },
);
