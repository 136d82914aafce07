/** What can a person do to machines and pools? Take them back, hint, schedule, impair, change the weather, read events. */
import { checkRule } from '../scenario-check';
import type { WeatherRule } from '../scenario-weather';
import { interrupt, NOTICE_SECONDS, recommendRebalance, type Placed } from '../world/interruptions';
import { EVENT_CODES, impair, schedule } from '../world/maintenance';
import { poolKey, poolOf } from '../world/pool';
import type { EventCode, ReclaimReason, World } from '../world/state';
import { postWeather } from '../world/storms';
import { checkBody, ControlError, orBadRequest, type Body, type Control } from './input';
import { TARGET, targetsOf } from './target';

export const lossReads: Record<string, Control> = {
  events: (world, query) => {
    checkBody('events', query, { 'after?': 'any' });
    const { after = '0' } = query;
    const from = Number(after);
    if (after === '' || !Number.isInteger(from) || from < 0)
      throw new ControlError(400, `after must be a whole number, 0 or more, got ${JSON.stringify(after)}`);
    // What a reader gives as the next `after`; a number from before a reset is beyond the end, and gives nothing.
    return { after: from, next: Math.max(from, world.events.length), events: world.events.slice(from) };
  },
};

export const lossControls: Record<string, Control> = {
  interrupt: (world, body) => {
    checkBody('interrupt', body, {
      ...TARGET,
      'noticeSeconds?': 'seconds',
      'outageSeconds?': 'seconds',
      'reason?': ['no-capacity', 'by-price'],
      'by?': 'text',
    });
    const struck = targetsOf(world, body, true);
    dryUp(world, struck, body['outageSeconds'] as number | undefined);
    for (const { state, instance } of struck) interrupt(world, state, instance, reclaimOf(body));
    const interruptions = struck.map(({ instance: { id, interruption } }) => ({ instanceId: id, ...interruption }));
    return { ok: true, interruption: interruptions[0] ?? null, interruptions };
  },
  rebalance: (world, body) => {
    checkBody('rebalance', body, TARGET);
    const hinted = targetsOf(world, body, true);
    for (const { instance } of hinted) recommendRebalance(world, instance);
    return { ok: true, instanceIds: idsOf(hinted) };
  },
  schedule: (world, body) => {
    const codes = Object.keys(EVENT_CODES);
    checkBody('schedule', body, { ...TARGET, code: codes, 'inSeconds?': 'seconds', 'description?': 'text' });
    const { code, inSeconds = 0, description } = body as { code: EventCode; inSeconds?: number; description?: string };
    const notBefore = Date.now() + inSeconds * 1000;
    const facts = { code, notBefore, ...(description === undefined ? {} : { description }) };
    const targets = targetsOf(world, body, false);
    return { ok: true, events: targets.map(({ state, instance }) => schedule(world, state, instance, facts)) };
  },
  impair: (world, body) => {
    checkBody('impair', body, {
      ...TARGET,
      'check?': ['system', 'instance', 'both'],
      'status?': ['impaired', 'insufficient-data', 'ok'],
      'agentLost?': 'flag',
    });
    const { check = 'both', status = 'impaired', agentLost = false } = body as Impair;
    const targets = targetsOf(world, body, false);
    const checks = check === 'both' ? (['system', 'instance'] as const) : [check];
    for (const { instance } of targets) impair(instance, checks, status, agentLost);
    return { ok: true, instanceIds: idsOf(targets) };
  },
  weather: (world, body) => {
    orBadRequest(() => checkRule(body));
    const { rule, from, until } = postWeather(world, body as unknown as WeatherRule);
    return { ok: true, rule, from, until: Number.isFinite(until) ? until : null };
  },
};

interface Impair {
  check?: 'system' | 'instance' | 'both';
  status?: 'impaired' | 'insufficient-data' | 'ok';
  agentLost?: boolean;
}

function reclaimOf(body: Body): Parameters<typeof interrupt>[3] {
  const {
    noticeSeconds = NOTICE_SECONDS,
    reason,
    by = 'control',
  } = body as {
    noticeSeconds?: number;
    reason?: ReclaimReason;
    by?: string;
  };
  return { noticeMs: noticeSeconds * 1000, by, ...(reason === undefined ? {} : { reason }) };
}

/** The pools of the machines give none for a while. */
function dryUp(world: World, struck: readonly Placed[], seconds: number | undefined): void {
  if (seconds === undefined) return;
  const pools = new Map(struck.map(({ instance }) => [poolKey(poolOf(instance)), poolOf(instance)]));
  for (const pool of pools.values()) postWeather(world, { ...pool, kind: 'drain', seconds });
}

function idsOf(targets: readonly Placed[]): string[] {
  return targets.map(({ instance }) => instance.id);
}
