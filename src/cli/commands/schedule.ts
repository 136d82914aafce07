/** `holdfast schedule`: experiments that start by the clock. */
import { InvalidArgumentError, Option, type Command } from 'commander';
import { OVERLAPS, type Overlap, type Schedules } from '../../client';
import type { Context } from '../context';
import { EXIT } from '../exit';
import { durationOption } from '../numbers';
import { Problem } from '../problem';
import { scheduleList, schedulePage } from '../render/schedules';
import { loadSpec, withSpecOptions, type SpecOptions } from '../spec-layers';
import { collect, command, outputOption, print, withClient, type ContextSource, type Output } from './shared';

interface CreateOptions extends SpecOptions {
  cron: string[];
  every?: number;
  timeZone?: string;
  jitter?: number;
  overlap: Overlap;
  catchUp?: number;
  paused?: string;
  output: Output;
}

const ID = 'id of the schedule';

export function scheduleCommand(source: ContextSource): Command {
  return command('schedule', 'start experiments by the clock', [
    'holdfast schedule create nightly -t pulsar-quick --cron "0 2 * * *"',
    'holdfast schedule list',
  ])
    .addCommand(createCommand(source))
    .addCommand(officeHoursCommand(source))
    .addCommand(
      command('list', 'list schedules of experiments', ['holdfast schedule list'])
        .addOption(outputOption())
        .action(({ output }: { output: Output }) => list(source(), output)),
    )
    .addCommand(
      command('show', 'show times, runs, and how many were skipped or missed', ['holdfast schedule show nightly'])
        .argument('<id>', ID)
        .addOption(outputOption())
        .action((id: string, { output }: { output: Output }) => show(source(), id, output)),
    )
    .addCommand(pauseCommand(source))
    .addCommand(resumeCommand(source))
    .addCommand(triggerCommand(source))
    .addCommand(backfillCommand(source))
    .addCommand(deleteCommand(source));
}

function createCommand(source: ContextSource): Command {
  const create = command('create', 'make a schedule; its runs are called <id>-<time they were due>', [
    'holdfast schedule create nightly -t pulsar-quick --cron "0 2 * * *" --time-zone Europe/Berlin',
    'holdfast schedule create soak -f examples/pulsar-lab.yaml --every 6h --jitter 10m --overlap buffer-one',
  ]);
  return withSpecOptions(create)
    .argument('<id>', ID)
    .option('--cron <fields>', 'minute, hour, day, month, weekday, as in cron; repeatable', collect, [])
    .addOption(durationOption('--every <duration>', 'time between two starts, from midnight UTC on'))
    .option('--time-zone <name>', 'time zone of --cron, such as Europe/Berlin (default: UTC)')
    .addOption(durationOption('--jitter <duration>', 'starts may be as much later, by chance'))
    .addOption(overlapOption('what to do when the run before goes on').default('skip'))
    .addOption(durationOption('--catch-up <duration>', 'how late a missed start may still be made (default: 1h)'))
    .option('--paused <reason>', 'make it paused')
    .addOption(outputOption())
    .action((id: string, options: CreateOptions) => makeSchedule(source(), id, options));
}

async function makeSchedule(context: Context, id: string, options: CreateOptions): Promise<void> {
  const { input } = await loadSpec(options, context.library);
  const { every, timeZone, jitter, catchUp, paused } = options;
  await withClient(context, async ({ schedules }) => {
    const made = await schedules.create({
      id,
      spec: { ...input, owner: input.owner ?? context.config.owner },
      cron: options.cron,
      overlap: options.overlap,
      ...(every === undefined ? {} : { everySeconds: every }),
      ...(timeZone === undefined ? {} : { timeZone }),
      ...(jitter === undefined ? {} : { jitterSeconds: jitter }),
      ...(catchUp === undefined ? {} : { catchUpSeconds: catchUp }),
      ...(paused === undefined ? {} : { paused }),
    });
    print(context, options.output, made, () => schedulePage(made, context.style));
  });
}

interface OfficeHoursOptions extends SpecOptions {
  start: string[];
  stop: string[];
  timeZone?: string;
  output: Output;
}

function officeHoursCommand(source: ContextSource): Command {
  const pair = command('office-hours', 'make a pair: <id> starts an experiment, <id>-stop tears it down', [
    'holdfast schedule office-hours lab -t pulsar-quick --start "0 8 * * 1-5" --stop "0 18 * * 1-5" --time-zone Europe/Berlin',
  ]);
  return withSpecOptions(pair)
    .argument('<id>', ID)
    .option('--start <fields>', 'when it starts, as in cron; repeatable', collect, [])
    .option('--stop <fields>', 'when it is stopped, as in cron; repeatable', collect, [])
    .option('--time-zone <name>', 'time zone of both, such as Europe/Berlin (default: UTC)')
    .addOption(outputOption())
    .addHelpText('after', '\nThe lease should last until after the stop: it ends what the stop could not.')
    .action((id: string, options: OfficeHoursOptions) => makePair(source(), id, options));
}

