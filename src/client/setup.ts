/** What has to be there once per Temporal namespace? Search attributes, and a schedule that ends what was forgotten. */
import type { Client, Connection } from '@temporalio/client';
import { reaperScheduleId } from '../contracts/names';
import { changeOf, reaperSchedule, scheduleReaper, type ScheduleChange } from './reaper';
import { addSearchAttributes, missingSearchAttributes } from './search-attributes';
import { missingTemplates, showTemplates, type Templates } from './templates';

export interface SetupOptions {
  /** Seconds between two rounds of the reaper; 15 min when absent. */
  everySeconds?: number;
  /** Specs that the start form of the Temporal UI should offer, by name. */
  templates?: Templates;
  /** Only say what would be done. */
  dryRun?: boolean;
}

export interface SetupReport {
  dryRun: boolean;
  namespace: string;
  /** Search attributes that were added, or would be. */
  searchAttributes: string[];
  /** Templates that were put into the start form, or would be. */
  templates: string[];
  schedule: { id: string; everySeconds: number; change: ScheduleChange };
}

/** An hour of a forgotten cluster costs more than four looks at an account. */
const EVERY_SECONDS = 900;

/** Adds what is missing and changes what is different; doing it again changes nothing. */
export async function setUp(
  place: { client: Client; connection: Connection; taskQueue: string },
  { everySeconds, templates = {}, dryRun = false }: SetupOptions,
): Promise<SetupReport> {
  const { operatorService } = place.connection;
  const { namespace } = place.client.options;
  const missing = await missingSearchAttributes(operatorService, namespace);
  const known = await reaperSchedule(place);
  const input = { ...known?.input, apply: true };
  // A pace that somebody chose stays unless another is asked for.
  const every = everySeconds ?? known?.everySeconds ?? EVERY_SECONDS;
  const change = changeOf(known, every, input);
  const absent = await missingTemplates(place.client, templates);
  if (!dryRun) {
    await addSearchAttributes(operatorService, namespace, missing);
    await scheduleReaper(place, every, input);
    await showTemplates(place.client, place.taskQueue, absent);
  }
  const schedule = { id: reaperScheduleId(place.taskQueue), everySeconds: every, change };
  return { dryRun, namespace, searchAttributes: missing, templates: Object.keys(absent), schedule };
}
