/** How does a handler read its input? By name and kind; decoders have already given every value its kind. */
import { AwsError } from '../errors';

export type Input = Record<string, unknown>;

export function text(input: Input, name: string): string | undefined {
  const value = input[name];
  return typeof value === 'string' ? value : undefined;
}

export function number(input: Input, name: string): number | undefined {
  const value = input[name];
  return typeof value === 'number' ? value : undefined;
}

export function flag(input: Input, name: string): boolean | undefined {
  const value = input[name];
  return typeof value === 'boolean' ? value : undefined;
}

export function texts(input: Input, name: string): string[] {
  const value = input[name];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === 'string') : [];
}

export function record(input: Input, name: string): Input | undefined {
  const value = input[name];
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Input) : undefined;
}

export function records(input: Input, name: string): Input[] {
  const value = input[name];
  return Array.isArray(value) ? value.filter((item): item is Input => typeof item === 'object' && item !== null) : [];
}

/** The text, or MissingParameter. */
export function need(input: Input, name: string): string {
  const value = text(input, name);
  if (value === undefined || value === '') throw missing(name);
  return value;
}

export function missing(name: string): AwsError {
  return new AwsError('MissingParameter', `The request must contain the parameter ${name}`);
}

export function invalid(name: string, value: unknown, why: string): AwsError {
  return new AwsError('InvalidParameterValue', `Value (${String(value)}) for parameter ${name} is invalid. ${why}`);
}

/** Leaves out members that are undefined, so that optional ones are absent and not empty. */
export function defined(members: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined));
}
