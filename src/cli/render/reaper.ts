/** What does a round of the reaper look like, and who is warned that none comes round? */
import { isActing, type ReaperSchedule, type ScheduleChange, type SetupReport, type UiLinks } from '../../client';
import { LEAKING, REAPER_GROUPS, type ReaperGroup, type ReaperReport, type ReaperRow } from '../../contracts/reaper';
import { count, span } from './format';
import type { Style } from './style';
import { table } from './table';

const HEAD = ['EXPERIMENT', 'GROUP', 'WHY', 'NOW', 'RESOURCES', 'REGIONS', 'OWNER'];

/** The table, what could not be read, and a line with the sums. */
export function reaperPage(report: ReaperReport, style: Style): string[] {
  const { experiments, regions, unread, installation, account } = report;
  const rows = experiments.map((row) => cells(row, style));
  const where = `installation ${installation}, account ${account}, ${count(regions.length, 'region')}`;
  return [
    ...(rows.length === 0
      ? []
      : table(
          HEAD.map((cell) => style.dim(cell)),
          rows,
        )),
    ...unread.map((line) => style.red(`could not be read: ${line}`)),
    `${style.bold(sums(experiments))} (${where})`,
  ];
}

function cells({ experimentId, group, reason, action, resources, regions, owner }: ReaperRow, style: Style): string[] {
  const colour = LEAKING.includes(group) ? style.red : group === 'warn' ? style.yellow : style.green;
  return [
    experimentId,
    colour(group),
    reason,
    action === undefined ? '-' : `cleanup ${action}`,
    String(resources),
    regions.join(','),
    owner === '' ? '-' : owner,
  ];
}

function sums(rows: readonly ReaperRow[]): string {
  const of = (group: ReaperGroup): number => rows.filter((row) => row.group === group).length;
  const there = REAPER_GROUPS.filter((group) => of(group) > 0).map((group) => `${String(of(group))} ${group}`);
  return there.length === 0 ? 'nothing lives' : there.join(', ');
}

/** What to say when killed and forgotten experiments are ended by nobody; undefined when somebody does. */
export function reaperWarning(schedule: ReaperSchedule | undefined): string | undefined {
  if (isActing(schedule)) return undefined;
  const why =
    schedule === undefined
      ? 'there is no schedule for it'
      : schedule.paused
        ? `its schedule is paused${schedule.note === undefined ? '' : `: ${schedule.note}`}`
        : 'its schedule only looks';
  return `no reaper is acting (${why}), so nobody ends what is killed or forgotten: holdfast setup`;
}

const CHANGES: Record<ScheduleChange, string> = {
  created: 'created',
  changed: 'changed',
  unchanged: 'is as it should be',
};

/** One line on the schedule. */
export function scheduleLine(id: string, everySeconds: number, apply: boolean, change: ScheduleChange): string {
  const does = apply ? 'ends what is expired or orphaned' : 'only looks';
  return `schedule ${id} ${CHANGES[change]}: every ${span(everySeconds)} the reaper ${does}`;
}

export function setupLines(
  { dryRun, namespace, searchAttributes, templates, schedule }: SetupReport,
  links: UiLinks,
): string[] {
  const { id, everySeconds, change } = schedule;
  const names = searchAttributes.join(', ');
  const attributes =
    searchAttributes.length === 0
      ? `search attributes of namespace ${namespace} are all there`
      : `search attributes ${dryRun ? 'missing' : 'added'} in namespace ${namespace}: ${names}`;
  const would = dryRun && change !== 'unchanged' ? 'would be ' : '';
  const line = scheduleLine(id, everySeconds, true, change).replace(`${id} `, `${id} ${would}`);
  return [
    attributes,
    line,
    ...templateLines(templates, dryRun, links),
    ...(dryRun ? ['nothing was changed (--dry-run)'] : []),
  ];
}

function templateLines(templates: readonly string[], dryRun: boolean, links: UiLinks): string[] {
  if (templates.length === 0) return ['the start form of the Temporal UI has all templates'];
  return templates.map(
    (name) => `${dryRun ? 'missing in' : 'put into'} the start form: ${name} ${links.startTemplate(name)}`,
  );
}
