/** When does what start, and what became of it? Pages of `holdfast schedule`. */
import type { ScheduleDetails, ScheduleView } from '../../client';
import type { Style } from './style';
import { table } from './table';

/** One line per schedule. */
export function scheduleList(views: ScheduleView[], style: Style): string[] {
  if (views.length === 0) {
    return ['No schedules. Make one: holdfast schedule create nightly -t pulsar-quick --cron "0 2 * * *"'];
  }
  return table(
    ['ID', 'DOES', 'WHEN', 'STATE', 'NEXT', 'LAST'].map((cell) => style.dim(cell)),
    views.map((view) => [
      view.id,
      view.does,
      whenOf(view),
      stateOf(view, style),
      view.paused ? '-' : minute(view.next[0]),
      view.recent[0] === undefined ? '-' : view.recent[0].id,
    ]),
  );
}

/** Times shown ahead. */
const NEXT_TIMES = 3;

/** Everything about one. What did not run is said even when it is nothing. */
export function schedulePage(details: ScheduleDetails, style: Style): string[] {
  const { catchUpSeconds, jitterSeconds, overlap, taken, skipped, missed } = details;
  const left = (count: number, text: string): string =>
    count === 0 ? `${String(count)} ${text}` : style.yellow(`${String(count)} ${text}`);
  return [
    `${style.bold(details.id)}  ${stateOf(details, style)}`,
    `when      ${whenOf(details)}${jitterSeconds === 0 ? '' : `, up to ${String(jitterSeconds)}s later`}`,
    `overlap   ${overlap}, starts late by up to ${String(catchUpSeconds)}s after an outage`,
    `next      ${details.paused ? 'nothing while it is paused' : details.next.slice(0, NEXT_TIMES).map(minute).join(', ')}`,
    `runs      ${String(taken)} started, ${left(skipped, 'skipped since one was running')}, ${left(missed, 'missed')}`,
    ...details.notRun.map(({ dueAt, why }) => `not run   ${minute(dueAt)} ${style.yellow(why)}`),
    ...(details.running.length === 0 ? [] : [`running   ${details.running.join(', ')}`]),
    ...runLines(details),
  ];
}

function runLines({ experiments }: ScheduleDetails): string[] {
  if (experiments.length === 0) return [];
  const rows = experiments.map(({ id, phase, reason, state }) => [
    id,
    phase ?? state.toLowerCase(),
    reason === undefined || reason === '' ? '' : reason,
  ]);
  return ['', ...table([], rows)];
}

function whenOf({ when, timeZone }: ScheduleView): string {
  return `${when ?? 'as the Temporal UI shows'} ${timeZone}`;
}

function stateOf({ paused, note }: ScheduleView, style: Style): string {
  const word = paused ? style.yellow('paused') : style.green('active');
  return note === undefined ? word : `${word} (${note})`;
}

/** `2026-01-02 02:00Z`. */
function minute(time: string | undefined): string {
  return time === undefined ? '-' : `${time.slice(0, 16).replace('T', ' ')}Z`;
}
