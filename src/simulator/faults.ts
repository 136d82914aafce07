/** Which call goes wrong, and how? A plan of faults, matched against calls in the order they arrive. */
import type { Random } from './random';
import { matches } from './wildcard';

export type FaultEffect =
  | { error: string; status?: number; message?: string }
  | { throttle: true }
  | { delayMs: number }
  | { loseReply: true }
  | { expireTokens: true };

/** One rule. Without `nth` and `probability` it strikes every matching call, `times` times at most. */
export interface Fault {
  /** `ec2`, `ssm`, `tagging`, `sts` or a pattern; any service when left out. */
  service?: string;
  /** Operation name or a pattern with `*`. */
  operation: string;
  /** Region of the call or a pattern with `*`; any region when left out. */
  region?: string;
  /** Strikes the nth matching call only, counted from 1. */
  nth?: number;
  /** Strikes with this chance, 0 to 1. */
  probability?: number;
  times?: number;
  effect: FaultEffect;
}

export type FaultPlan = Fault[];

export interface FaultState {
  plan: FaultPlan;
  /** Per rule of the plan: calls that matched, and how often it struck. */
  counters: { matched: number; struck: number }[];
}

export function createFaults(plan: FaultPlan): FaultState {
  return { plan, counters: plan.map(() => ({ matched: 0, struck: 0 })) };
}

/** Counts the call against every rule and gives the effects that strike it, in the order of the plan. */
export function strike(
  state: FaultState,
  random: Random,
  { service, operation, region }: { service: string; operation: string; region: string },
): FaultEffect[] {
  const effects: FaultEffect[] = [];
  state.plan.forEach((fault, index) => {
    const counter = state.counters[index];
    if (!counter || !matches(fault.operation, operation)) return;
    if (!matches(fault.service ?? '*', service) || !matches(fault.region ?? '*', region)) return;
    counter.matched += 1;
    if (!strikes(fault, counter, random)) return;
    counter.struck += 1;
    effects.push(fault.effect);
  });
  return effects;
}

function strikes(fault: Fault, counter: { matched: number; struck: number }, random: Random): boolean {
  if (fault.times !== undefined && counter.struck >= fault.times) return false;
  if (fault.nth !== undefined && counter.matched !== fault.nth) return false;
  return fault.probability === undefined || random.next() < fault.probability;
}
