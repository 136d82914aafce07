/**
 * How long does a member with data of its own stay away? Its volume has to come along, so its next node is bought in
 * the same zone, the old one is drained and ended, and the volume is attached to the new one before it may be ready.
 */
import { instancesOf } from '../ledger';
import { afternoon, REGIONS, worst, type Afternoon } from '../losses';
import type { Bench } from '../metric';
import { TAG } from '../../../src/contracts/names';

export const statefulLoss: Bench = {
  name: 'stateful-loss',
  goals: [
    { name: 'simulator: notice to stateful replacement promoted, worst of 52', goal: 180, unit: 's' },
    { name: 'simulator: stateful replacements in another zone', goal: 0, unit: 'nodes' },
  ],
  async run(stack) {
    const happened = await afternoon(stack, 'stateful', { volumes: [{ sizeGiB: 10, follows: 'slot' }] });
    const moved = happened.ids.map((id) => movedOf(happened, id)).reduce((sum, count) => sum + count, 0);
    return [
      worst(happened.losses.map((loss) => loss.promoted)),
      { value: moved, note: `in ${String(REGIONS.length)} experiments` },
    ];
  },
};

/** Slots whose instances were in more than one zone. */
function movedOf({ ledger }: Afternoon, experimentId: string): number {
  const zones = new Map<string, Set<string>>();
  for (const { tags, zone = '' } of instancesOf(ledger, experimentId)) {
    const slot = tags[TAG.slot];
    if (slot !== undefined) zones.set(slot, (zones.get(slot) ?? new Set()).add(zone));
  }
  return [...zones.values()].filter((seen) => seen.size > 1).length;
}
