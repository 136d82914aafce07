/** `holdfast events`: what happened to an experiment, and what happens now. */
import type { Command } from 'commander';
import { FINAL_PHASES, type TimelineEntry } from '../../contracts/messages';
import type { Holdfast } from '../../client';
import type { Context } from '../context';
import { lookUp, lookUpAlone, type Known } from '../look-up';
import { clock } from '../render/format';
import { command, ID_HELP, outputOption, withClient, type ContextSource, type Output } from './shared';

interface EventsOptions {
  follow?: boolean;
  output: Output;
}

export function eventsCommand(source: ContextSource): Command {
  return command('events', 'print what happened, oldest first: the last hundred events', [
    'holdfast events latest',
    'holdfast events latest --follow -o json',
  ])
    .argument('<id>', ID_HELP)
    .option('-F, --follow', 'go on until it has ended, or Ctrl-C')
    .addOption(outputOption())
    .addHelpText('after', '\nWith -o json each event is a line of its own.')
    .action(async (id: string, options: EventsOptions) => {
      const context = source();
      if (options.follow === true) await withClient(context, (client) => follow(context, client, id, options.output));
      else write(context, options.output, timelineOf(await lookUpAlone(context, id)));
    });
}

/** A person reads no faster, and a query costs the worker some milliseconds. */
const LOOK_EVERY_MS = 1000;

async function follow(context: Context, client: Holdfast, given: string, output: Output): Promise<void> {
  const interrupted = { yes: false };
  const stopListening = context.onInterrupt(() => {
    interrupted.yes = true;
  });
  try {
    let last = 0;
    for (;;) {
      const known = await lookUp(context, client, given);
      const entries = timelineOf(known).filter(({ seq }) => seq > last);
      write(context, output, entries);
      last = entries.at(-1)?.seq ?? last;
      if (interrupted.yes || known.from === 'folder' || FINAL_PHASES.includes(known.status.phase)) return;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  } finally {
    stopListening();
  }
}

function timelineOf(known: Known): TimelineEntry[] {
  return known.from === 'workflow' ? known.status.timeline : (known.kept.timeline ?? []);
}

function write({ terminal, style }: Context, output: Output, entries: TimelineEntry[]): void {
  for (const entry of entries) {
    terminal.out(output === 'json' ? JSON.stringify(entry) : `${style.dim(clock(entry.at))} ${entry.text}`);
  }
}
