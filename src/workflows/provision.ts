/** How does an experiment get its nodes? Regions in turn, tiers in turn, one request for the missing count. */
import { CancellationScope } from '@temporalio/workflow';
import type { Refusal } from '../contracts/capacity';
import type { Node } from '../contracts/messages';
import { slotName, standbyName } from '../contracts/names';
import type { RegionPass } from '../policy/chain';
import { classify } from '../policy/refusals';
import { hasVolumes, launchGroups, type LaunchGroup } from '../policy/volumes';
import type { ExperimentSpec } from '../schemas/experiment';
import { mutations, reads } from './activity-proxies';
import { failure, settleAll } from './failure';
import type { Bought } from './ask';
import { fill, type Chain, type Filled, type Provisioning } from './fill';
import { prepare } from './ground';
import { fillAll, wantedOf } from './passes';
import { inOwnScope } from './scope';
import { learn, newKnowledge } from './shared-memory';
import { bringVolumes, type Succession } from './volumes';

/** The nodes, and what later replacements need to know of how they were found. */
export interface Provisioned {
  chain: Chain;
  nodes: Node[];
  /** Standbys: bought with the others, members of nothing. */
  spares: Node[];
}

/**
 * Buys every component's nodes, or throws `Capacity` or `Quota` with nothing of this call left running.
 * With `placement: together` a region that cannot hold all components is left whole. A region that was being made
 * ready ahead and is not needed is given up.
 */
export async function provisionNodes(run: Provisioning): Promise<Provisioned> {
  const chain = newChain();
  try {
    return await inOwnScope(() => place(run, chain));
  } finally {
    await Promise.allSettled(Object.values(chain.grounds)); // nothing is made any more when teardown begins
  }
}

async function place(run: Provisioning, chain: Chain): Promise<Provisioned> {
  const filled = await fillAll<Filled>(run.spec, {
    enter: (region) => prepare(run, chain, region),
    fill: (name, pass, next) => fill(readyingNext(run, chain, next), chain, pass, name, wantedOf(run.spec, name)),
    leave: (region, left) => leave(run, region, left),
  });
  const slotted = filled.map((entry) => slots(entry, run.spec.components[entry.component]?.count ?? 0));
  return {
    chain,
    nodes: slotted.flatMap(({ members }) => members),
    spares: slotted.flatMap(({ standbys }) => standbys),
  };
}

function newChain(): Chain {
  return { knowledge: newKnowledge(), probing: false, grounds: {}, surveys: {}, templates: {}, ordinals: {} };
}

/** The same for nodes that another run bought; throws `InvalidRequest` when a region has become unusable. */
export async function adoptNodes(run: Provisioning, nodes: Node[]): Promise<Provisioned> {
  const chain = newChain();
  for (const region of new Set(nodes.map((node) => node.region))) {
    const problems = await prepare(run, chain, region);
    if (problems.length > 0) throw failure('InvalidRequest', problems.join('\n'));
  }
  return { chain, nodes, spares: [] };
}

/**
 * New generations for lost nodes, one request per component, region and zone that volumes pin, with the volumes of
 * their slots; slots that nothing came for stay empty. What ended an instance counts against its pool first, so that
 * no replacement is asked for where it was just lost. Machines that hold volumes are drained and ended on the way.
 */
export async function replaceNodes(
  run: Provisioning,
  { chain }: Provisioned,
  lost: Lost[],
  markets?: RegionPass['markets'],
): Promise<Node[]> {
  await blockLostPools(run, chain, lost);
  const mayMove = lost.every(({ planned = false }) => !planned);
  const filled = await settleAll(
    launchGroups(lost.map(({ node }) => node)).map((group) =>
      fillGroup(run, chain, { ...group, mayMove }, markets ?? marketsOf(run.spec, group.component)),
    ),
  );
  const successions = filled.flat();
  const giving = lost.filter(({ node }) => hasVolumes(node) && successions.some(({ old }) => old === node));
  await settleAll(giving.map(({ drain }) => drain?.() ?? Promise.resolve()));
  return bringVolumes(run, successions);
}

