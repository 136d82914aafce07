/** How does an experiment get its nodes? Regions in turn, tiers in turn, one request for the missing count. */
import { CancellationScope, sleep, workflowInfo } from '@temporalio/workflow';
import type { Target } from '../activities/target';
import type { Attempt, LaunchedNode, PoolOffer, RegionSurvey } from '../contracts/capacity';
import { slotName, type Ownership } from '../contracts/names';
import type { Node } from '../contracts/messages';
import { afterReply, planLaunch, regionPasses, spreadProblems, type RegionPass } from '../policy/chain';
import { emptyMemory, recordRefusals, recordSuccess, type PoolMemory } from '../policy/pool-memory';
import type { ComponentSpec, ExperimentSpec } from '../schemas/experiment';
import { mutations, reads } from './activity-proxies';
import { failure, settleAll } from './failure';

/** What provisioning works on and tells. */
export interface Provisioning {
  target: Target;
  ownership: Ownership;
  spec: ExperimentSpec;
  /** Told after each request. */
  onAttempt: (attempt: Attempt) => void;
  /** Told when something is decided that users should see. */
  onEvent: (text: string) => void;
}

/** What later replacements need to know of what was decided. */
export interface Provisioned {
  nodes: Node[];
  memory: PoolMemory;
  surveys: Record<string, RegionSurvey>;
  templates: Record<string, Record<string, string>>;
  /** The next launch ordinal per component; ordinals are never used twice in a run. */
  ordinals: Record<string, number>;
}

interface Ground {
  survey: RegionSurvey;
  templates: Record<string, string>;
}

/** State shared by all components while they are filled. */
type Chain = Omit<Provisioned, 'nodes'>;

interface Filled {
  component: string;
  nodes: Bought[];
  /** Set when the pass could not bring enough. */
  short?: { reason: 'Quota' | 'Capacity'; advice: string };
}

interface Bought extends LaunchedNode {
  region: string;
  offer: PoolOffer | undefined;
}

/**
 * Buys every component's nodes, or throws `Capacity` or `Quota` with nothing of this call left running.
 * With `placement: together` a region that cannot hold all components is left whole.
 */
export async function provisionNodes(run: Provisioning): Promise<Provisioned> {
  const chain: Chain = { memory: emptyMemory(), surveys: {}, templates: {}, ordinals: {} };
  const names = Object.keys(run.spec.components);
  const groups = run.spec.placement === 'together' ? [names] : names.map((name) => [name]);
  const filled = await settleAll(groups.map((group) => placeGroup(run, chain, group)));
  return { ...chain, nodes: filled.flat().flatMap((entry) => slots(entry)) };
}

/** Buys replacements for one component in its region; whatever comes is returned, possibly less than `count`. */
export async function replaceNodes(
  run: Provisioning,
  before: Provisioned,
  wanted: { component: string; region: string; count: number },
): Promise<Bought[]> {
  const pass: RegionPass = { region: wanted.region, markets: marketsOf(run.spec, wanted.component) };
  const filled = await fill(run, before, pass, wanted.component, wanted.count);
  return filled.nodes;
}

/** The passes must reach whatever any of the components may buy; the others keep to their own markets in them. */
function widestPolicy(spec: ExperimentSpec, group: string[]): ExperimentSpec['market'] {
  const policies = group.map((name) => spec.components[name]?.market ?? spec.market);
  const [first] = policies;
  return first !== undefined && policies.every((policy) => policy === first) ? first : 'spot-then-on-demand';
}

function marketsOf(spec: ExperimentSpec, component: string): RegionPass['markets'] {
  const market = spec.components[component]?.market ?? spec.market;
  return market === 'spot-then-on-demand' ? ['spot', 'on-demand'] : [market];
}

async function placeGroup(run: Provisioning, chain: Chain, group: string[]): Promise<Filled[]> {
  const passes = regionPasses(run.spec.regions, widestPolicy(run.spec, group));
  let last: Filled['short'];
  const unusable: string[] = [];
  for (const pass of passes) {
    const ground = await prepare(run, chain, pass.region);
    if ('problems' in ground) {
      unusable.push(...ground.problems.filter((problem) => !unusable.includes(problem)));
      continue;
    }
    const filled = await settleAll(
      group.map((name) => fill(run, chain, pass, name, run.spec.components[name]?.count ?? 0)),
    );
    const short = filled.find((entry) => entry.short !== undefined)?.short;
    if (short === undefined) return filled;
    last = short;
    await leave(run, pass.region, filled);
  }
  if (last === undefined) throw failure('InvalidRequest', unusable.join('\n'));
  throw failure(last.reason, [last.advice, ...unusable].join('\n'));
}

