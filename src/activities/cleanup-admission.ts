/** May a cleanup begin, and where? The checked input with every default filled in. */
import type { Cloud } from '../aws/ports';
import { Failure } from '../contracts/failures';
import type { PlanDocument } from '../contracts/inventory';
import { misplaced } from '../policy/cleanup-plan';
import type { ResultStore } from '../results/port';
import { cleanupSchema } from '../schemas/cleanup';
import { parseWith } from '../schemas/parse';
import { closest } from '../schemas/suggest';
import { beating } from './beating';
import { planKeeper } from './cleanup-plan';
import { invalidInput } from './failure';
import { assertTarget, type Target } from './target';

/** What the workflow may build on. */
export interface CleanupAdmission {
  target: Target;
  experimentId: string;
  regions: string[];
  /** Why the regions could not be listed; then `regions` is empty and nothing can be proven. */
  regionsUnreadable?: string;
  /** No regions were named. */
  everyRegion: boolean;
  /** Only a plan is wanted. */
  plan: boolean;
  /** The whole digest of the plan to carry out. */
  apply?: string;
  maxResources?: number;
  settleSeconds: number;
  limitSeconds: number;
  recheckSeconds: number;
  /** Only a later look is wanted. */
  recheck?: { afterSeconds?: number | undefined; certificate?: string | undefined };
  eventsPerRun?: number;
}

export function createCleanupAdmission({ cloud, results }: { cloud: Cloud; results: ResultStore }) {
  const plans = planKeeper(results);
  return {
    /** Parses and defaults the input of `cleanup`, and says whose account this is; `InvalidInput` has one line per mistake. */
    async admitCleanup(input: unknown): Promise<CleanupAdmission> {
      const parsed = parseWith(cleanupSchema, input);
      if (!parsed.ok) throw invalidInput(parsed.problems);
      const { target, regions, apply, ...rest } = definedOf(parsed.value);
      return beating(async () => {
        const plan = apply === undefined ? undefined : await plans.named(rest.experimentId, apply);
        if (target !== undefined) await assertTarget(cloud, target);
        const here = target ?? (await cloud.identity());
        const admission = { ...rest, target: here, everyRegion: regions === undefined };
        if (plan === undefined) return { ...admission, ...(await regionsOf(cloud, regions)) };
        await refuseMisplaced(cloud, plan, { ...here, ...(regions === undefined ? {} : { wanted: regions }) });
        return { ...admission, apply: plan.digest, regions: plan.regions };
      });
    },
  };
}

/** The wanted regions, or all that are enabled. A wanted region that the account does not have is a wrong input. */
async function regionsOf(cloud: Cloud, wanted?: string[]): Promise<{ regions: string[]; regionsUnreadable?: string }> {
  try {
    const enabled = await cloud.regions();
    const problems = (wanted ?? []).flatMap((name, index) => regionProblem(name, index, enabled));
    if (problems.length > 0) throw invalidInput(problems);
    return { regions: [...new Set(wanted ?? enabled)] };
  } catch (error) {
    if (!(error instanceof Failure) || error.type !== 'NotAuthorized') throw error;
    return wanted === undefined ? { regions: [], regionsUnreadable: error.message } : { regions: [...new Set(wanted)] };
  }
}

function regionProblem(name: string, index: number, enabled: string[]): string[] {
  if (enabled.includes(name)) return [];
  const near = closest(name, enabled);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return [`regions.${String(index)}: is no enabled region of this account: ${name}${hint}`];
}

/** Absent instead of undefined, as exact optional properties want it. */
function definedOf<T extends object>(value: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const defined = Object.entries(value).filter(([, one]) => one !== undefined);
  return Object.fromEntries(defined) as { [K in keyof T]: Exclude<T[K], undefined> };
}

async function refuseMisplaced(cloud: Cloud, plan: PlanDocument, here: Target & { wanted?: string[] }): Promise<void> {
  const problems = misplaced(plan, { ...here, enabled: await cloud.regions() });
  if (problems.length > 0) throw new Failure('PlanRefused', problems.join('\n'));
}
