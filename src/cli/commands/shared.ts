/** What do commands have in common? Output choice, examples in help, and a connection that is closed again. */
import { Command, Option } from 'commander';
import type { Holdfast } from '../../client';
import type { Context } from '../context';

export type Output = 'table' | 'json';

/** Help of an argument that names an experiment. */
export const ID_HELP = 'id, unique prefix of one, or "latest"';

/** Commands ask for the context when they run, so that `--help` needs no valid environment. */
export type ContextSource = () => Context;

/** A command with its description and an example at the end of its help. */
export function command(name: string, description: string, examples: string[]): Command {
  const text = ['', examples.length === 1 ? 'Example:' : 'Examples:', ...examples.map((line) => `  $ ${line}`)];
  return new Command(name).description(description).addHelpText('after', text.join('\n'));
}

/** `-o table|json`. */
export function outputOption(): Option {
  return new Option('-o, --output <format>', 'how to print').choices(['table', 'json']).default('table');
}

/** Runs with a connection to Temporal and closes it whatever happens. */
export async function withClient<T>(context: Context, run: (client: Holdfast) => Promise<T>): Promise<T> {
  const client = await context.connect();
  try {
    return await run(client);
  } finally {
    await client.close();
  }
}

/** Prints lines, or one JSON document. */
export function print(context: Context, output: Output, value: unknown, lines: () => string[]): void {
  const text = output === 'json' ? [JSON.stringify(value, null, 2)] : lines();
  for (const line of text) context.terminal.out(line);
}

/** Gathers a repeatable option. */
export function collect(value: string, before: string[]): string[] {
  return [...before, value];
}
