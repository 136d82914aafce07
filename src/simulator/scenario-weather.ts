/** How does a scenario say what goes wrong with capacity over time? Outages, prices, hints, losses and recorded traces, as data. */
import type { Range } from './random';
import type { Market } from './world/state';

/** Which pools a rule means; wildcards in each field. */
export interface PoolPattern {
  region: string;
  zone: string;
  type: string;
  market: Market | '*';
}

/**
 * One change of the weather over some pools (`*` where a field is left out; `market` is spot unless told).
 * `drain`: they give no more machines, and what runs stays. `outage`: also takes machines back. `price`: spot
 * prices move. `rebalance`: machines are hinted to be at risk, and nothing else happens.
 */
export interface WeatherRule extends Partial<PoolPattern> {
  kind: 'drain' | 'outage' | 'price' | 'rebalance';
  /** Seconds after the first launch in this world; 0 also holds before it. Posted rules count from the call. */
  at?: number;
  /** How long it lasts; for ever when left out. */
  seconds?: number;
  /** Of drain and outage: live machines a pool can hold meanwhile; 0 unless told. */
  capacity?: number;
  /** Of outage and rebalance: the share of the live spot machines that is struck, 0 to 1; all unless told. */
  share?: number;
  /** Of outage and price: 120 unless told. */
  noticeSeconds?: number;
  /** Of outage: the notices come within so many seconds; at once unless told. */
  spreadSeconds?: number;
  /** Of price: factor on the spot price, which never passes the on-demand price. */
  factor?: number;
}

/** Losses by chance over an experiment, drawn from the seed; times count from the first launch. */
export interface LossPlan {
  /** No loss before this many seconds, and none after `untilSeconds`. */
  fromSeconds: number;
  untilSeconds: number;
  /** Seconds from one loss to the next. */
  everySeconds: Range;
  noticeSeconds: Range;
  /** Chances that a loss takes the machine's whole pool, or its whole zone (in one region), with it. */
  poolChance: number;
  zoneChance: number;
  /** Share of the others there that fall too, and the seconds within which they do. */
  siblingShare: number;
  siblingSeconds: Range;
  /** How long the pools that lost machines give none. */
  outageSeconds: Range;
  /** Chance that a loss is hinted before, and by how many seconds. */
  hintChance: number;
  hintLeadSeconds: Range;
  /** Chance, per loss, that a machine that stays is hinted as well. */
  falseHintChance: number;
}

/**
 * Pools that follow a recorded availability trace: each pool of the pattern holds as many machines as the trace says,
 * and a falling count takes its youngest back. `path` is relative to the scenario file; the recording may also be given
 * in place, as `trace`.
 */
export interface TraceRule extends Partial<PoolPattern> {
  path?: string;
  trace?: RecordedTrace;
  /** Seconds into the recording at which the first launch happens. */
  startSeconds?: number;
  /** How many times faster than recorded it is played; 1 unless told. */
  speed?: number;
  /** Machines per recorded one; 1 unless told. */
  scale?: number;
  noticeSeconds?: number;
}

/** The format of the public spot traces of "Can't Be Late" (NSDI 2024): instances available per tick. */
export interface RecordedTrace {
  metadata: { gap_seconds: number };
  data: number[];
}

/** Whole patterns from partial ones. Weather and traces mean spot pools unless they say otherwise. */
export function patternOf(rule: Partial<PoolPattern>): PoolPattern {
  return { region: rule.region ?? '*', zone: rule.zone ?? '*', type: rule.type ?? '*', market: rule.market ?? 'spot' };
}
