/**
 * How long does an experiment think after a refusal?
 *
 * Four experiments walk through four regions in which nothing is to be had, each beginning in another: wanted and
 * wider types on spot, then on-demand, moves to the next region (survey, security group, templates) included. The
 * number is the longest time from the answer to a launch request until the same experiment's next one, of all gaps.
 */
import type { LedgerDocument } from '../../../src/simulator';
import { launchesOf } from '../ledger';
import type { Bench } from '../metric';
import { bare } from '../specs';
import type { Stack } from '../stack';
import { untilPhase } from '../watch';

const REGIONS = ['us-west-2', 'us-east-1', 'us-east-2', 'eu-west-1'];
/** The promise is about the worst of this many. */
const GAPS = 50;

export const refusalToNext: Bench = {
  name: 'refusal-to-next',
  goals: [{ name: 'refusal to next request, worst of 50', goal: 2, unit: 's' }],
  async run(stack) {
    const ledgers = await Promise.all(REGIONS.map((_, index) => walk(stack, index)));
    const gaps = ledgers.flatMap(({ ledger, id }) => {
      const requests = launchesOf(ledger, id);
      return requests.slice(1).map((request, index) => {
        const before = requests[index];
        return {
          seconds: (request.askedAt - (before?.answeredAt ?? 0)) / 1000,
          moves: request.region !== before?.region,
        };
      });
    });
    if (gaps.length < GAPS) throw new Error(`only ${String(gaps.length)} gaps`);
    return [{ value: worst(gaps), note: noteOf(gaps) }];
  },
};

/** A world of its own each: in one world the second experiment would learn from the first and ask nobody. */
async function walk(stack: Stack, first: number): Promise<{ ledger: LedgerDocument; id: string }> {
  const world = await stack.world({ capacity: [{ region: '*', zone: '*', type: '*', market: '*', capacity: 0 }] });
  const regions = [...REGIONS.slice(first), ...REGIONS.slice(0, first)];
  const handle = await world.start('walk', bare(10, { regions }));
  await untilPhase(handle, ['TearingDown'], 300_000);
  const ledger = await world.ledger();
  await handle.terminate('measured');
  await world.close();
  return { ledger, id: handle.workflowId };
}

interface Gap {
  seconds: number;
  moves: boolean;
}

function worst(gaps: Gap[]): number {
  return Math.max(...gaps.map(({ seconds }) => seconds));
}

function noteOf(gaps: Gap[]): string {
  const [stays, moves] = [false, true].map((kind) => gaps.filter(({ moves: is }) => is === kind));
  const sorted = gaps.map(({ seconds }) => seconds).sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  return `${gaps.length} gaps, median ${median.toFixed(2)} s; worst within a region ${worst(stays ?? []).toFixed(2)} s, with a move of region ${worst(moves ?? []).toFixed(2)} s`;
}
