/**
 * Do ten experiments on the same dry pools ask them ten times as often as one?
 *
 * No spot pool of the spec's types has capacity, so each experiment ends up on demand. Three worlds: one experiment
 * alone, ten started 10 s apart, ten started at once. A refused pool request is one pool that refused one launch call,
 * by the ledger's fleets; the second number is the most refused launch calls of one experiment.
 */
import { setTimeout as pause } from 'node:timers/promises';
import type { WorkflowHandle } from '@temporalio/client';
import { TAG } from '../../../src/contracts/names';
import type { LedgerDocument } from '../../../src/simulator';
import type { Bench } from '../metric';
import { bare } from '../specs';
import type { Stack } from '../stack';
import { untilPhase } from '../watch';

const TEN = 10;
const APART_MS = 10_000;
const DRY = [{ region: '*', zone: '*', type: '*', market: 'spot' as const, capacity: 0 }];

export const sharedRefusals: Bench = {
  name: 'shared-refusals',
  goals: [
    { name: 'refused pool requests, ten experiments 10 s apart against one', goal: 1.2, unit: 'times' },
    { name: 'refused launch calls of an experiment, ten started together', goal: 2, unit: 'calls' },
  ],
  async run(stack) {
    const [alone, apart, together] = await Promise.all([
      refusedOf(stack, 1, 0),
      refusedOf(stack, TEN, APART_MS),
      refusedOf(stack, TEN, 0),
    ]);
    const pools = (refused: Refused): number => refused.reduce((sum, one) => sum + one.pools, 0);
    if (pools(alone) === 0) throw new Error('nothing was refused');
    const calls = together.map((one) => one.calls);
    return [
      { value: pools(apart) / pools(alone), note: `${String(pools(apart))} against ${String(pools(alone))}` },
      { value: Math.max(...calls), note: `${String(pools(together))} refused pool requests in ${String(TEN)}` },
    ];
  },
};

type Refused = { calls: number; pools: number }[];

/** Per experiment. */
async function refusedOf(stack: Stack, count: number, apartMs: number): Promise<Refused> {
  const world = await stack.world({ capacity: DRY });
  const handles: WorkflowHandle[] = [];
  for (let index = 0; index < count; index += 1) {
    if (index > 0) await pause(apartMs);
    handles.push(await world.start(`dry-${String(index)}`, bare(2)));
  }
  for (const handle of handles) await untilPhase(handle, ['Configuring', 'Ready'], 240_000);
  const ledger = await world.ledger();
  for (const handle of handles) await handle.terminate('measured');
  await world.close();
  return handles.map(({ workflowId }) => refusedIn(ledger, workflowId));
}

function refusedIn({ resources }: LedgerDocument, experimentId: string): Refused[number] {
  const fleets = resources.filter(({ type, tags }) => type === 'fleet' && tags[TAG.experimentId] === experimentId);
  const refused = fleets.map((fleet) => fleet.refused ?? 0).filter((pools) => pools > 0);
  return { calls: refused.length, pools: refused.reduce((sum, pools) => sum + pools, 0) };
}
