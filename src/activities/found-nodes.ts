/** Which slot does each instance of an experiment hold, by its tags alone? */
import type { InstanceView } from '../aws/ports';
import type { Node } from '../contracts/messages';
import { slotName, TAG } from '../contracts/names';
import { plainNode } from './launch';

/** A slot that is written on the instance holds; the others are given by sorted id, as provisioning did. */
export function asSlots(views: (InstanceView & { region: string })[]): Node[] {
  const sorted = holders(views).sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
  const written = new Set(sorted.map((view) => view.tags[TAG.slot]));
  const next: Record<string, number> = {};
  const firstFree = (component: string): string => {
    const ordinal = next[component] ?? 0;
    next[component] = ordinal + 1;
    const slot = slotName(component, ordinal);
    return written.has(slot) ? firstFree(component) : slot;
  };
  return sorted.map((view) => {
    const component = view.tags[TAG.component] ?? '';
    const slot = view.tags[TAG.slot] ?? firstFree(component);
    const address = view.privateIp === undefined ? {} : { privateIp: view.privateIp };
    return { ...plainNode(view), slot, component, generation: 1, region: view.region, ...address };
  });
}

/** Of several instances with one slot written on them, the one that lives, or else the newest, holds it. */
function holders<T extends InstanceView>(views: T[]): T[] {
  const isBetter = (one: T, other: T): boolean =>
    hasEnded(one) === hasEnded(other) ? one.launchedAt > other.launchedAt : hasEnded(other);
  return views.filter((view) => {
    const slot = view.tags[TAG.slot];
    return slot === undefined || !views.some((other) => other.tags[TAG.slot] === slot && isBetter(other, view));
  });
}

function hasEnded({ state }: InstanceView): boolean {
  return state === 'shutting-down' || state === 'terminated';
}
