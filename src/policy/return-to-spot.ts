/** When does a slot that had to be bought on-demand go back to spot? After calm, seldom, and when no step is hurt. */
import type { InterruptionRecord } from '../contracts/failover';
import type { Node, StepOutcome } from '../contracts/messages';
import type { ComponentSpec, ExperimentSpec, StepSpec } from '../schemas/experiment';

/** Everything the answer is made from. */
export interface ReturnQuestion {
  spec: {
    market: ExperimentSpec['market'];
    components: Readonly<Record<string, Pick<ComponentSpec, 'market' | 'onInterruption'>>>;
    /** In seconds. */
    returnAfter: number;
  };
  nodes: readonly Node[];
  records: readonly Pick<InterruptionRecord, 'slot' | 'detectedAt'>[];
  /** Epoch milliseconds since which each instance is known. */
  since: Readonly<Record<string, number>>;
  /** Epoch milliseconds of the last try of each slot, whatever came of it. */
  tried: Readonly<Record<string, number>>;
}

/** A slot to go back, not before a time in epoch milliseconds. */
export interface Return {
  node: Node;
  atMs: number;
}

/**
 * The slots that are to go back to spot, each with its time: `returnAfter` past the launch of its node, the last loss
 * of the slot and the last try. So a slot is tried at most once in that time, whatever happens.
 *
 *     on-demand since 12:00 for want of spot, returnAfter 1h -> 13:00; spot still refuses -> 14:00
 *     back on spot at 13:02, lost at 13:30, on-demand again  -> 14:30
 *     market on-demand, or a component that does not replace its nodes one by one -> never
 */
export function returnsOf({ spec, nodes, records, since, tried }: ReturnQuestion): Return[] {
  return nodes.flatMap((node) => {
    const part = spec.components[node.component];
    const mayBuySpot = (part?.market ?? spec.market) === 'spot-then-on-demand';
    const launchedMs = since[node.instanceId];
    if (node.market === 'spot' || !mayBuySpot || part?.onInterruption !== 'replace' || launchedMs === undefined)
      return [];
    const losses = records.filter((record) => record.slot === node.slot).map((record) => Date.parse(record.detectedAt));
    const calmSince = Math.max(launchedMs, tried[node.slot] ?? -Infinity, ...losses);
    return [{ node, atMs: calmSince + spec.returnAfter * 1000 }];
  });
}

/** The step that runs now: the first without an outcome; undefined when there is none. */
export function stepUnderWay(
  steps: readonly StepSpec[],
  outcomes: readonly Pick<StepOutcome, 'name'>[],
): StepSpec | undefined {
  return steps[new Set(outcomes.map((outcome) => outcome.name)).size];
}

/** Whether a node may be changed for money's sake: not under a step that runs on it, or that suffers no change at all. */
export function mayDisturb(step: Pick<StepSpec, 'on' | 'onDisturbed'> | undefined, component: string): boolean {
  return step === undefined || (step.onDisturbed === 'keep' && !step.on.includes(component));
}
