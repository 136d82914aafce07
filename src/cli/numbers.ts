/** How are numbers on the command line checked? */
import { InvalidArgumentError, Option } from 'commander';
import { parseDuration } from '../contracts/duration';

/** An option that takes a port; 0 and absence mean a free one. */
export function portOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => whole(text, 0, 65_535));
}

/** An option that takes the seed of everything random. */
export function seedOption(): Option {
  return new Option('--seed <number>', 'seed of everything random').argParser((text) =>
    whole(text, 0, Number.MAX_SAFE_INTEGER),
  );
}

/** An option that takes a count of at least 1. */
export function countOption(flags: string, description: string, standard: number): Option {
  return new Option(flags, description).argParser((text) => whole(text, 1, Number.MAX_SAFE_INTEGER)).default(standard);
}

function whole(text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const range = most === Number.MAX_SAFE_INTEGER ? `from ${String(least)} up` : `${String(least)} to ${String(most)}`;
  throw new InvalidArgumentError(`must be a whole number ${range}.`);
}

/** An option that takes a duration; its value is in seconds. */
export function durationOption(flags: string, description: string): Option {
  return new Option(flags, description).argParser((text) => {
    const seconds = parseDuration(text);
    if (seconds === undefined) throw new InvalidArgumentError('is no duration: write 90s, 15m, 12h or 2d.');
    return seconds;
  });
}