/** Surveys and prepares a region once; answers with what stands against it when something does. */
async function prepare(run: Provisioning, chain: Chain, region: string): Promise<Ground | { problems: string[] }> {
  const { target, spec, ownership } = run;
  const known = chain.surveys[region];
  const survey =
    known ?? (await reads.surveyRegion.executeWithOptions({ summary: `survey ${region}` }, [{ target, region, spec }]));
  chain.surveys[region] = survey;
  if (survey.problems.length > 0) {
    if (known === undefined) for (const problem of survey.problems) run.onEvent(problem);
    return { problems: survey.problems };
  }
  const ready = chain.templates[region];
  const templates =
    ready ??
    (await mutations.prepareRegion.executeWithOptions({ summary: `prepare ${region}: security group, templates` }, [
      { target, region, spec, ownership, survey },
    ]));
  chain.templates[region] = templates;
  return { survey, templates };
}

/** Asks tier by tier until the count is there or the pass has nothing left to ask. */
async function fill(run: Provisioning, chain: Chain, pass: RegionPass, name: string, count: number): Promise<Filled> {
  const spec = run.spec.components[name];
  const survey = chain.surveys[pass.region];
  if (spec === undefined || survey === undefined) throw failure('Internal', `${name} is filled before it is surveyed`);
  const nodes: Bought[] = [];
  const asked: string[] = [];
  const attempts: Attempt[] = [];
  for (;;) {
    const missing = count - nodes.length;
    if (missing <= 0) {
      for (const problem of spreadProblems(name, spec, nodes)) run.onEvent(problem);
      return { component: name, nodes };
    }
    const plan = planLaunch({
      component: name,
      spec,
      policy: spec.market ?? run.spec.market,
      survey,
      markets: pass.markets,
      memory: chain.memory,
      missing,
      asked,
      members: nodes,
      nowMs: Date.now(),
    });
    for (const note of plan.notes) run.onEvent(`${name}: ${note}`);
    if (plan.kind === 'exhausted') {
      const enough = nodes.length >= (spec.minReady ?? count);
      if (enough) run.onEvent(`${name}: ${String(nodes.length)} of ${String(count)} came, enough by minReady`);
      return enough ? { component: name, nodes } : { component: name, nodes, short: plan };
    }
    const result = await ask(run, chain, { name, spec, survey, plan, missing, region: pass.region });
    nodes.push(...result.nodes.map((node) => ({ ...node, region: pass.region, offer: offerOf(plan.offers, node) })));
    const next = afterReply({
      refusals: result.attempt.refusals,
      launched: result.nodes.length,
      missing,
      earlier: attempts,
      mayBuyOnDemand: (spec.market ?? run.spec.market) !== 'spot',
    });
    attempts.push(result.attempt);
    if (next.kind === 'stop') throw failure(next.failure, next.message);
    for (const note of next.notes) run.onEvent(`${name}: ${note}`);
    if (next.kind === 'again' && next.repeatAfterMs !== undefined) {
      await sleep(next.repeatAfterMs, { summary: `${name}: no pool was judged, asking the same again` });
    } else {
      asked.push(...result.attempt.pools);
    }
  }
}

interface Ask {
  name: string;
  spec: ComponentSpec;
  survey: RegionSurvey;
  plan: Extract<ReturnType<typeof planLaunch>, { kind: 'ask' }>;
  missing: number;
  region: string;
}

