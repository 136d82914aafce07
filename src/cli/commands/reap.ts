/** `holdfast reap`, `leaks` and `setup`: end what is expired or orphaned, now or on a schedule, or only look. */
import type { Command } from 'commander';
import type { Holdfast } from '../../client';
import { LEAKING, type ReaperReport } from '../../contracts/reaper';
import type { ReaperInput } from '../../schemas/reaper';
import type { Context } from '../context';
import { LEAKS_EXIT, LEAKS_EXIT_HELP } from '../exit';
import { countOption, durationOption } from '../numbers';
import { reaperPage, reaperWarning, scheduleLine, setupLines } from '../render/reaper';
import { templatesOf } from '../templates';
import { command, outputOption, print, withClient, type ContextSource, type Output } from './shared';

interface LookOptions {
  regions?: string;
  others?: boolean;
  output: Output;
}

interface ReapOptions extends LookOptions {
  apply?: boolean;
  every?: number;
  limit: number;
}

interface SetupCommandOptions {
  every?: number;
  dryRun?: boolean;
  output: Output;
}

/** What a round starts at most unless told otherwise; the workflow's own default. */
const LIMIT = 10;

export function reapCommand(source: ContextSource): Command {
  const reap = command('reap', 'find experiments that are expired or orphaned, by tags alone, and end them', [
    'holdfast reap',
    'holdfast reap --apply',
    'holdfast reap --every 15m --apply',
  ])
    .option('--apply', 'start their cleanups; without it nothing is changed')
    .addOption(durationOption('--every <duration>', 'come round on a schedule instead of once now'))
    .addOption(countOption('--limit <count>', 'cleanups started per round', LIMIT));
  return lookOptions(reap).action((options: ReapOptions) => {
    const context = source();
    const { every } = options;
    const { apply = false, limit } = options;
    const input = { ...lookInput(options), apply, ...(limit === LIMIT ? {} : { limit }) };
    return withClient(context, async (client) => {
      if (every === undefined) await oneRound(context, client, input, options.output);
      else await schedule(context, client, input, every);
    });
  });
}

export function leaksCommand(source: ContextSource): Command {
  const leaks = command('leaks', 'show what is expired, orphaned or malformed; changes nothing', [
    'holdfast leaks',
    'holdfast leaks --others -o json',
  ]);
  return lookOptions(leaks)
    .addHelpText('after', `\n${LEAKS_EXIT_HELP}`)
    .action((options: LookOptions) => {
      const context = source();
      return withClient(context, async (client) => {
        const report = await oneRound(context, client, lookInput(options), options.output);
        await warnWithoutReaper(context, client);
        context.exit(leaksExitCode(report));
      });
    });
}

export function setupCommand(source: ContextSource): Command {
  return command(
    'setup',
    'register search attributes, the acting reaper and the templates of the start form; again, it changes nothing',
    ['holdfast setup', 'holdfast setup --dry-run'],
  )
    .addOption(durationOption('--every <duration>', 'time between two rounds of the reaper (default: 15m)'))
    .option('--dry-run', 'only say what would be done')
    .addOption(outputOption())
    .action(({ every, dryRun, output }: SetupCommandOptions) => {
      const context = source();
      return withClient(context, async (client) => {
        const templates = await templatesOf(context.library);
        const report = await client.setup({
          templates,
          ...(every === undefined ? {} : { everySeconds: every }),
          ...(dryRun === undefined ? {} : { dryRun }),
        });
        print(context, output, report, () => setupLines(report, client.links));
      });
    });
}

function lookOptions(to: Command): Command {
  return to
    .option('--regions <list>', 'regions, separated by commas (default: all of the account)')
    .option('--others', 'list experiments of other installations too; they are never touched')
    .addOption(outputOption());
}

function lookInput({ regions, others }: LookOptions): ReaperInput {
  const list = regions?.split(',').map((region) => region.trim());
  return { ...(list === undefined ? {} : { regions: list }), ...(others === true ? { others } : {}) };
}

async function oneRound(context: Context, client: Holdfast, input: ReaperInput, output: Output): Promise<ReaperReport> {
  const report = await client.reap(input);
  print(context, output, report, () => reaperPage(report, context.style));
  if (report.unread.length > 0) context.exit(LEAKS_EXIT.unproven);
  return report;
}

async function schedule(context: Context, client: Holdfast, input: ReaperInput, every: number): Promise<void> {
  const change = await client.scheduleReaper(every, input);
  const known = await client.reaperSchedule();
  context.terminal.out(scheduleLine(known?.id ?? '', every, input.apply === true, change));
  await warnWithoutReaper(context, client);
}

/** One line on standard error when nobody ends what is forgotten. What cannot be asked is passed over. */
export async function warnWithoutReaper(context: Context, client: Holdfast): Promise<void> {
  const line = await client.reaperSchedule().then(reaperWarning, () => undefined);
  if (line !== undefined) context.terminal.err(context.style.yellow(line));
}

function leaksExitCode({ experiments, unread }: ReaperReport): number {
  if (experiments.some((row) => LEAKING.includes(row.group))) return LEAKS_EXIT.leaking;
  return unread.length > 0 ? LEAKS_EXIT.unproven : LEAKS_EXIT.none;
}
