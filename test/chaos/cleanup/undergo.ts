/** How does a cleanup go under one seed? The world is furnished, AWS misbehaves, and at the end the ledger judges. */
import { setTimeout as pause } from 'node:timers/promises';
import * as sdk from '@aws-sdk/client-ec2';
import type { CleanupResult } from '../../../src/contracts/messages';
import { failureOf } from '../../support/outcomes';
import { uniqueId, type Lab, type Ledger } from '../../support/lab';
import type { WorkerProcess } from '../../support/worker-process';
import { startWorkerProcess } from '../../support/worker-process';
import type { CleanupOrdeal } from './draw';
import { ec2At, furnish, instance, tag, type Room } from './furnish';

export interface CleanupOutcome {
  seed: number;
  kind: CleanupOrdeal['kind'];
  seconds: number;
  verdict: string;
  wrongs: string[];
}

/** A place for one cleanup after another. */
export interface CleanupLane {
  lab: Lab;
  worker: WorkerProcess;
}

/** After this cleanup gives its verdict, whatever is left. In the worst storms a third of all calls fails, page by page. */
const LIMIT_SECONDS = 600;

/** Never throws: an ordeal that cannot be held is a failed one. */
export async function undergoCleanup(lane: CleanupLane, ordeal: CleanupOrdeal): Promise<CleanupOutcome> {
  const startedAt = Date.now();
  const { seed, kind } = ordeal;
  const outcome = await attempt(lane, ordeal).catch((error: unknown) => ({
    verdict: 'none',
    wrongs: [`could not be held: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`],
  }));
  return { seed, kind, seconds: (Date.now() - startedAt) / 1000, ...outcome };
}

async function attempt(lane: CleanupLane, ordeal: CleanupOrdeal): Promise<Pick<CleanupOutcome, 'verdict' | 'wrongs'>> {
  const { lab } = lane;
  const { seed, listings, settleSeconds } = ordeal;
  const id = uniqueId(`chaos-${String(seed)}`);
  await lab.control('reset', { scenario: { extends: 'quick', seed, listings }, seed });
  const room = await furnishAll(lab, id, ordeal);
  await lab.control('delays', ordeal.delays);
  await lab.control('faults', ordeal.faults);
  const input = { experimentId: id, settleSeconds, limitSeconds: LIMIT_SECONDS };
  const handle = await lab.start('cleanup', input, `${id}/cleanup`);
  const meanwhile = interfere(lane, id, ordeal, room);
  const result = await (handle.result() as Promise<CleanupResult>).catch(async () => {
    const { details, message } = await failureOf<CleanupResult | undefined>(handle);
    if (details === undefined) throw new Error(message);
    return details;
  });
  await meanwhile;
  await lab.control('faults', []);
  await lab.client.workflow
    .getHandle(`${id}/recheck`)
    .terminate('chaos')
    .catch(() => undefined);
  return { verdict: result.verdict, wrongs: judge(await lab.ledger(), id, ordeal, room, result) };
}

async function furnishAll(
  lab: Lab,
  id: string,
  { cells, guarded }: CleanupOrdeal,
): Promise<Room & { guarded: string[] }> {
  const all: Room & { guarded: string[] } = { own: [], foreign: [], guarded: [] };
  for (const [region, count] of Object.entries(cells)) {
    const ec2 = ec2At(lab.simulatorUrl, region);
    const { own, foreign } = await furnish(ec2, id, count);
    const kept = own.filter((one) => /^(vol|key|snap|lt)-/.test(one)).slice(0, guarded);
    if (kept.length > 0) await tag(ec2, kept, { DoNotDelete: 'yes' });
    all.own.push(...own);
    all.foreign.push(...foreign);
    all.guarded.push(...kept);
    ec2.destroy();
  }
  return all;
}

