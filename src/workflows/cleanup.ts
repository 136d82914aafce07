/** How does an experiment leave AWS? By its tags alone, looked for and deleted until two looks in a row find nothing. */
import {
  CancellationScope,
  continueAsNew,
  defineQuery,
  setCurrentDetails,
  setHandler,
  sleep,
} from '@temporalio/workflow';
import type { CleanupAdmission } from '../activities/cleanup-admission';
import { QUERY, type CleanupPlan, type CleanupResult, type CleanupStatus } from '../contracts/messages';
import { unlisted, unreadable, type Cells } from '../policy/certificate';
import { cleanupDetails, cleanupStatus, planDetails, type CleanupView } from '../policy/cleanup-details';
import { alive, doomed } from '../policy/deletion';
import { looks, reads } from './activity-proxies';
import { conclude, viewOf } from './cleanup-end';
import { recheck } from './cleanup-recheck';
import { clearRegion, entriesFrom, isLong, look, seenParts, type SeenPart, type Sweep } from './cleanup-sweep';
import { admitted, failure, settleAll, wasCancelled } from './failure';

/** Before a region that was throttled or broken is read again: EC2's read bucket refills in five seconds. */
const UNREAD_PAUSE_MS = 5000;
/** A plan of 10,000 resources in 17 regions is some hundred reads; each region is tried again where that may help. */
const PLANNING = { startToCloseTimeout: '10m' } as const;

const cleanupStatusQuery = defineQuery<CleanupStatus>(QUERY.status);

/** What one run of a long cleanup leaves to the next, beside the ids. */
interface Carry {
  plan: CleanupAdmission;
  cells: Cells;
  /** Epoch milliseconds. */
  startedAt: number;
  cleared: boolean;
}

/**
 * Deletes everything that carries an experiment's two ownership tags, and certifies that nothing is left.
 *
 * Completes only with the verdict `clean`, and with a plan; otherwise fails with `CleanupIncomplete`, what is left
 * in message and details, or with `PlanRefused` before anything was deleted. Needs the experiment's id and nothing that
 * any workflow remembers. Never deletes what lacks a tag. When cancelled it stops where it is and says what it saw.
 * A run that gets long goes on in a new one, with every id ever seen.
 */
export async function cleanup(
  input: unknown,
  carry?: Carry | null,
  ...seen: SeenPart[]
): Promise<CleanupResult | CleanupPlan> {
  let view: CleanupView = { experimentId: '', regions: [], doing: 'checking', entries: {}, cells: {}, left: [] };
  setHandler(cleanupStatusQuery, () => cleanupStatus(view), {
    description: 'What lives, what is ending, what is gone',
  });
  const show = (now: CleanupView): void => {
    view = now;
    setCurrentDetails(cleanupDetails(now));
  };
  const summary = 'check the input, list the regions';
  const plan = carry?.plan ?? (await admitted(() => reads.admitCleanup.executeWithOptions({ summary }, [input])));
  if (plan.plan) return makePlan(plan);
  const sweep = begin(plan, show, seen, carry ?? undefined);
  if (plan.recheck !== undefined) return recheck(sweep, plan.recheck);
  const end = await sweepAll(sweep).catch((error: unknown) => {
    if (!wasCancelled(error)) throw error;
    return 'stopped' as const;
  });
  if (end === 'long') {
    const { cells, startedAt, cleared } = sweep;
    return continueAsNew<typeof cleanup>(input, { plan, cells, startedAt, cleared }, ...seenParts(sweep.entries));
  }
  return CancellationScope.nonCancellable(() => conclude(sweep, end === 'stopped'));
}

/** What a cleanup would delete, kept under its digest; nothing is changed. */
async function makePlan(admission: CleanupAdmission): Promise<CleanupPlan> {
  const { target, experimentId, regions, everyRegion, regionsUnreadable } = admission;
  const unlisted = regionsUnreadable === undefined ? {} : { regionsUnreadable };
  const input = { target, experimentId, regions, everyRegion, ...unlisted };
  const summary = `look at ${String(regions.length)} regions and keep the plan`;
  const plan = await looks.planCleanup.executeWithOptions({ summary, ...PLANNING }, [input]);
  setCurrentDetails(planDetails(plan));
  return plan;
}

