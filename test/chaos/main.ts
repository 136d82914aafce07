/**
 * `npm run chaos`: does every experiment survive, or end as declared, whatever is done to it?
 *
 *     npm run chaos -- experiment --seeds 1000            seeds 1 to 1000, some seconds each on every lane
 *     npm run chaos -- experiment --seeds 1 --seed 123    this one again
 *
 * Ends with 1 when a seed failed; each of those is printed with the command that repeats it.
 */
import { parseArgs } from 'node:util';
import setUp from '../support/global-setup';
import tearDown from '../support/global-teardown';
import type { Outcome } from './ordeal';
import { repeat, runSeeds } from './run';

/** They mostly wait, so two cores carry several; a kill loads a worker anew, which takes a core for seconds. */
const LANES = 12;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { seeds: { type: 'string', default: '20' }, seed: { type: 'string', default: '1' } },
  });
  const [count, first] = [Number(values.seeds), Number(values.seed)];
  if (positionals.join() !== 'experiment' || !(count >= 1) || !Number.isInteger(count) || !Number.isInteger(first))
    throw new Error('usage: npm run chaos -- experiment --seeds N [--seed S]');
  const seeds = Array.from({ length: count }, (_, index) => first + index);
  const startedAt = Date.now();
  await setUp();
  try {
    const outcomes = await runSeeds(seeds, Math.min(LANES, count), (outcome) => say(lineOf(outcome)));
    const minutes = (Date.now() - startedAt) / 60_000;
    say(`${String(count)} seeds in ${minutes.toFixed(1)} min, ${(count / minutes).toFixed(1)} a minute`);
    say(summary(outcomes));
    if (outcomes.some(({ wrongs }) => wrongs.length > 0)) process.exitCode = 1;
  } finally {
    await tearDown();
  }
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
