/** What is the weather over a pool now? Capacity and price as rules and traces say; read only, nothing happens here. */
import { patternOf, type TraceRule, type WeatherRule } from '../scenario-weather';
import { covers, type Pool } from './pool';
import { traceCountAt } from './traces';
import type { World } from './state';

/** A rule with its window in epoch milliseconds. */
export interface Spell {
  rule: WeatherRule;
  from: number;
  until: number;
}

/** Milliseconds since the first launch; 0 before it. */
export function elapsed(world: World, now: number): number {
  return world.weather.startedAt === undefined ? 0 : now - world.weather.startedAt;
}

/** The window of a rule whose clock began at `start`. */
export function spellOf(rule: WeatherRule, start: number): Spell {
  const from = start + (rule.at ?? 0) * 1000;
  return { rule, from, until: from + (rule.seconds ?? Infinity) * 1000 };
}

/** How many live machines the weather lets the pool hold; undefined when the scenario's own capacity rules decide. */
export function weatherCapacity(world: World, pool: Pool, now: number): number | undefined {
  const spell = spells(world, now).find(
    ({ rule }) => (rule.kind === 'drain' || rule.kind === 'outage') && covers(patternOf(rule), pool),
  );
  if (spell) return spell.rule.capacity ?? 0;
  const trace = traceOf(world, pool);
  return trace && traceCountAt(trace, elapsed(world, now));
}

/** The trace that a pool follows; the first that matches. */
function traceOf(world: World, pool: Pool): TraceRule | undefined {
  return world.scenario.traces.find((rule) => covers(patternOf(rule), pool));
}

/** The factor of all price spells over the pool at a moment; 1 in calm weather. */
export function priceFactor(world: World, pool: Pool, at: number): number {
  return spells(world, at)
    .filter(({ rule }) => rule.kind === 'price' && covers(patternOf(rule), pool))
    .reduce((factor, { rule }) => factor * (rule.factor ?? 1), 1);
}

/** The moments within (from, to] at which the weather changes a pool's price. */
export function priceTurns(world: World, pool: Pool, from: number, to: number): number[] {
  return allSpells(world, to)
    .filter(({ rule }) => rule.kind === 'price' && covers(patternOf(rule), pool))
    .flatMap((spell) => [spell.from, spell.until])
    .filter((at) => at > from && at <= to);
}

/** Rules in force at a moment: posted ones first, the latest first of all. */
function spells(world: World, at: number): Spell[] {
  return allSpells(world, at).filter(({ from, until }) => from <= at && at < until);
}

function allSpells(world: World, now: number): Spell[] {
  const { posted, startedAt = now } = world.weather;
  return posted.length + world.scenario.weather.length === 0
    ? []
    : [...posted, ...world.scenario.weather.map((rule) => spellOf(rule, startedAt))];
}
