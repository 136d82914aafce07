/** What does the weather do to machines? Outages and traces take them back, prices pass their maximum, hints are given. */
import { hashed } from '../random';
import { patternOf, type PoolPattern, type TraceRule, type WeatherRule } from '../scenario-weather';
import { plan } from './agenda';
import { interrupt, NOTICE_SECONDS, reclaimables, recommendRebalance, type Placed } from './interruptions';
import { beginLosses } from './losses';
import { covers, poolKey, poolOf } from './pool';
import { spotPrice } from './prices';
import type { World } from './state';
import { fallsOf, traceCountAt } from './traces';
import { elapsed, spellOf, type Spell } from './weather';

/** Starts the scenario's clock, with the first launch; does nothing after that. */
export function beginWeather(world: World): void {
  if (world.weather.startedAt !== undefined) return;
  const now = Date.now();
  world.weather.startedAt = now;
  for (const rule of world.scenario.weather) planSpell(world, spellOf(rule, now));
  for (const rule of world.scenario.traces) planFalls(world, rule, now, fallsOf(rule));
  for (const [index, losses] of world.scenario.losses.entries()) beginLosses(world, losses, index);
}

/** Lets a rule begin; its clock starts now. The latest rule comes before earlier ones. */
export function postWeather(world: World, rule: WeatherRule): Spell {
  const spell = spellOf(rule, Date.now());
  world.weather.posted.unshift(spell);
  planSpell(world, spell);
  return spell;
}

function planSpell(world: World, spell: Spell): void {
  const act = ACTS[spell.rule.kind];
  plan(world.agenda, spell.from, () => act(world, spell));
}

const ACTS: Record<WeatherRule['kind'], (world: World, spell: Spell) => void> = {
  drain: () => undefined,
  outage: (world, { rule }) => {
    for (const placed of struck(world, rule)) {
      const later = hashed(world.seed, placed.instance.id, 'spread') * (rule.spreadSeconds ?? 0) * 1000;
      plan(world.agenda, Date.now() + later, () => take(world, placed, rule.noticeSeconds, 'weather'));
    }
  },
  price: (world, { rule }) => {
    for (const placed of under(world, rule)) {
      if (isPricedOut(world, placed)) take(world, placed, rule.noticeSeconds, 'price');
    }
  },
  rebalance: (world, { rule }) => {
    for (const { instance } of struck(world, rule)) recommendRebalance(world, instance);
  },
};

function under(world: World, rule: Partial<PoolPattern>): Placed[] {
  const pattern = patternOf(rule);
  return reclaimables(world).filter(({ instance }) => covers(pattern, poolOf(instance)));
}

/** The share of the machines under the rule, chosen by the seed and their ids; rounded up, so that a share strikes someone. */
function struck(world: World, rule: WeatherRule): Placed[] {
  const all = under(world, rule);
  return chosen(world, all, Math.ceil(all.length * (rule.share ?? 1)));
}

/** So many of them, as the seed says. */
export function chosen(world: World, all: readonly Placed[], count: number): Placed[] {
  const lot = ({ instance }: Placed): number => hashed(world.seed, instance.id, 'lot');
  return [...all].sort((a, b) => lot(a) - lot(b)).slice(0, count);
}

function take(
  world: World,
  { state, instance }: Placed,
  noticeSeconds: number = NOTICE_SECONDS,
  by: 'weather' | 'price' | 'trace',
): void {
  const reason = by === 'price' ? 'by-price' : 'no-capacity';
  interrupt(world, state, instance, { noticeMs: noticeSeconds * 1000, by, reason });
}

function isPricedOut(world: World, { state, instance }: Placed): boolean {
  const { zone, region, instanceType, spotRequestId = '' } = instance;
  const most = Number(state.spotRequests.get(spotRequestId)?.maxPrice ?? Infinity);
  return most < spotPrice(world, zone, region, instanceType, Date.now());
}

/** Plans the next fall of a trace, which plans the one after it. */
function planFalls(world: World, rule: TraceRule, startedAt: number, falls: readonly number[], next = 0): void {
  const at = falls[next];
  if (at === undefined) return;
  plan(world.agenda, startedAt + at, () => {
    shed(world, rule);
    planFalls(world, rule, startedAt, falls, next + 1);
  });
}

/** Takes from every pool of the trace what is beyond its count, the youngest first. Machines under notice count as gone. */
function shed(world: World, rule: TraceRule): void {
  const count = traceCountAt(rule, elapsed(world, Date.now()));
  const pools = new Map<string, Placed[]>();
  for (const placed of under(world, rule)) {
    const key = poolKey(poolOf(placed.instance));
    pools.set(key, [...(pools.get(key) ?? []), placed]);
  }
  for (const machines of pools.values()) {
    const youngest = [...machines].sort((a, b) => b.instance.seq - a.instance.seq);
    for (const placed of youngest.slice(0, Math.max(0, machines.length - count)))
      take(world, placed, rule.noticeSeconds, 'trace');
  }
}