/** Buys where the volumes are; what has no room there is bought elsewhere in the region if it may move. */
async function fillGroup(
  run: Provisioning,
  chain: Chain,
  { component, region, zone, slots, mayMove }: LaunchGroup & { mayMove: boolean },
  markets: RegionPass['markets'],
): Promise<Succession[]> {
  const pass = { region, markets };
  const pinned = zone === undefined ? pass : { ...pass, zone, bare: true };
  const { nodes } = await fill(run, chain, pinned, component, slots.length);
  const bought = [...nodes];
  const missing = slots.length - bought.length;
  if (zone !== undefined && missing > 0 && mayMove) {
    run.onEvent(`${component}: ${zone} has no room for ${String(missing)} nodes whose volumes are there`);
    bought.push(...(await fill(run, chain, { ...pass, bare: true }, component, missing)).nodes);
  }
  return slots.flatMap((old, index) => {
    const came = bought[index];
    return came === undefined ? [] : [{ old, node: nodeOf(component, old.slot, old.generation + 1, came) }];
  });
}

/** A node that has to be replaced. */
export interface Lost {
  node: Node;
  /** Whether EC2 ended it, or is about to; a live one that failed its checks says nothing about its pool. */
  ended: boolean;
  /** AWS's code for the end; the spot request is asked when there is none. */
  code?: string;
  /** Done before a machine that holds volumes is ended; one without any drains at its own pace. */
  drain?: () => Promise<unknown>;
  /** By our own choice: nothing comes where the zone of its volumes has no room, and it stays. */
  planned?: boolean;
}

/** Two of the five channels in which EC2 refuses: the instance's StateReason after pending, and its spot request. */
async function blockLostPools(run: Provisioning, chain: Chain, lost: Lost[]): Promise<void> {
  const ended = lost.filter((entry) => entry.ended);
  for (const region of new Set(ended.map(({ node }) => node.region))) {
    const here = ended.filter(({ node }) => node.region === region);
    const ids = here
      .filter(({ node, code }) => node.market === 'spot' && code === undefined)
      .map(({ node }) => node.instanceId);
    const summary = `why did ${String(here.length)} nodes end`;
    const statuses =
      ids.length === 0
        ? {}
        : await reads.spotStatuses.executeWithOptions({ summary }, [{ target: run.target, region, ids }]);
    const refusals = here.flatMap(({ node, code }) => lossOf(node, code ?? statuses[node.instanceId]));
    const stop = refusals.find((refusal) => refusal.class === 'auth' || refusal.class === 'config');
    if (stop !== undefined) throw failure(stop.class === 'auth' ? 'NotAuthorized' : 'InvalidRequest', stop.message);
    for (const refusal of refusals) run.onEvent(refusal.message);
    await learn(run, chain, region, { came: [], refusals });
  }
}

function lossOf({ slot, instanceId, region, zone, instanceType, market }: Node, code: string | undefined): Refusal[] {
  if (code === undefined) return [];
  const message = `${slot} (${instanceId}) ended: ${code}`;
  return [{ pool: { region, zone, instanceType, market }, code, message, ...classify(code) }];
}

/** The markets a component may be bought in, in the order of the chain. */
export function marketsOf(spec: ExperimentSpec, component: string): RegionPass['markets'] {
  const market = spec.components[component]?.market ?? spec.market;
  return market === 'spot-then-on-demand' ? ['spot', 'on-demand'] : [market];
}

/** Makes the region of the next pass ready as soon as one request came short: a move then waits for nothing. */
function readyingNext(run: Provisioning, chain: Chain, next: RegionPass | undefined): Provisioning {
  if (next === undefined) return run;
  const onAttempt: Provisioning['onAttempt'] = (attempt, bought) => {
    run.onAttempt(attempt, bought);
    if (attempt.launched < attempt.asked) prepare(run, chain, next.region).catch(() => undefined); // told when it is awaited
  };
  return { ...run, onAttempt };
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

/**
 * Binds instances to slots by sorted id: one launch tags all its instances alike, so only order can tell them apart.
 * Members come first; what is left over are standbys.
 */
function slots({ component, nodes }: Filled, count: number): { members: Node[]; standbys: Node[] } {
  const sorted = [...nodes].sort((a, b) => (a.instanceId < b.instanceId ? -1 : 1));
  const named = sorted.map((node, index) => {
    const slot = index < count ? slotName(component, index) : standbyName(component, index - count);
    return nodeOf(component, slot, 1, node);
  });
  return { members: named.slice(0, count), standbys: named.slice(count) };
}

/** The member that an instance becomes. */
function nodeOf(component: string, slot: string, generation: number, bought: Bought): Node {
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