async function ask(run: Provisioning, chain: Chain, order: Ask): Promise<{ attempt: Attempt; nodes: LaunchedNode[] }> {
  const { name, plan, region } = order;
  const ordinal = chain.ordinals[name] ?? 0;
  chain.ordinals[name] = ordinal + 1;
  const { firstExecutionRunId } = workflowInfo();
  const startedAt = Date.now();
  const result = await mutations.launch.executeWithOptions({ summary: launchSummary(order) }, [
    {
      target: run.target,
      region,
      ownership: run.ownership,
      component: name,
      launchId: `${firstExecutionRunId}/${name}/${String(ordinal)}`,
      firstRunId: firstExecutionRunId,
      templateName: chain.templates[region]?.[name] ?? '',
      market: plan.market,
      allocation: plan.allocation,
      offers: plan.offers,
      images: order.survey.images[name] ?? {},
      count: order.missing,
    },
  ]);
  const surplus = result.nodes.slice(order.missing);
  if (surplus.length > 0) await endSurplus(run, region, surplus);
  const kept = result.nodes.slice(0, order.missing);
  const pools = plan.offers.map((offer) => ({
    region,
    zone: offer.zone,
    instanceType: offer.instanceType,
    market: plan.market,
  }));
  const families = new Map(plan.offers.map((offer) => [offer.instanceType, offer.quotaFamily]));
  const filled = pools.filter((pool) =>
    kept.some((node) => node.zone === pool.zone && node.instanceType === pool.instanceType),
  );
  // Success first: a pool that gave its last node and then refused is blocked, not cleared.
  const cleared = recordSuccess(chain.memory, filled, Date.now());
  chain.memory = recordRefusals(cleared, result.refusals, (type) => families.get(type) ?? type, Date.now());
  const attempt: Attempt = {
    component: name,
    region,
    tier: plan.tier,
    market: plan.market,
    pools: pools.map((pool) => `${pool.zone}/${pool.instanceType}/${pool.market}`),
    asked: order.missing,
    launched: kept.length,
    refusals: result.refusals,
    seconds: (Date.now() - startedAt) / 1000,
    at: new Date(startedAt).toISOString(),
  };
  run.onAttempt(attempt);
  return { attempt, nodes: kept };
}

function launchSummary({ name, plan, missing, region }: Ask): string {
  const types = [...new Set(plan.offers.map((offer) => offer.instanceType))].join(' ');
  const zones = [...new Set(plan.offers.map((offer) => offer.zone))].length;
  return `launch ${name} x${String(missing)} ${plan.market} ${types} in ${region} (${String(zones)} zones)`.slice(
    0,
    200,
  );
}

/** More came than was asked for: only a race of two replies can do that, and the newest go. */
async function endSurplus(run: Provisioning, region: string, surplus: LaunchedNode[]): Promise<void> {
  const ids = surplus.map((node) => node.instanceId);
  run.onEvent(`${String(ids.length)} surplus instances ended in ${region}`);
  await mutations.terminate.executeWithOptions({ summary: `end ${String(ids.length)} surplus` }, [
    { target: run.target, region, ids },
  ]);
}

/** Ends what was bought in a region that is left; also when the experiment is cancelled meanwhile. */
async function leave(run: Provisioning, region: string, filled: Filled[]): Promise<void> {
  const ids = filled.flatMap((entry) => entry.nodes.map((node) => node.instanceId));
  if (ids.length === 0) return;
  run.onEvent(`left ${region}: not all components fit; ended ${String(ids.length)} nodes bought there`);
  await CancellationScope.nonCancellable(() =>
    mutations.terminate.executeWithOptions({ summary: `leave ${region}: end ${String(ids.length)}` }, [
      { target: run.target, region, ids },
    ]),
  );
}

function offerOf(offers: readonly PoolOffer[], node: LaunchedNode): PoolOffer | undefined {
  return offers.find((offer) => offer.zone === node.zone && offer.instanceType === node.instanceType);
}

/** Binds instances to slots by sorted id: one launch tags all its instances alike, so only order can tell them apart. */
function slots({ component, nodes }: Filled): Node[] {
  return [...nodes]
    .sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1))
    .map((node, ordinal) => nodeOf(component, slotName(component, ordinal), 1, node));
}

/** The member that an instance becomes. */
export function nodeOf(component: string, slot: string, generation: number, bought: Bought): Node {
  const { offer, region, instanceId, instanceType, zone, market } = bought;
  const usd = market === 'spot' ? offer?.spotUsd : offer?.onDemandUsd;
  return {
    slot,
    component,
    generation,
    instanceId,
    instanceType,
    region,
    zone,
    market,
    ...(usd === undefined ? {} : { usdPerHour: usd }),
    ...(offer?.onDemandUsd === undefined ? {} : { onDemandUsdPerHour: offer.onDemandUsd }),
  };
}