/** What happens beside the cleanup. The calls of others fail as often as ours, so each is tried until it is done. */
async function interfere(lane: CleanupLane, id: string, ordeal: CleanupOrdeal, room: Room): Promise<void> {
  const [region = ''] = Object.keys(ordeal.cells);
  const ec2 = ec2At(lane.lab.simulatorUrl, region);
  const { lateAfterMs, untagAfterMs, killAfterMs } = ordeal;
  const late = async (): Promise<void> => {
    await pause(lateAfterMs);
    const [machine] = await stubborn(async () => [await instance(ec2)]);
    if (machine !== undefined) await stubborn(() => tag(ec2, [machine], { ExperimentID: id, ManagedBy: 'holdfast' }));
  };
  const untag = async (): Promise<void> => {
    await pause(untagAfterMs);
    const volume = room.own.find((one) => one.startsWith('vol-'));
    const Tags = [{ Key: 'ExperimentID' }, { Key: 'ManagedBy' }];
    await stubborn(() => ec2.send(new sdk.DeleteTagsCommand({ Resources: [volume ?? ''], Tags })));
  };
  const kill = async (): Promise<void> => {
    await pause(killAfterMs);
    await lane.worker.kill();
    lane.worker = await startWorkerProcess(lane.lab);
  };
  await Promise.all([
    lateAfterMs === undefined ? undefined : late(),
    untagAfterMs === undefined ? undefined : untag(),
    killAfterMs === undefined ? undefined : kill(),
  ]);
  ec2.destroy();
}

/** Done in the end, or not at all where it is not permitted. */
async function stubborn<T>(act: () => Promise<T>): Promise<T | []> {
  for (let tries = 0; tries < 10; tries += 1) {
    try {
      return await act();
    } catch {
      await pause(50);
    }
  }
  return [];
}

/** What is wrong, one line each; empty when all is well. */
function judge(
  ledger: Ledger,
  id: string,
  ordeal: CleanupOrdeal,
  room: Room & { guarded: string[] },
  result: CleanupResult,
): string[] {
  const alive = ledger.resources.filter((one) => one.endedAt === undefined);
  const touched = ledger.resources.filter((one) => room.foreign.includes(one.id) && one.endedAt !== undefined);
  const lostGuard = ledger.resources.filter((one) => room.guarded.includes(one.id) && one.endedAt !== undefined);
  const left = alive.filter((one) => one.tags['ExperimentID'] === id && one.tags['ManagedBy'] === 'holdfast');
  // A spot request or fleet of the past is no leftover; nothing here makes one.
  const unguarded = left.filter((one) => one.tags['DoNotDelete'] === undefined);
  const names = (all: typeof alive): string => all.map((one) => `${one.region} ${one.type} ${one.id}`).join(', ');
  const told = `${result.verdict} (${result.left.slice(0, 5).join('; ')})`;
  return [
    ...(touched.length === 0 ? [] : [`deleted what is not its own: ${names(touched)}`]),
    ...(lostGuard.length === 0 ? [] : [`deleted what was guarded: ${names(lostGuard)}`]),
    ...(result.verdict === 'clean' && left.length > 0 ? [`certified clean, and left ${names(left)}`] : []),
    ...(ordeal.kind === 'storm' && unguarded.length > 0 && !isHeld(ordeal, room)
      ? [`left ${names(unguarded)}: ${told}`]
      : []),
    ...(ordeal.kind === 'storm' ? unexpected(ordeal, room, told, result) : []),
  ];
}

/** A resource that lost its tags or is guarded may hold others. */
function isHeld({ untagAfterMs }: CleanupOrdeal, { guarded }: { guarded: string[] }): boolean {
  return untagAfterMs !== undefined && guarded.length > 0 && guarded.some((one) => one.startsWith('vol-'));
}

/** In a storm that passes, it ends clean but for what people guard. */
function unexpected(
  { untagAfterMs }: CleanupOrdeal,
  { guarded }: { guarded: string[] },
  told: string,
  { verdict }: CleanupResult,
): string[] {
  const allowed = guarded.length > 0 ? ['protected'] : untagAfterMs === undefined ? ['clean'] : ['clean', 'protected'];
  return allowed.includes(verdict) ? [] : [`ended ${told}, expected ${allowed.join(' or ')}`];
}
