/** When does chance take machines, and which? Seeded losses over an experiment: one machine, its pool or its zone. */
import { createRandom, type Random, type Range } from '../random';
import type { LossPlan } from '../scenario-weather';
import { plan } from './agenda';
import { interrupt, isReclaimable, reclaimables, recommendRebalance, type Placed } from './interruptions';
import { poolKey, poolOf } from './pool';
import type { World } from './state';
import { spellOf } from './weather';

/** Plans the first loss, which plans the next. The plan draws from a chance of its own, so that calls do not move it. */
export function beginLosses(world: World, losses: LossPlan, index: number): void {
  // Any odd number that keeps the plans of one seed apart.
  const random = createRandom(world.seed + 7919 * (index + 1));
  const start = Date.now();
  planNext(world, losses, random, start, start + losses.fromSeconds * 1000);
}

function planNext(world: World, losses: LossPlan, random: Random, start: number, after: number): void {
  const at = after + millis(random, losses.everySeconds);
  if (at > start + losses.untilSeconds * 1000) return;
  plan(world.agenda, at, () => {
    // One draw per loss, whatever it takes, so that what was there does not move the losses after it.
    lose(world, losses, createRandom(random.next() * 2 ** 32));
    planNext(world, losses, random, start, at);
  });
}

/** One loss, if there is a machine to take. */
function lose(world: World, losses: LossPlan, random: Random): void {
  const draw = {
    victim: random.next(),
    reach: random.next(),
    notice: millis(random, losses.noticeSeconds),
    outage: millis(random, losses.outageSeconds),
    hinted: random.next() < losses.hintChance,
    lead: millis(random, losses.hintLeadSeconds),
    falseHint: random.next() < losses.falseHintChance,
    bystander: random.next(),
  };
  const all = byId(reclaimables(world));
  const victim = all[Math.floor(draw.victim * all.length)];
  if (!victim) return;
  const struck = reachOf(losses, draw.reach, victim, all, random);
  const bystanders = all.filter((placed) => !struck.includes(placed));
  const bystander = bystanders[Math.floor(draw.bystander * bystanders.length)];
  if (draw.falseHint && bystander) recommendRebalance(world, bystander.instance);
  if (draw.hinted) for (const { instance } of struck) recommendRebalance(world, instance);
  plan(world.agenda, Date.now() + (draw.hinted ? draw.lead : 0), () => {
    dryUp(world, struck, draw.outage);
    fall(world, losses, random, struck, draw.notice);
  });
}

/** The victim first, then those that its pool or zone takes with it. */
function reachOf(losses: LossPlan, reach: number, victim: Placed, all: readonly Placed[], random: Random): Placed[] {
  const near = (other: Placed): boolean => {
    if (reach < losses.zoneChance) return other.instance.zone === victim.instance.zone;
    return poolKey(poolOf(other.instance)) === poolKey(poolOf(victim.instance));
  };
  if (reach >= losses.zoneChance + losses.poolChance) return [victim];
  const siblings = all.filter((other) => other !== victim && near(other) && random.next() < losses.siblingShare);
  return [victim, ...siblings];
}

function fall(world: World, losses: LossPlan, random: Random, struck: readonly Placed[], noticeMs: number): void {
  struck.forEach(({ state, instance }, place) => {
    const later = place === 0 ? 0 : millis(random, losses.siblingSeconds);
    plan(world.agenda, Date.now() + later, () => {
      if (isReclaimable(instance)) interrupt(world, state, instance, { noticeMs, by: 'losses' });
    });
  });
}

/** The pools that lose machines give none for a while. */
function dryUp(world: World, struck: readonly Placed[], outageMs: number): void {
  const pools = new Map(struck.map(({ instance }) => [poolKey(poolOf(instance)), poolOf(instance)]));
  for (const pool of pools.values()) {
    world.weather.posted.push(spellOf({ ...pool, kind: 'drain', seconds: outageMs / 1000 }, Date.now()));
  }
}

function byId(all: Placed[]): Placed[] {
  return all.sort((a, b) => (a.instance.id < b.instance.id ? -1 : 1));
}

function millis(random: Random, [min, max]: Range): number {
  return Math.round(1000 * (min + random.next() * (max - min)));
}
