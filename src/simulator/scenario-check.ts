/** Is the weather of a scenario well said? Shapes of its rules, and recordings as the public spot traces have them. */
import { checkList, checkRecord, type Shape } from './checks';
import type { Delays } from './scenario';
import type { LossPlan, RecordedTrace } from './scenario-weather';

/** What rules may say of a market. */
export const MARKETS = ['spot', 'on-demand', '*'] as const;

const POOL: Shape = { 'region?': 'text', 'zone?': 'text', 'type?': 'text', 'market?': MARKETS };

const WEATHER: Shape = {
  kind: ['drain', 'outage', 'price', 'rebalance'],
  ...POOL,
  'at?': 'seconds',
  'seconds?': 'seconds',
  'capacity?': 'count',
  'share?': 'part',
  'noticeSeconds?': 'seconds',
  'spreadSeconds?': 'seconds',
  'factor?': 'positive',
};

const LOSSES: Record<keyof LossPlan, Shape[string]> = {
  fromSeconds: 'seconds',
  untilSeconds: 'seconds',
  everySeconds: 'range',
  noticeSeconds: 'range',
  poolChance: 'share',
  zoneChance: 'share',
  siblingShare: 'share',
  siblingSeconds: 'range',
  outageSeconds: 'range',
  hintChance: 'share',
  hintLeadSeconds: 'range',
  falseHintChance: 'share',
};

const TRACE: Shape = {
  ...POOL,
  'path?': 'text',
  'trace?': 'any',
  'startSeconds?': 'seconds',
  'speed?': 'positive',
  'scale?': 'positive',
  'noticeSeconds?': 'seconds',
};

/** Pools that rules name: for capacity, drains and targets. */
export const POOL_FIELDS = POOL;

/** All delays may be left out, and none is unknown. */
export function checkDelays(where: string, value: unknown, known: Delays): void {
  checkRecord(where, value, Object.fromEntries(Object.keys(known).map((name) => [`${name}?`, 'range'])));
}

/** Throws an Error that names the list, the place and the field. */
export function checkWeather(lists: { weather?: unknown; losses?: unknown; traces?: unknown }): void {
  checkList('Scenario: weather', lists.weather ?? [], WEATHER);
  checkList('Scenario: losses', lists.losses ?? [], LOSSES);
  checkList('Scenario: traces', lists.traces ?? [], TRACE);
  for (const [index, plan] of ((lists.losses ?? []) as LossPlan[]).entries()) {
    // Losses at one moment without end would never let the clock go on.
    if (plan.everySeconds[0] <= 0)
      throw new Error(`Scenario: losses[${index}]: everySeconds must be above 0, got ${plan.everySeconds[0]}`);
  }
}

/** A recording: counts per tick. The copies of these traces that call 1 "taken" have the same form and cannot be told apart. */
export function checkTrace(where: string, value: unknown): RecordedTrace {
  const at = `${where}: expected {"metadata":{"gap_seconds":n},"data":[counts]}`;
  if (typeof value !== 'object' || value === null) throw new Error(at);
  const { metadata, data } = value as Partial<RecordedTrace>;
  const gap: unknown = metadata?.gap_seconds;
  if (typeof gap !== 'number' || !(gap > 0)) throw new Error(`${at}; gap_seconds is ${JSON.stringify(gap)}`);
  if (!Array.isArray(data) || data.length === 0) throw new Error(`${at}; data is empty or no list`);
  const bad = data.findIndex((count: unknown) => typeof count !== 'number' || !(count >= 0));
  if (bad !== -1) throw new Error(`${at}; data[${bad}] is ${JSON.stringify(data[bad])}`);
  return { metadata: { gap_seconds: gap }, data };
}

/** Throws an Error that names the field unless this is one rule of the weather. */
export function checkRule(value: unknown): void {
  checkRecord('weather', value, WEATHER);
}