/** Both or none. */
async function makePair(context: Context, id: string, options: OfficeHoursOptions): Promise<void> {
  const { input } = await loadSpec(options, context.library);
  const { start, stop, timeZone } = options;
  const zone = timeZone === undefined ? {} : { timeZone };
  await withClient(context, async ({ schedules }) => {
    const spec = { ...input, owner: input.owner ?? context.config.owner };
    const first = await schedules.create({ id, spec, cron: start, ...zone });
    const second = await schedules
      .createStop({ id: `${id}-stop`, schedule: id, cron: stop, ...zone })
      .catch(async (error: unknown) => {
        await schedules.delete(id);
        throw error;
      });
    const pair = [first, second];
    print(context, options.output, pair, () => scheduleList(pair, context.style));
  });
}

function overlapOption(description: string): Option {
  return new Option('--overlap <policy>', description).choices(OVERLAPS);
}

async function list(context: Context, output: Output): Promise<void> {
  await withClient(context, async ({ schedules }) => {
    const views = await schedules.list();
    print(context, output, views, () => scheduleList(views, context.style));
  });
}

async function show(context: Context, id: string, output: Output): Promise<void> {
  await withClient(context, async ({ schedules }) => {
    const details = await schedules.show(id);
    print(context, output, details, () => schedulePage(details, context.style));
  });
}

/** Does it, then says in one line what was done. */
async function act(context: Context, done: string, run: (schedules: Schedules) => Promise<void>): Promise<void> {
  await withClient(context, ({ schedules }) => run(schedules));
  context.terminal.out(done);
}

function pauseCommand(source: ContextSource): Command {
  return command('pause', 'start nothing until it is resumed', [
    'holdfast schedule pause nightly --reason "release week"',
  ])
    .argument('<id>', ID)
    .requiredOption('--reason <text>', 'why, for those who wonder')
    .action((id: string, { reason }: { reason: string }) =>
      act(source(), `${id}: paused; go on with: holdfast schedule resume ${id}`, (all) => all.pause(id, reason)),
    );
}

function resumeCommand(source: ContextSource): Command {
  return command('resume', 'go on after a pause', ['holdfast schedule resume nightly'])
    .argument('<id>', ID)
    .option('--reason <text>', 'why')
    .action((id: string, { reason }: { reason?: string }) =>
      act(source(), `${id}: resumed`, (all) => all.resume(id, reason)),
    );
}

function triggerCommand(source: ContextSource): Command {
  return command('trigger', 'start a run now', ['holdfast schedule trigger nightly'])
    .argument('<id>', ID)
    .addOption(overlapOption("when a run goes on (default: the schedule's own)"))
    .action((id: string, { overlap }: { overlap?: Overlap }) =>
      act(source(), `${id}: triggered; see it with: holdfast schedule show ${id}`, (all) => all.trigger(id, overlap)),
    );
}

interface BackfillOptions {
  from: string;
  to: string;
  overlap: Overlap;
}

function backfillCommand(source: ContextSource): Command {
  return command('backfill', 'start every run that was due in a span of time', [
    'holdfast schedule backfill nightly --from 2026-11-01T00:00:00Z --to 2026-11-04T00:00:00Z',
  ])
    .argument('<id>', ID)
    .requiredOption('--from <time>', 'ISO time', isoTime)
    .requiredOption('--to <time>', 'ISO time', isoTime)
    .addOption(overlapOption('when a run goes on').default('buffer-all'))
    .action((id: string, { from, to, overlap }: BackfillOptions) => {
      const context = source();
      if (from >= to) throw new Problem(`--from ${from} is not before --to ${to}`, { exitCode: EXIT.refused });
      return act(context, `${id}: what was due from ${from} to ${to} is started`, (all) =>
        all.backfill(id, { from, to, overlap }),
      );
    });
}

function isoTime(text: string): string {
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(time)) return new Date(time).toISOString();
  throw new InvalidArgumentError('is no time: write 2026-11-01T02:00:00Z.');
}

function deleteCommand(source: ContextSource): Command {
  return command('delete', 'remove a schedule; runs under way go on', ['holdfast schedule delete nightly'])
    .argument('<id>', ID)
    .action((id: string) => act(source(), `${id}: deleted; its runs go on`, (all) => all.delete(id)));
}