function begin(
  plan: CleanupAdmission,
  show: (view: CleanupView) => void,
  seen: readonly SeenPart[],
  carry: Carry | undefined,
): Sweep {
  const startedAt = carry?.startedAt ?? Date.now();
  const at = new Date(startedAt).toISOString();
  const sweep: Sweep = {
    plan,
    entries: entriesFrom(seen, at),
    cells: carry?.cells ?? (plan.regionsUnreadable === undefined ? {} : unlisted(plan.regionsUnreadable, at)),
    confirmed: false,
    quiet: {},
    changes: {},
    cleared: carry?.cleared ?? false,
    doing: 'looking',
    startedAt,
    deadline: startedAt + plan.limitSeconds * 1000,
    publish: (end) => {
      show(viewOf(sweep, end));
    },
  };
  return sweep;
}

/** Looks, deletes what it found, and looks again, until two looks far enough apart found nothing or nothing moves. */
async function sweepAll(sweep: Sweep): Promise<'over' | 'long'> {
  for (;;) {
    if (isLong(sweep)) return 'long';
    tell(sweep, 'looking');
    await lookAt(
      sweep,
      sweep.plan.regions.filter((region) => sweep.quiet[region] === undefined),
    );
    if (alive(sweep.entries).length === 0) await settleAndConfirm(sweep);
    if (alive(sweep.entries).length === 0) {
      if (!mayYetBeRead(sweep)) return 'over';
      await pauseUnread(sweep);
      continue;
    }
    sweep.confirmed = false;
    holdAgainstPlan(sweep);
    if (Date.now() >= sweep.deadline || (!(await clearAll(sweep)) && !isLong(sweep))) return 'over';
  }
}

/** A region is quiet from the end of a look that found nothing in it. */
async function lookAt(sweep: Sweep, regions: readonly string[], confirming = false): Promise<void> {
  await settleAll(
    regions.map(async (region) => {
      await look(sweep, region, confirming);
      const lives = alive(sweep.entries).some((one) => one.region === region);
      if (lives) Reflect.deleteProperty(sweep.quiet, region);
      else sweep.quiet[region] ??= Date.now();
    }),
  );
}

/** The second look, at everything, when the indexes had time to catch up with the last of the first. */
async function settleAndConfirm(sweep: Sweep): Promise<void> {
  const first = Math.max(sweep.startedAt, ...Object.values(sweep.quiet));
  tell(sweep, 'settling');
  const leftMs = first + sweep.plan.settleSeconds * 1000 - Date.now();
  await sleep(Math.max(1, leftMs), { summary: 'nothing found; look again after the indexes had time to catch up' });
  const second = Date.now();
  await lookAt(sweep, sweep.plan.regions, true);
  sweep.confirmed = true;
  sweep.passes = { first: new Date(first).toISOString(), second: new Date(second).toISOString() };
}

/** Something was throttled or broken and not refused: a verdict before the limit would be given too early. */
function mayYetBeRead(sweep: Sweep): boolean {
  return Date.now() < sweep.deadline && unreadable(sweep.cells).some((cell) => cell.transient === true);
}

async function pauseUnread(sweep: Sweep): Promise<void> {
  for (const { region } of unreadable(sweep.cells)) Reflect.deleteProperty(sweep.quiet, region);
  await sleep(UNREAD_PAUSE_MS, { summary: 'something could not be read; look again' });
}

/** Before the first deletion: what a plan says must be so, and no more may go than was allowed. */
function holdAgainstPlan(sweep: Sweep): void {
  if (sweep.cleared) return;
  sweep.cleared = true;
  const { apply, maxResources } = sweep.plan;
  const changes = Object.values(sweep.changes).flat();
  if (apply !== undefined && changes.length > 0) {
    throw failure('PlanRefused', [`changed since plan ${apply.slice(0, 12)}:`, ...changes.slice(0, 100)].join('\n'));
  }
  const count = doomed(sweep.entries).length;
  if (count <= (maxResources ?? Infinity)) return;
  throw failure(
    'PlanRefused',
    `${String(count)} resources would be deleted, at most ${String(maxResources)} are allowed`,
  );
}

/** Clears all regions beside each other; false when nothing moved anywhere. */
async function clearAll(sweep: Sweep): Promise<boolean> {
  tell(sweep, 'deleting');
  const moved = await settleAll(sweep.plan.regions.map((region) => clearRegion(sweep, region)));
  return moved.includes(true);
}

function tell(sweep: Sweep, doing: CleanupStatus['doing']): void {
  sweep.doing = doing;
  sweep.publish();
}
