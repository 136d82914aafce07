/** How is one component filled in one region? Tier by tier, one request for the missing count each time. */
import { condition, sleep } from '@temporalio/workflow';
import type { Target } from '../activities/target';
import type { Attempt, LaunchedNode, RegionSurvey } from '../contracts/capacity';
import type { Ownership } from '../contracts/names';
import { afterReply, spreadProblems } from '../policy/chain';
import { isBeingAsked, type OpenRequests } from '../policy/open-requests';
import type { ExperimentSpec } from '../schemas/experiment';
import { ask, planNext, poolsOf, type Bought, type Filling, type FillPass, type Order, type Plan } from './ask';
import { failure } from './failure';
import type { Short } from './passes';
import { readShared, type Knowledge } from './shared-memory';

/** What is enough to look around without making anything. */
export interface Looking {
  target: Target;
  spec: ExperimentSpec;
  /** Told when something is decided that users should see. */
  onEvent: (text: string) => void;
}

/** What provisioning works on and tells. */
export interface Provisioning extends Looking {
  ownership: Ownership;
  /** Told after each request, with what came of it. */
  onAttempt: (attempt: Attempt, bought: LaunchedNode[]) => void;
}

/** Before the shared memory is read again for an answer that others wait for: CreateFleet takes seconds. */
const OTHERS_MS = 1000;

/** State shared by all components while they are filled, and by later replacements. */
export interface Chain {
  knowledge: Knowledge;
  /** True while a pool that refused lately is asked: no other component asks such a one meanwhile. */
  probing: boolean;
  /** What stands against each region that is, or is being, surveyed and prepared. */
  grounds: Record<string, Promise<string[]>>;
  surveys: Record<string, RegionSurvey>;
  /** Launch template by region and component, and by its `bareTemplate` where volumes follow the slot. */
  templates: Record<string, Record<string, string>>;
  /** The next launch ordinal per component; ordinals are never used twice in a run. */
  ordinals: Record<string, number>;
}

/** What a pass brought for a component. */
export interface Filled {
  component: string;
  nodes: Bought[];
  /** Set when the pass could not bring enough. */
  short?: Short;
}

/** Asks until the count is there or the pass has nothing left to ask; a refusal no pool can change is thrown. */
export async function fill(
  run: Provisioning,
  chain: Chain,
  pass: FillPass,
  name: string,
  count: number,
): Promise<Filled> {
  const spec = run.spec.components[name];
  const survey = chain.surveys[pass.region];
  if (spec === undefined || survey === undefined) throw failure('Internal', `${name} is filled before it is surveyed`);
  const filling: Filling = { run, chain, pass, name, spec, survey, count, nodes: [], asked: [], attempts: [] };
  while (filling.nodes.length < count) {
    await readShared(run, chain, pass.region);
    const plan = planNext(filling);
    if (plan.kind === 'ask' && (await letOthers(filling, plan))) continue;
    for (const note of plan.notes) run.onEvent(`${name}: ${note}`);
    if (plan.kind === 'exhausted') return atTheEnd(filling, plan);
    const attempt = await askInTurn(filling, plan);
    await takeIn(filling, attempt);
  }
  for (const problem of spreadProblems(name, spec, filling.nodes)) run.onEvent(problem);
  return { component: name, nodes: filling.nodes };
}

/** Whether others had to be waited for; what they learnt may change the plan. */
async function letOthers(filling: Filling, plan: Order): Promise<boolean> {
  const { chain, name } = filling;
  if (plan.probes && chain.probing) {
    await condition(() => !chain.probing);
    return true;
  }
  if (!isNewcomer(filling) || !isBeingAsked(openIn(filling), poolsOf(filling, plan), Date.now())) return false;
  await sleep(OTHERS_MS, { summary: `${name}: others ask the same pools, and their answer is on its way` });
  return true;
}

/** Who has asked for something waits for nobody: so no two wait for each other. */
function isNewcomer({ chain, name }: Filling): boolean {
  return chain.ordinals[name] === undefined;
}

function openIn({ chain, pass }: Filling): OpenRequests {
  return chain.knowledge.open[pass.region] ?? {};
}

function atTheEnd({ run, name, spec, count, nodes }: Filling, plan: Extract<Plan, { kind: 'exhausted' }>): Filled {
  // Standbys are wished for, not needed.
  const needed = Math.min(count, spec.minReady ?? spec.count);
  if (nodes.length < needed) return { component: name, nodes, short: plan };
  run.onEvent(
    `${name}: ${String(nodes.length)} of ${String(count)} came, ${spec.minReady === undefined ? 'the rest are standbys' : 'enough by minReady'}`,
  );
  return { component: name, nodes };
}

async function takeIn(filling: Filling, attempt: Attempt): Promise<void> {
  const { run, name, spec, attempts } = filling;
  const next = afterReply({
    refusals: attempt.refusals,
    launched: attempt.launched,
    missing: attempt.asked,
    earlier: attempts,
    mayBuyOnDemand: (spec.market ?? run.spec.market) !== 'spot',
  });
  attempts.push(attempt);
  if (next.kind === 'stop') throw failure(next.failure, next.message);
  for (const note of next.notes) run.onEvent(`${name}: ${note}`);
  if (next.kind === 'again' && next.repeatAfterMs !== undefined) {
    await sleep(next.repeatAfterMs, { summary: `${name}: no pool was judged, asking the same again` });
  } else if (next.kind === 'again') {
    filling.asked.push(...attempt.pools);
  }
}

async function askInTurn(filling: Filling, plan: Order): Promise<Attempt> {
  const { chain } = filling;
  if (!plan.probes) return ask(filling, plan);
  chain.probing = true;
  try {
    return await ask(filling, plan);
  } finally {
    chain.probing = false;
  }
}
