/** What is a committed history, and how is one event taken out of it? */
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { historyToJSON } from '@temporalio/common/lib/proto-utils';

export const HISTORIES = join(__dirname, 'histories');

export type History = Parameters<typeof historyToJSON>[0];

/** An event as Temporal's JSON has it: an id, a type, and attributes under a key of their own. */
export interface Event {
  eventId: string;
  eventType: string;
  [attributes: string]: unknown;
}

export interface Recorded {
  name: string;
  workflowType: string;
  workflowId: string;
  history: { events: Event[] };
}

/** Every committed history. */
export function recorded(): Recorded[] {
  return readdirSync(HISTORIES)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const history = JSON.parse(readFileSync(join(HISTORIES, name), 'utf8')) as { events: Event[] };
      const started = history.events[0]?.['workflowExecutionStartedEventAttributes'] as {
        workflowType: { name: string };
        workflowId: string;
      };
      return { name, workflowType: started.workflowType.name, workflowId: started.workflowId, history };
    });
}

/** The history as text, without the names of the machine and the folder in which it was recorded. */
export function portable(history: History, folder: string): string {
  const text = historyToJSON(history);
  const parsed = JSON.parse(text, (key, value: unknown) => {
    if (key === 'identity') return 'worker';
    if (key === 'stackTrace') return '';
    if (key === 'data' && typeof value === 'string') return withoutFolder(value, folder);
    return value;
  }) as { events: Event[] };
  return `{"events":[\n${parsed.events.map((event) => JSON.stringify(event)).join(',\n')}\n]}\n`;
}

/** Payloads are base64 in JSON. */
function withoutFolder(data: string, folder: string): string {
  const text = Buffer.from(data, 'base64').toString('utf8');
  return text.includes(folder) ? Buffer.from(text.replaceAll(folder, '/results')).toString('base64') : data;
}

/** Types of the activities that a history scheduled, each once, in order. */
export function activitiesOf({ events }: Recorded['history']): string[] {
  return [...new Set(events.flatMap((event) => activityType(event) ?? []))];
}

/**
 * The history as if the code had not called the first activity of this type: its events are gone, the others close up.
 * The workflow tasks around it stay, so that nothing but the activity is missing.
 */
export function withoutActivity(history: Recorded['history'], type: string): Recorded['history'] {
  const scheduled = history.events.find((event) => activityType(event) === type);
  if (scheduled === undefined) throw new Error(`the history has no activity ${type}`);
  const kept = history.events.filter((event) => event !== scheduled && scheduledBy(event) !== scheduled.eventId);
  const numbers = new Map(kept.map((event, index) => [event.eventId, String(index + 1)]));
  const text = JSON.stringify({ events: kept });
  return JSON.parse(text, (key, value: unknown) =>
    /eventId$/i.test(key) && key !== 'parentInitiatedEventId' ? (numbers.get(String(value)) ?? value) : value,
  ) as Recorded['history'];
}

function activityType(event: Event): string | undefined {
  const attributes = event['activityTaskScheduledEventAttributes'] as { activityType: { name: string } } | undefined;
  return attributes?.activityType.name;
}

/** The scheduling event that an activity's later event belongs to. */
function scheduledBy(event: Event): string | undefined {
  if (!/^EVENT_TYPE_ACTIVITY_TASK_/.test(event.eventType)) return undefined;
  const attributes = Object.values(event).find(
    (value): value is { scheduledEventId: string } =>
      typeof value === 'object' && value !== null && 'scheduledEventId' in value,
  );
  return attributes?.scheduledEventId;
}
