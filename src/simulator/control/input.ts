/** How does a control call refuse what it is given? With a ControlError: a status and one line. */
import { checkRecord, type Shape } from '../checks';
import type { World } from '../world/state';

export type Body = Record<string, unknown>;

/** Answers a control request; throws ControlError for a bad one. */
export type Control = (world: World, body: Body) => unknown;

export class ControlError extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Refuses a body that is not of this shape with 400. */
export function checkBody(where: string, body: unknown, shape: Shape): void {
  orBadRequest(() => checkRecord(where, body, shape));
}

/** Turns what a check throws into a 400 with the same line. */
export function orBadRequest<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof ControlError) throw error;
    throw new ControlError(400, error instanceof Error ? error.message : String(error));
  }
}

export function numberOr(value: unknown, fallback: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new ControlError(400, `expected a number, got ${JSON.stringify(value)}`);
  return value;
}
