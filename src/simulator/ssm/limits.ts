/** Is an input within the limits that the SSM API documents? Refuses as its front end does: ValidationException. */
import { AwsError } from '../errors';

type Input = Record<string, unknown>;

interface Limits {
  min?: number;
  max?: number;
  pattern?: RegExp;
}

/** Checks numbers by value, texts and lists by length, and texts by pattern; absent members pass. */
export function checkLimits(input: Input, limits: Record<string, Limits>): void {
  for (const [name, limit] of Object.entries(limits)) {
    const value = input[name];
    if (value !== undefined && value !== null) check(name, value, limit);
  }
}

function check(name: string, value: unknown, { min, max, pattern }: Limits): void {
  const measure = typeof value === 'number' ? 'value' : 'length';
  const size = typeof value === 'number' ? value : (value as string | unknown[]).length;
  if (max !== undefined && size > max)
    throw refused(name, value, `Member must have ${measure} less than or equal to ${max}`);
  if (min !== undefined && size < min)
    throw refused(name, value, `Member must have ${measure} greater than or equal to ${min}`);
  if (pattern && typeof value === 'string' && !pattern.test(value)) {
    throw refused(name, value, `Member must satisfy regular expression pattern: ${pattern.source}`);
  }
}

function refused(name: string, value: unknown, why: string): AwsError {
  const member = name.charAt(0).toLowerCase() + name.slice(1);
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  return new AwsError(
    'ValidationException',
    `1 validation error detected: Value '${shown}' at '${member}' failed to satisfy constraint: ${why}`,
  );
}
