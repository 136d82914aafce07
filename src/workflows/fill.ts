/** How is one component filled in one region? Tier by tier, one request for the missing count each time. */
import { condition, sleep, workflowInfo } from '@temporalio/workflow';
import type { Target } from '../activities/target';
import { poolKey, type Attempt, type LaunchedNode, type PoolOffer, type RegionSurvey } from '../contracts/capacity';
import type { Ownership } from '../contracts/names';
import { afterReply, planLaunch, spreadProblems, type RegionPass } from '../policy/chain';
import { bareTemplate } from '../policy/volumes';
import type { ComponentSpec, ExperimentSpec } from '../schemas/experiment';
import { mutations } from './activity-proxies';
import { failure } from './failure';
import { learn, memoryOf, readShared, type Knowledge } from './shared-memory';

/** What provisioning works on and tells. */
export interface Provisioning {
  target: Target;
  ownership: Ownership;
  spec: ExperimentSpec;
  /** Told after each request, with what came of it. */
  onAttempt: (attempt: Attempt, bought: LaunchedNode[]) => void;
  /** Told when something is decided that users should see. */
  onEvent: (text: string) => void;
}

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
  short?: { reason: 'Quota' | 'Capacity'; advice: string };
}

/** An instance with the offer it was bought under. */
export interface Bought extends LaunchedNode {
  region: string;
  offer: PoolOffer | undefined;
}

/** Where and as what a component is filled. */
export interface FillPass extends RegionPass {
  /** Only pools of this zone: the volumes of the slots are there. */
  zone?: string;
  /** Nodes without the volumes that follow a slot: those come along from the nodes before. */
  bare?: boolean;
}

/** What is wanted, and how far it has come. */
interface Filling {
  run: Provisioning;
  chain: Chain;
  pass: FillPass;
  name: string;
  spec: ComponentSpec;
  survey: RegionSurvey;
  count: number;
  nodes: Bought[];
  /** Keys of the pools asked in this pass. */
  asked: string[];
  attempts: Attempt[];
}

type Plan = ReturnType<typeof planLaunch>;
type Order = Extract<Plan, { kind: 'ask' }>;

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
    if (plan.kind === 'ask' && plan.probes && chain.probing) {
      await condition(() => !chain.probing);
      continue;
    }
    for (const note of plan.notes) run.onEvent(`${name}: ${note}`);
    if (plan.kind === 'exhausted') return atTheEnd(filling, plan);
    const attempt = await askInTurn(filling, plan);
    await takeIn(filling, attempt);
  }
  for (const problem of spreadProblems(name, spec, filling.nodes)) run.onEvent(problem);
  return { component: name, nodes: filling.nodes };
}

function planNext({ run, chain, pass, name, spec, survey, count, nodes, asked }: Filling): Plan {
  return planLaunch({
    component: name,
    spec: pass.zone === undefined ? spec : { ...spec, zones: [pass.zone] },
    policy: spec.market ?? run.spec.market,
    survey,
    markets: pass.markets,
    memory: memoryOf(chain.knowledge, pass.region),
    missing: count - nodes.length,
    asked,
    members: nodes,
    nowMs: Date.now(),
  });
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

async function ask(filling: Filling, plan: Order): Promise<Attempt> {
  const { run, chain, pass, name, survey } = filling;
  const { region } = pass;
  const missing = plan.count;
  const ordinal = chain.ordinals[name] ?? 0;
  chain.ordinals[name] = ordinal + 1;
  const { firstExecutionRunId } = workflowInfo();
  const startedAt = Date.now();
  const result = await mutations.launch.executeWithOptions({ summary: launchSummary(filling, plan, missing) }, [
    {
      target: run.target,
      region,
      ownership: run.ownership,
      component: name,
      launchId: `${firstExecutionRunId}/${name}/${String(ordinal)}`,
      firstRunId: firstExecutionRunId,
      templateName: chain.templates[region]?.[pass.bare === true ? bareTemplate(name) : name] ?? '',
      market: plan.market,
      allocation: plan.allocation,
      offers: plan.offers,
      images: survey.images[name] ?? {},
      count: missing,
    },
  ]);
  const seconds = (Date.now() - startedAt) / 1000;
  const kept = result.nodes.slice(0, missing);
  await endSurplus(run, region, result.nodes.slice(missing));
  filling.nodes.push(...kept.map((node) => ({ ...node, region, offer: offerOf(plan.offers, node) })));
  const pools = plan.offers.map(({ zone, instanceType }) => ({ region, zone, instanceType, market: plan.market }));
  const came = pools.filter((pool) =>
    kept.some((node) => node.zone === pool.zone && node.instanceType === pool.instanceType),
  );
  const attempt: Attempt = {
    component: name,
    region,
    tier: plan.tier,
    market: plan.market,
    pools: pools.map(poolKey),
    asked: missing,
    launched: kept.length,
    refusals: result.refusals,
    seconds,
    at: new Date(startedAt).toISOString(),
    ...(plan.notes.length + plan.why.length === 0 ? {} : { why: [...plan.notes, ...plan.why] }),
  };
  run.onAttempt(attempt, kept);
  await learn(run, chain, region, { came, refusals: result.refusals });
  return attempt;
}

function launchSummary({ name, pass }: Filling, { market, offers }: Order, missing: number): string {
  const types = [...new Set(offers.map((offer) => offer.instanceType))].join(' ');
  const zones = new Set(offers.map((offer) => offer.zone)).size;
  return `launch ${name} x${String(missing)} ${market} ${types} in ${pass.region} (${String(zones)} zones)`.slice(
    0,
    200,
  );
}

/** More came than was asked for: only a race of two replies can do that, and the newest go. */
async function endSurplus(run: Provisioning, region: string, surplus: LaunchedNode[]): Promise<void> {
  if (surplus.length === 0) return;
  const ids = surplus.map((node) => node.instanceId);
  run.onEvent(`${String(ids.length)} surplus instances ended in ${region}`);
  const summary = `end ${String(ids.length)} surplus`;
  await mutations.terminate.executeWithOptions({ summary }, [{ target: run.target, region, ids }]);
}

function offerOf(offers: readonly PoolOffer[], node: LaunchedNode): PoolOffer | undefined {
  return offers.find((offer) => offer.zone === node.zone && offer.instanceType === node.instanceType);
}
