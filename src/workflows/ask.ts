/** How is one launch request made, and what is written down of it? */
import { workflowInfo } from '@temporalio/workflow';
import { poolKey, type Attempt, type LaunchedNode, type PoolOffer, type RegionSurvey } from '../contracts/capacity';
import { planLaunch, type LaunchQuestion, type RegionPass } from '../policy/chain';
import { bareTemplate } from '../policy/volumes';
import type { ComponentSpec } from '../schemas/experiment';
import { mutations } from './activity-proxies';
import type { Chain, Looking, Provisioning } from './fill';
import { learn, memoryOf } from './shared-memory';

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

/** What a request is planned from. */
export interface Wish {
  run: Looking;
  chain: Pick<Chain, 'knowledge'>;
  pass: FillPass;
  name: string;
  spec: ComponentSpec;
  survey: RegionSurvey;
  count: number;
  nodes: Bought[];
  /** Keys of the pools asked in this pass. */
  asked: string[];
}

/** What is wanted, and how far it has come. */
export interface Filling extends Wish {
  run: Provisioning;
  chain: Chain;
  attempts: Attempt[];
}

export type Plan = ReturnType<typeof planLaunch>;
export type Order = Extract<Plan, { kind: 'ask' }>;

/** What would be asked now, or why there is nothing left to ask. */
export function planNext(wish: Wish): Plan {
  return planLaunch(questionOf(wish));
}

/** Everything that plan is made from. */
export function questionOf({ run, chain, pass, name, spec, survey, count, nodes, asked }: Wish): LaunchQuestion {
  return {
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
  };
}

/** The keys of the pools of a request. */
export function poolsOf({ pass }: Pick<Wish, 'pass'>, { offers, market }: Order): string[] {
  return offers.map(({ zone, instanceType }) => poolKey({ region: pass.region, zone, instanceType, market }));
}

/** Asks, keeps what is wanted, ends what is beyond it, and tells what was learnt. */
export async function ask(filling: Filling, plan: Order): Promise<Attempt> {
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
  await learn(run, chain, region, { came, refusals: result.refusals }, () => upcoming(filling, attempt));
  return attempt;
}

/** The pools that are asked when this attempt has come to nothing or too little; none when it was enough. */
function upcoming(filling: Filling, { pools }: Attempt): string[] {
  if (filling.nodes.length >= filling.count) return [];
  const plan = planNext({ ...filling, asked: [...filling.asked, ...pools] });
  return plan.kind === 'ask' ? poolsOf(filling, plan) : [];
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
