/** What does a benchmark tell? */
import type { Stack } from './stack';

export interface Metric {
  name: string;
  /** Null when it could not be measured; then it does not hold. */
  value: number | null;
  /** Null where the number is only stated; then it holds once it is measured. */
  goal: number | null;
  unit: string;
  holds: boolean;
  /** For the table: what the number is made of. */
  note: string;
}

/** One file of `metrics/`: it builds its own worlds on the stack and closes them. */
export interface Bench {
  /** What `--only` names. */
  name: string;
  /** Every metric it gives; a run that throws shows them as not measured. */
  goals: Goal[];
  /** Values in the order of `goals`. */
  run(stack: Stack): Promise<(Measured | NotMeasured)[]>;
}

export interface Goal {
  name: string;
  /** The value holds when it is at most this; absent: it is only stated. */
  goal?: number;
  unit: string;
}

export interface Measured {
  value: number;
  note: string;
}

export interface NotMeasured {
  problem: string;
}

/** The reason in one line, for the table. */
export function notMeasured(error: unknown): NotMeasured {
  const text = error instanceof Error ? error.message : String(error);
  return { problem: text.split('\n')[0] ?? '' };
}

/** The goal with what was measured, or with the reason why nothing was. */
export function metric({ name, unit, ...rest }: Goal, measured: Measured | NotMeasured): Metric {
  const goal = rest.goal ?? null;
  if ('problem' in measured) return { name, value: null, goal, unit, holds: false, note: measured.problem };
  const value = Math.round(measured.value * 1000) / 1000;
  return { name, value, goal, unit, holds: goal === null || value <= goal, note: measured.note };
}
